"""Users whom a company's identity provider lets in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """To this revision. No batch: sessions refer to the table, which SQLite would drop and copy."""
    op.add_column("users", sa.Column("subject_hash", sa.LargeBinary(length=32), nullable=True))
    op.create_index(
        "ix_users_tenant_id_subject_hash", "users", ["tenant_id", "subject_hash"], unique=True
    )


def downgrade() -> None:
    """Back to the one before."""
    op.drop_index("ix_users_tenant_id_subject_hash", table_name="users")
    op.drop_column("users", "subject_hash")
