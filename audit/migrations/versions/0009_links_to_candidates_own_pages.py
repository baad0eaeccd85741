"""Links to candidates' own pages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from audit.migrations.security import secure
from audit.tables.base import Moment

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "candidate_links",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("candidate_id", sa.String(length=40), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("created_by", sa.String(length=128), nullable=False),
        sa.Column("revoked_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "candidate_id"],
            ["candidates.tenant_id", "candidates.id"],
            name=op.f("fk_candidate_links_tenant_id_candidate_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_candidate_links_tenant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_candidate_links")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_candidate_links_tenant_id_id")),
    )
    with op.batch_alter_table("candidate_links") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_candidate_links_expires_at"), ["expires_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_candidate_links_tenant_id_candidate_id"),
            ["tenant_id", "candidate_id"],
            unique=False,
        )

    secure(("candidate_links",))


def downgrade() -> None:
    """Back to the one before."""
    with op.batch_alter_table("candidate_links") as batch_op:
        batch_op.drop_index(batch_op.f("ix_candidate_links_tenant_id_candidate_id"))
        batch_op.drop_index(batch_op.f("ix_candidate_links_expires_at"))

    op.drop_table("candidate_links")
