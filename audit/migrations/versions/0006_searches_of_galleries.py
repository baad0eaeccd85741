"""Searches of galleries, what they rest on, and transforms of templates."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from audit.migrations.security import secure
from audit.tables.base import Document, Moment

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "search_bases",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("legal_basis", sa.String(length=1000), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_search_bases_tenant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_bases")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_search_bases_tenant_id_id")),
    )
    op.create_table(
        "template_transforms",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("revoked_at", Moment(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_template_transforms_tenant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_template_transforms")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_template_transforms_tenant_id_id")),
        sa.UniqueConstraint(
            "tenant_id", "number", name=op.f("uq_template_transforms_tenant_id_number")
        ),
    )
    op.create_table(
        "gallery_searches",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("candidate_id", sa.String(length=40), nullable=False),
        sa.Column("interview_id", sa.String(length=40), nullable=False),
        sa.Column("media_id", sa.String(length=40), nullable=False),
        sa.Column("basis_id", sa.String(length=40), nullable=False),
        sa.Column("answers", Document, nullable=False),
        sa.Column("flag_id", sa.String(length=40), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("job_id", sa.String(length=40), nullable=False),
        sa.Column("error_code", sa.String(length=64), nullable=True),
        sa.Column("error_detail", sa.String(length=500), nullable=True),
        sa.Column("finished_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "basis_id"],
            ["search_bases.tenant_id", "search_bases.id"],
            name=op.f("fk_gallery_searches_tenant_id_basis_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "candidate_id"],
            ["candidates.tenant_id", "candidates.id"],
            name=op.f("fk_gallery_searches_tenant_id_candidate_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "interview_id"],
            ["interviews.tenant_id", "interviews.id"],
            name=op.f("fk_gallery_searches_tenant_id_interview_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "job_id"],
            ["jobs.tenant_id", "jobs.id"],
            name=op.f("fk_gallery_searches_tenant_id_job_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "media_id"],
            ["media.tenant_id", "media.id"],
            name=op.f("fk_gallery_searches_tenant_id_media_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_gallery_searches_tenant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gallery_searches")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_gallery_searches_tenant_id_id")),
    )
    with op.batch_alter_table("gallery_searches") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_gallery_searches_tenant_id_candidate_id"),
            ["tenant_id", "candidate_id"],
            unique=False,
        )

    secure(("search_bases", "template_transforms", "gallery_searches"))


def downgrade() -> None:
    """Back to the one before."""
    with op.batch_alter_table("gallery_searches") as batch_op:
        batch_op.drop_index(batch_op.f("ix_gallery_searches_tenant_id_candidate_id"))

    op.drop_table("gallery_searches")
    op.drop_table("template_transforms")
    op.drop_table("search_bases")
