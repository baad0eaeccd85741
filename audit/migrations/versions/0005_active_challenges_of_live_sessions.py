"""Active challenges of live sessions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from audit.migrations.security import secure
from audit.tables.base import Document, Moment

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "challenges",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("candidate_id", sa.String(length=40), nullable=False),
        sa.Column("interview_id", sa.String(length=40), nullable=False),
        sa.Column("system_id", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("kinds", Document, nullable=False),
        sa.Column("left_out", Document, nullable=False),
        sa.Column("pace", sa.Integer(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("nonce", sa.String(length=64), nullable=True),
        sa.Column("started_at", Moment(), nullable=True),
        sa.Column("commit_by", Moment(), nullable=True),
        sa.Column("committed_at", Moment(), nullable=True),
        sa.Column("recording_sha256", sa.String(length=64), nullable=True),
        sa.Column("recording_bytes", sa.BigInteger(), nullable=True),
        sa.Column("telemetry", sa.LargeBinary(), nullable=True),
        sa.Column("media_id", sa.String(length=40), nullable=True),
        sa.Column("job_id", sa.String(length=40), nullable=True),
        sa.Column("verdict", sa.String(length=16), nullable=True),
        sa.Column("reasons", Document, nullable=False),
        sa.Column("result", Document, nullable=True),
        sa.Column("error_code", sa.String(length=64), nullable=True),
        sa.Column("error_detail", sa.String(length=500), nullable=True),
        sa.Column("finished_at", Moment(), nullable=True),
        sa.Column("request_id", sa.String(length=40), nullable=True),
        sa.Column("created_by", sa.String(length=128), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "candidate_id"],
            ["candidates.tenant_id", "candidates.id"],
            name=op.f("fk_challenges_tenant_id_candidate_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "interview_id"],
            ["interviews.tenant_id", "interviews.id"],
            name=op.f("fk_challenges_tenant_id_interview_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "job_id"],
            ["jobs.tenant_id", "jobs.id"],
            name=op.f("fk_challenges_tenant_id_job_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "media_id"],
            ["media.tenant_id", "media.id"],
            name=op.f("fk_challenges_tenant_id_media_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "request_id"],
            ["requests.tenant_id", "requests.id"],
            name=op.f("fk_challenges_tenant_id_request_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "system_id"],
            ["systems.tenant_id", "systems.id"],
            name=op.f("fk_challenges_tenant_id_system_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_challenges_tenant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_challenges")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_challenges_tenant_id_id")),
    )
    with op.batch_alter_table("challenges") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_challenges_tenant_id_candidate_id"),
            ["tenant_id", "candidate_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_challenges_tenant_id_interview_id"),
            ["tenant_id", "interview_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_challenges_tenant_id_recording_sha256"),
            ["tenant_id", "recording_sha256"],
            unique=False,
        )

    secure(("challenges",))


def downgrade() -> None:
    """Back to the one before."""
    with op.batch_alter_table("challenges") as batch_op:
        batch_op.drop_index(batch_op.f("ix_challenges_tenant_id_recording_sha256"))
        batch_op.drop_index(batch_op.f("ix_challenges_tenant_id_interview_id"))
        batch_op.drop_index(batch_op.f("ix_challenges_tenant_id_candidate_id"))

    op.drop_table("challenges")
