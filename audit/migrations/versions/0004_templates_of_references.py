"""Templates of biometric references, sealed; they go with their reference."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from audit.migrations.security import secure
from audit.tables.base import Document, Moment

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "biometric_templates",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("candidate_id", sa.String(length=40), nullable=False),
        sa.Column("reference_id", sa.String(length=40), nullable=False),
        sa.Column("modality", sa.String(length=16), nullable=False),
        sa.Column("space", sa.String(length=160), nullable=False),
        sa.Column("segment", sa.Integer(), nullable=False),
        sa.Column("start_s", sa.Double(), nullable=False),
        sa.Column("end_s", sa.Double(), nullable=False),
        sa.Column("amount", sa.Double(), nullable=False),
        sa.Column("quality", sa.Double(), nullable=False),
        sa.Column("conditions", Document, nullable=False),
        sa.Column("recorded_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "candidate_id"],
            ["candidates.tenant_id", "candidates.id"],
            name=op.f("fk_biometric_templates_tenant_id_candidate_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "reference_id"],
            ["biometric_references.tenant_id", "biometric_references.id"],
            name=op.f("fk_biometric_templates_tenant_id_reference_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_biometric_templates_tenant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_biometric_templates")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_biometric_templates_tenant_id_id")),
        sa.UniqueConstraint(
            "tenant_id",
            "reference_id",
            "space",
            "segment",
            name=op.f("uq_biometric_templates_tenant_id_reference_id_space_segment"),
        ),
    )
    with op.batch_alter_table("biometric_templates") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_biometric_templates_expires_at"), ["expires_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_biometric_templates_tenant_id_candidate_id"),
            ["tenant_id", "candidate_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_biometric_templates_tenant_id_space"),
            ["tenant_id", "space"],
            unique=False,
        )

    secure(("biometric_templates",))


def downgrade() -> None:
    """Back to the one before."""
    with op.batch_alter_table("biometric_templates") as batch_op:
        batch_op.drop_index(batch_op.f("ix_biometric_templates_tenant_id_space"))
        batch_op.drop_index(batch_op.f("ix_biometric_templates_tenant_id_candidate_id"))
        batch_op.drop_index(batch_op.f("ix_biometric_templates_expires_at"))

    op.drop_table("biometric_templates")
