"""Pairs of candidates who are alike, and galleries that several organisations search."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from audit.migrations.security import secure
from audit.tables.base import Document, Moment

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "gallery_memberships",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("keeper", sa.String(length=40), nullable=False),
        sa.Column("consent_texts", Document, nullable=False),
        sa.Column("gallery_id", sa.String(length=40), nullable=False),
        sa.Column("legal_basis", sa.String(length=1000), nullable=False),
        sa.Column("document", sa.String(length=128), nullable=False),
        sa.Column("recorded_by", sa.String(length=128), nullable=False),
        sa.Column("from_at", Moment(), nullable=False),
        sa.Column("until_at", Moment(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_gallery_memberships_tenant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gallery_memberships")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_gallery_memberships_tenant_id_id")),
    )
    op.create_table(
        "shared_galleries",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("purpose", sa.String(length=1000), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_shared_galleries_tenant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shared_galleries")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_shared_galleries_tenant_id_id")),
    )
    op.create_table(
        "alike_pairs",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("candidate_id", sa.String(length=40), nullable=False),
        sa.Column("other_id", sa.String(length=40), nullable=True),
        sa.Column("gallery_id", sa.String(length=40), nullable=True),
        sa.Column("subject_id", sa.String(length=40), nullable=True),
        sa.Column("likeness", Document, nullable=False),
        sa.Column("search_id", sa.String(length=40), nullable=False),
        sa.Column("flag_id", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "candidate_id"],
            ["candidates.tenant_id", "candidates.id"],
            name=op.f("fk_alike_pairs_tenant_id_candidate_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "other_id"],
            ["candidates.tenant_id", "candidates.id"],
            name=op.f("fk_alike_pairs_tenant_id_other_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_alike_pairs_tenant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alike_pairs")),
        sa.UniqueConstraint(
            "tenant_id",
            "candidate_id",
            "other_id",
            name=op.f("uq_alike_pairs_tenant_id_candidate_id_other_id"),
        ),
        sa.UniqueConstraint(
            "tenant_id",
            "candidate_id",
            "subject_id",
            name=op.f("uq_alike_pairs_tenant_id_candidate_id_subject_id"),
        ),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_alike_pairs_tenant_id_id")),
    )
    with op.batch_alter_table("alike_pairs") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_alike_pairs_tenant_id_other_id"), ["tenant_id", "other_id"], unique=False
        )

    op.create_table(
        "gallery_admissions",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("member", sa.String(length=40), nullable=False),
        sa.Column("gallery_id", sa.String(length=40), nullable=False),
        sa.Column("legal_basis", sa.String(length=1000), nullable=False),
        sa.Column("document", sa.String(length=128), nullable=False),
        sa.Column("recorded_by", sa.String(length=128), nullable=False),
        sa.Column("from_at", Moment(), nullable=False),
        sa.Column("until_at", Moment(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "gallery_id"],
            ["shared_galleries.tenant_id", "shared_galleries.id"],
            name=op.f("fk_gallery_admissions_tenant_id_gallery_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_gallery_admissions_tenant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gallery_admissions")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_gallery_admissions_tenant_id_id")),
    )
    op.create_table(
        "shared_subjects",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("membership_id", sa.String(length=40), nullable=False),
        sa.Column("gallery_id", sa.String(length=40), nullable=False),
        sa.Column("candidate_id", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "candidate_id"],
            ["candidates.tenant_id", "candidates.id"],
            name=op.f("fk_shared_subjects_tenant_id_candidate_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "membership_id"],
            ["gallery_memberships.tenant_id", "gallery_memberships.id"],
            name=op.f("fk_shared_subjects_tenant_id_membership_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_shared_subjects_tenant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shared_subjects")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_shared_subjects_tenant_id_id")),
        sa.UniqueConstraint(
            "tenant_id",
            "membership_id",
            "candidate_id",
            name=op.f("uq_shared_subjects_tenant_id_membership_id_candidate_id"),
        ),
    )
    op.create_table(
        "shared_templates",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("subject_id", sa.String(length=40), nullable=False),
        sa.Column("template_id", sa.String(length=40), nullable=False),
        sa.Column("candidate_id", sa.String(length=40), nullable=False),
        sa.Column("modality", sa.String(length=16), nullable=False),
        sa.Column("space", sa.String(length=200), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "candidate_id"],
            ["candidates.tenant_id", "candidates.id"],
            name=op.f("fk_shared_templates_tenant_id_candidate_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "subject_id"],
            ["shared_subjects.tenant_id", "shared_subjects.id"],
            name=op.f("fk_shared_templates_tenant_id_subject_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "template_id"],
            ["biometric_templates.tenant_id", "biometric_templates.id"],
            name=op.f("fk_shared_templates_tenant_id_template_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_shared_templates_tenant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shared_templates")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_shared_templates_tenant_id_id")),
        sa.UniqueConstraint(
            "tenant_id",
            "subject_id",
            "template_id",
            name=op.f("uq_shared_templates_tenant_id_subject_id_template_id"),
        ),
    )
    with op.batch_alter_table("shared_templates") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_shared_templates_tenant_id_space"), ["tenant_id", "space"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_shared_templates_tenant_id_template_id"),
            ["tenant_id", "template_id"],
            unique=False,
        )

    with op.batch_alter_table("gallery_searches") as batch_op:
        batch_op.drop_column("flag_id")

    secure(
        (
            "alike_pairs",
            "shared_galleries",
            "gallery_admissions",
            "gallery_memberships",
            "shared_subjects",
            "shared_templates",
        )
    )


def downgrade() -> None:
    """Back to the one before."""
    with op.batch_alter_table("gallery_searches") as batch_op:
        batch_op.add_column(sa.Column("flag_id", sa.String(length=40), nullable=True))

    with op.batch_alter_table("shared_templates") as batch_op:
        batch_op.drop_index(batch_op.f("ix_shared_templates_tenant_id_template_id"))
        batch_op.drop_index(batch_op.f("ix_shared_templates_tenant_id_space"))

    op.drop_table("shared_templates")
    op.drop_table("shared_subjects")
    op.drop_table("gallery_admissions")
    with op.batch_alter_table("alike_pairs") as batch_op:
        batch_op.drop_index(batch_op.f("ix_alike_pairs_tenant_id_other_id"))

    op.drop_table("alike_pairs")
    op.drop_table("shared_galleries")
    op.drop_table("gallery_memberships")
