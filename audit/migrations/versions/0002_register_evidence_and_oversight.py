"""Register, evidence and oversight."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from audit.migrations.security import secure
from audit.tables.base import Document, Moment

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "candidates",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("external_ref", sa.String(length=128), nullable=False),
        sa.Column("jurisdictions", Document, nullable=False),
        sa.Column("locale", sa.String(length=35), nullable=False),
        sa.Column("stopped", sa.String(length=20), nullable=False),
        sa.Column("stopped_at", Moment(), nullable=True),
        sa.Column("erased_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_candidates_tenant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_candidates")),
        sa.UniqueConstraint(
            "tenant_id", "external_ref", name=op.f("uq_candidates_tenant_id_external_ref")
        ),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_candidates_tenant_id_id")),
    )
    op.create_table(
        "policies",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_policies_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policies")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_policies_tenant_id_id")),
        sa.UniqueConstraint(
            "tenant_id", "name", "number", name=op.f("uq_policies_tenant_id_name_number")
        ),
    )
    op.create_table(
        "reviewers",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("person", sa.String(length=128), nullable=False),
        sa.Column("may_change", sa.Boolean(), nullable=False),
        sa.Column("training", sa.String(length=200), nullable=False),
        sa.Column("teams", Document, nullable=False),
        sa.Column("left_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_reviewers_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviewers")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_reviewers_tenant_id_id")),
        sa.UniqueConstraint("tenant_id", "person", name=op.f("uq_reviewers_tenant_id_person")),
    )
    op.create_table(
        "systems",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("vendor", sa.String(length=200), nullable=False),
        sa.Column("system_version", sa.String(length=100), nullable=False),
        sa.Column("mode", sa.String(length=20), nullable=False),
        sa.Column("decision_role", sa.String(length=30), nullable=False),
        sa.Column("data_types", Document, nullable=False),
        sa.Column("jurisdictions", Document, nullable=False),
        sa.Column("retention_days", Document, nullable=False),
        sa.Column("outcome_words", Document, nullable=False),
        sa.Column("notice_url", sa.String(length=500), nullable=True),
        sa.Column("policy", sa.String(length=64), nullable=False),
        sa.Column("retired_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_systems_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_systems")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_systems_tenant_id_id")),
    )
    op.create_table(
        "webhook_endpoints",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("url", sa.String(length=500), nullable=False),
        sa.Column("events", Document, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("sealed_secrets", sa.LargeBinary(), nullable=False),
        sa.Column("old_secret_until", Moment(), nullable=True),
        sa.Column("disabled_reason", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_webhook_endpoints_tenant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoints")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_webhook_endpoints_tenant_id_id")),
    )
    op.create_table(
        "ats_connections",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("system_id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary(), nullable=False),
        sa.Column("received", sa.Integer(), nullable=False),
        sa.Column("ignored", sa.Integer(), nullable=False),
        sa.Column("disabled_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "system_id"],
            ["systems.tenant_id", "systems.id"],
            name=op.f("fk_ats_connections_tenant_id_system_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_ats_connections_tenant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ats_connections")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_ats_connections_tenant_id_id")),
    )
    op.create_table(
        "demographics",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("candidate_id", sa.String(length=40), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("collected_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "candidate_id"],
            ["candidates.tenant_id", "candidates.id"],
            name=op.f("fk_demographics_tenant_id_candidate_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_demographics_tenant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_demographics")),
        sa.UniqueConstraint(
            "tenant_id", "candidate_id", name=op.f("uq_demographics_tenant_id_candidate_id")
        ),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_demographics_tenant_id_id")),
    )
    op.create_table(
        "fairness_audits",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("system_id", sa.String(length=40), nullable=True),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("spec", Document, nullable=False),
        sa.Column("since", Moment(), nullable=True),
        sa.Column("until", Moment(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("job_id", sa.String(length=40), nullable=False),
        sa.Column("classes", Document, nullable=False),
        sa.Column("result_sha256", sa.String(length=64), nullable=True),
        sa.Column("report_id", sa.String(length=40), nullable=True),
        sa.Column("error_code", sa.String(length=64), nullable=True),
        sa.Column("error_detail", sa.String(length=500), nullable=True),
        sa.Column("started_at", Moment(), nullable=True),
        sa.Column("finished_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "job_id"],
            ["jobs.tenant_id", "jobs.id"],
            name=op.f("fk_fairness_audits_tenant_id_job_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "system_id"],
            ["systems.tenant_id", "systems.id"],
            name=op.f("fk_fairness_audits_tenant_id_system_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_fairness_audits_tenant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fairness_audits")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_fairness_audits_tenant_id_id")),
    )
    with op.batch_alter_table("fairness_audits") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_fairness_audits_tenant_id_system_id"),
            ["tenant_id", "system_id"],
            unique=False,
        )

    op.create_table(
        "interviews",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("candidate_id", sa.String(length=40), nullable=False),
        sa.Column("system_id", sa.String(length=40), nullable=False),
        sa.Column("job", sa.String(length=128), nullable=False),
        sa.Column("stage", sa.String(length=128), nullable=False),
        sa.Column("location", sa.String(length=128), nullable=False),
        sa.Column("mode", sa.String(length=20), nullable=True),
        sa.Column("interviewer", sa.String(length=128), nullable=True),
        sa.Column("questions", Document, nullable=False),
        sa.Column("coached", sa.Boolean(), nullable=True),
        sa.Column("held_at", Moment(), nullable=True),
        sa.Column("human_alternative", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "candidate_id"],
            ["candidates.tenant_id", "candidates.id"],
            name=op.f("fk_interviews_tenant_id_candidate_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "system_id"],
            ["systems.tenant_id", "systems.id"],
            name=op.f("fk_interviews_tenant_id_system_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_interviews_tenant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_interviews")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_interviews_tenant_id_id")),
    )
    with op.batch_alter_table("interviews") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_interviews_tenant_id_candidate_id"),
            ["tenant_id", "candidate_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_interviews_tenant_id_system_id"),
            ["tenant_id", "system_id"],
            unique=False,
        )

    op.create_table(
        "legal_holds",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("candidate_id", sa.String(length=40), nullable=True),
        sa.Column("subject", sa.String(length=40), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("reference", sa.String(length=128), nullable=False),
        sa.Column("released_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "candidate_id"],
            ["candidates.tenant_id", "candidates.id"],
            name=op.f("fk_legal_holds_tenant_id_candidate_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_legal_holds_tenant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_holds")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_legal_holds_tenant_id_id")),
    )
    with op.batch_alter_table("legal_holds") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_legal_holds_tenant_id_candidate_id"),
            ["tenant_id", "candidate_id"],
            unique=False,
        )

    op.create_table(
        "reports",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column("candidate_id", sa.String(length=40), nullable=True),
        sa.Column("files", Document, nullable=False),
        sa.Column("keep_until", Moment(), nullable=True),
        sa.Column("erased_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "candidate_id"],
            ["candidates.tenant_id", "candidates.id"],
            name=op.f("fk_reports_tenant_id_candidate_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_reports_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_reports_tenant_id_id")),
    )
    with op.batch_alter_table("reports") as batch_op:
        batch_op.create_index(batch_op.f("ix_reports_keep_until"), ["keep_until"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_reports_tenant_id_candidate_id"),
            ["tenant_id", "candidate_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_reports_tenant_id_subject"), ["tenant_id", "subject"], unique=False
        )

    op.create_table(
        "requests",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("candidate_id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("due_at", Moment(), nullable=True),
        sa.Column("reminded_at", Moment(), nullable=True),
        sa.Column("overdue_told_at", Moment(), nullable=True),
        sa.Column("done", Document, nullable=False),
        sa.Column("request", Document, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "candidate_id"],
            ["candidates.tenant_id", "candidates.id"],
            name=op.f("fk_requests_tenant_id_candidate_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_requests_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requests")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_requests_tenant_id_id")),
    )
    with op.batch_alter_table("requests") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_requests_tenant_id_candidate_id"),
            ["tenant_id", "candidate_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_requests_tenant_id_state_due_at"),
            ["tenant_id", "state", "due_at"],
            unique=False,
        )

    op.create_table(
        "webhook_deliveries",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("endpoint_id", sa.String(length=40), nullable=False),
        sa.Column("event_id", sa.String(length=128), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("payload", Document, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("last_error", sa.String(length=64), nullable=True),
        sa.Column("next_at", Moment(), nullable=True),
        sa.Column("delivered_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "endpoint_id"],
            ["webhook_endpoints.tenant_id", "webhook_endpoints.id"],
            name=op.f("fk_webhook_deliveries_tenant_id_endpoint_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_webhook_deliveries_tenant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_deliveries")),
        sa.UniqueConstraint(
            "tenant_id",
            "endpoint_id",
            "event_id",
            name=op.f("uq_webhook_deliveries_tenant_id_endpoint_id_event_id"),
        ),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_webhook_deliveries_tenant_id_id")),
    )
    with op.batch_alter_table("webhook_deliveries") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_webhook_deliveries_tenant_id_state"),
            ["tenant_id", "state"],
            unique=False,
        )

    op.create_table(
        "consents",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("candidate_id", sa.String(length=40), nullable=False),
        sa.Column("interview_id", sa.String(length=40), nullable=True),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("text_version", sa.String(length=128), nullable=False),
        sa.Column("jurisdiction", sa.String(length=32), nullable=False),
        sa.Column("given_at", Moment(), nullable=False),
        sa.Column("reference", sa.String(length=128), nullable=False),
        sa.Column("written", sa.Boolean(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=True),
        sa.Column("withdrawn_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "candidate_id"],
            ["candidates.tenant_id", "candidates.id"],
            name=op.f("fk_consents_tenant_id_candidate_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "interview_id"],
            ["interviews.tenant_id", "interviews.id"],
            name=op.f("fk_consents_tenant_id_interview_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_consents_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_consents_tenant_id_id")),
    )
    with op.batch_alter_table("consents") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_consents_tenant_id_candidate_id"),
            ["tenant_id", "candidate_id"],
            unique=False,
        )

    op.create_table(
        "flags",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column("candidate_id", sa.String(length=40), nullable=True),
        sa.Column("interview_id", sa.String(length=40), nullable=True),
        sa.Column("system_id", sa.String(length=40), nullable=True),
        sa.Column("rule", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("about", Document, nullable=False),
        sa.Column("evidence", Document, nullable=False),
        sa.Column("recipients", Document, nullable=False),
        sa.Column("policy", sa.String(length=128), nullable=False),
        sa.Column("policy_sha256", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("review_id", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "candidate_id"],
            ["candidates.tenant_id", "candidates.id"],
            name=op.f("fk_flags_tenant_id_candidate_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "interview_id"],
            ["interviews.tenant_id", "interviews.id"],
            name=op.f("fk_flags_tenant_id_interview_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "system_id"],
            ["systems.tenant_id", "systems.id"],
            name=op.f("fk_flags_tenant_id_system_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_flags_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flags")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_flags_tenant_id_id")),
        sa.UniqueConstraint(
            "tenant_id",
            "subject",
            "fingerprint",
            name=op.f("uq_flags_tenant_id_subject_fingerprint"),
        ),
    )
    with op.batch_alter_table("flags") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_flags_tenant_id_candidate_id"),
            ["tenant_id", "candidate_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_flags_tenant_id_state"), ["tenant_id", "state"], unique=False
        )

    op.create_table(
        "media",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("candidate_id", sa.String(length=40), nullable=True),
        sa.Column("interview_id", sa.String(length=40), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("keep_until", Moment(), nullable=True),
        sa.Column("erased_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "candidate_id"],
            ["candidates.tenant_id", "candidates.id"],
            name=op.f("fk_media_tenant_id_candidate_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "interview_id"],
            ["interviews.tenant_id", "interviews.id"],
            name=op.f("fk_media_tenant_id_interview_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_media_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_media_tenant_id_id")),
    )
    with op.batch_alter_table("media") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_media_state_keep_until"), ["state", "keep_until"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_media_tenant_id_candidate_id"),
            ["tenant_id", "candidate_id"],
            unique=False,
        )

    op.create_table(
        "notices",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("jurisdiction", sa.String(length=32), nullable=False),
        sa.Column("text_version", sa.String(length=128), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("given_at", Moment(), nullable=False),
        sa.Column("candidate_id", sa.String(length=40), nullable=True),
        sa.Column("system_id", sa.String(length=40), nullable=True),
        sa.Column("interview_id", sa.String(length=40), nullable=True),
        sa.Column("use_on", Moment(), nullable=True),
        sa.Column("in_time", sa.Boolean(), nullable=True),
        sa.Column("clock", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "candidate_id"],
            ["candidates.tenant_id", "candidates.id"],
            name=op.f("fk_notices_tenant_id_candidate_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "interview_id"],
            ["interviews.tenant_id", "interviews.id"],
            name=op.f("fk_notices_tenant_id_interview_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "system_id"],
            ["systems.tenant_id", "systems.id"],
            name=op.f("fk_notices_tenant_id_system_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_notices_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_notices_tenant_id_id")),
    )
    with op.batch_alter_table("notices") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_notices_tenant_id_candidate_id"),
            ["tenant_id", "candidate_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_notices_tenant_id_system_id"), ["tenant_id", "system_id"], unique=False
        )

    op.create_table(
        "outcomes",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("candidate_id", sa.String(length=40), nullable=False),
        sa.Column("system_id", sa.String(length=40), nullable=True),
        sa.Column("interview_id", sa.String(length=40), nullable=True),
        sa.Column("job", sa.String(length=128), nullable=False),
        sa.Column("stage", sa.String(length=128), nullable=False),
        sa.Column("location", sa.String(length=128), nullable=False),
        sa.Column("word", sa.String(length=128), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("occurred_at", Moment(), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("external_event", sa.String(length=128), nullable=False),
        sa.Column("scores", Document, nullable=False),
        sa.Column("decided_by", sa.String(length=128), nullable=True),
        sa.Column("overridden", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "candidate_id"],
            ["candidates.tenant_id", "candidates.id"],
            name=op.f("fk_outcomes_tenant_id_candidate_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "interview_id"],
            ["interviews.tenant_id", "interviews.id"],
            name=op.f("fk_outcomes_tenant_id_interview_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "system_id"],
            ["systems.tenant_id", "systems.id"],
            name=op.f("fk_outcomes_tenant_id_system_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_outcomes_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outcomes")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_outcomes_tenant_id_id")),
        sa.UniqueConstraint(
            "tenant_id",
            "source",
            "external_event",
            name=op.f("uq_outcomes_tenant_id_source_external_event"),
        ),
    )
    with op.batch_alter_table("outcomes") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_outcomes_tenant_id_candidate_id"),
            ["tenant_id", "candidate_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_outcomes_tenant_id_system_id_occurred_at"),
            ["tenant_id", "system_id", "occurred_at"],
            unique=False,
        )

    op.create_table(
        "uploads",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("candidate_id", sa.String(length=40), nullable=True),
        sa.Column("interview_id", sa.String(length=40), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("media_type", sa.String(length=100), nullable=True),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("received_bytes", sa.BigInteger(), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("media_id", sa.String(length=40), nullable=True),
        sa.Column("refused", sa.String(length=500), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "candidate_id"],
            ["candidates.tenant_id", "candidates.id"],
            name=op.f("fk_uploads_tenant_id_candidate_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "interview_id"],
            ["interviews.tenant_id", "interviews.id"],
            name=op.f("fk_uploads_tenant_id_interview_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_uploads_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_uploads_tenant_id_id")),
    )
    with op.batch_alter_table("uploads") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_uploads_state_expires_at"), ["state", "expires_at"], unique=False
        )

    op.create_table(
        "biometric_references",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("candidate_id", sa.String(length=40), nullable=False),
        sa.Column("media_id", sa.String(length=40), nullable=False),
        sa.Column("consent_id", sa.String(length=40), nullable=False),
        sa.Column("label", sa.String(length=200), nullable=False),
        sa.Column("expires_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "candidate_id"],
            ["candidates.tenant_id", "candidates.id"],
            name=op.f("fk_biometric_references_tenant_id_candidate_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "consent_id"],
            ["consents.tenant_id", "consents.id"],
            name=op.f("fk_biometric_references_tenant_id_consent_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "media_id"],
            ["media.tenant_id", "media.id"],
            name=op.f("fk_biometric_references_tenant_id_media_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_biometric_references_tenant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_biometric_references")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_biometric_references_tenant_id_id")),
    )
    with op.batch_alter_table("biometric_references") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_biometric_references_expires_at"), ["expires_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_biometric_references_tenant_id_candidate_id"),
            ["tenant_id", "candidate_id"],
            unique=False,
        )

    op.create_table(
        "checks",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("candidate_id", sa.String(length=40), nullable=False),
        sa.Column("interview_id", sa.String(length=40), nullable=False),
        sa.Column("system_id", sa.String(length=40), nullable=False),
        sa.Column("media_id", sa.String(length=40), nullable=False),
        sa.Column("reference_media", Document, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("job_id", sa.String(length=40), nullable=False),
        sa.Column("identity_signals", sa.Boolean(), nullable=False),
        sa.Column("gate", Document, nullable=False),
        sa.Column("findings", Document, nullable=False),
        sa.Column("result_sha256", sa.String(length=64), nullable=True),
        sa.Column("report_id", sa.String(length=40), nullable=True),
        sa.Column("error_code", sa.String(length=64), nullable=True),
        sa.Column("error_detail", sa.String(length=500), nullable=True),
        sa.Column("started_at", Moment(), nullable=True),
        sa.Column("finished_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "candidate_id"],
            ["candidates.tenant_id", "candidates.id"],
            name=op.f("fk_checks_tenant_id_candidate_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "interview_id"],
            ["interviews.tenant_id", "interviews.id"],
            name=op.f("fk_checks_tenant_id_interview_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "job_id"],
            ["jobs.tenant_id", "jobs.id"],
            name=op.f("fk_checks_tenant_id_job_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "media_id"],
            ["media.tenant_id", "media.id"],
            name=op.f("fk_checks_tenant_id_media_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "system_id"],
            ["systems.tenant_id", "systems.id"],
            name=op.f("fk_checks_tenant_id_system_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_checks_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checks")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_checks_tenant_id_id")),
    )
    with op.batch_alter_table("checks") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_checks_tenant_id_candidate_id"),
            ["tenant_id", "candidate_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_checks_tenant_id_interview_id"),
            ["tenant_id", "interview_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_checks_tenant_id_system_id_state"),
            ["tenant_id", "system_id", "state"],
            unique=False,
        )

    op.create_table(
        "comparisons",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("candidate_id", sa.String(length=40), nullable=False),
        sa.Column("media_id", sa.String(length=40), nullable=False),
        sa.Column("reference_ids", Document, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("job_id", sa.String(length=40), nullable=False),
        sa.Column("bands", Document, nullable=False),
        sa.Column("error_code", sa.String(length=64), nullable=True),
        sa.Column("error_detail", sa.String(length=500), nullable=True),
        sa.Column("finished_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "candidate_id"],
            ["candidates.tenant_id", "candidates.id"],
            name=op.f("fk_comparisons_tenant_id_candidate_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "job_id"],
            ["jobs.tenant_id", "jobs.id"],
            name=op.f("fk_comparisons_tenant_id_job_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "media_id"],
            ["media.tenant_id", "media.id"],
            name=op.f("fk_comparisons_tenant_id_media_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_comparisons_tenant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comparisons")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_comparisons_tenant_id_id")),
    )
    with op.batch_alter_table("comparisons") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_comparisons_tenant_id_candidate_id"),
            ["tenant_id", "candidate_id"],
            unique=False,
        )

    op.create_table(
        "reviews",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("flag_id", sa.String(length=40), nullable=True),
        sa.Column("request_id", sa.String(length=40), nullable=True),
        sa.Column("candidate_id", sa.String(length=40), nullable=True),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("assignee", sa.String(length=128), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("due_at", Moment(), nullable=True),
        sa.Column("closed_at", Moment(), nullable=True),
        sa.Column("case", Document, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "candidate_id"],
            ["candidates.tenant_id", "candidates.id"],
            name=op.f("fk_reviews_tenant_id_candidate_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "flag_id"],
            ["flags.tenant_id", "flags.id"],
            name=op.f("fk_reviews_tenant_id_flag_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "request_id"],
            ["requests.tenant_id", "requests.id"],
            name=op.f("fk_reviews_tenant_id_request_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_reviews_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_reviews_tenant_id_id")),
    )
    with op.batch_alter_table("reviews") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_reviews_tenant_id_candidate_id"),
            ["tenant_id", "candidate_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_reviews_tenant_id_state_due_at"),
            ["tenant_id", "state", "due_at"],
            unique=False,
        )
    secure(
        (
            "candidates",
            "policies",
            "reviewers",
            "systems",
            "webhook_endpoints",
            "ats_connections",
            "demographics",
            "fairness_audits",
            "interviews",
            "legal_holds",
            "reports",
            "requests",
            "webhook_deliveries",
            "consents",
            "flags",
            "media",
            "notices",
            "outcomes",
            "uploads",
            "biometric_references",
            "checks",
            "comparisons",
            "reviews",
        )
    )


def downgrade() -> None:
    """Back to the one before."""
    with op.batch_alter_table("reviews") as batch_op:
        batch_op.drop_index(batch_op.f("ix_reviews_tenant_id_state_due_at"))
        batch_op.drop_index(batch_op.f("ix_reviews_tenant_id_candidate_id"))

    op.drop_table("reviews")
    with op.batch_alter_table("comparisons") as batch_op:
        batch_op.drop_index(batch_op.f("ix_comparisons_tenant_id_candidate_id"))

    op.drop_table("comparisons")
    with op.batch_alter_table("checks") as batch_op:
        batch_op.drop_index(batch_op.f("ix_checks_tenant_id_system_id_state"))
        batch_op.drop_index(batch_op.f("ix_checks_tenant_id_interview_id"))
        batch_op.drop_index(batch_op.f("ix_checks_tenant_id_candidate_id"))

    op.drop_table("checks")
    with op.batch_alter_table("biometric_references") as batch_op:
        batch_op.drop_index(batch_op.f("ix_biometric_references_tenant_id_candidate_id"))
        batch_op.drop_index(batch_op.f("ix_biometric_references_expires_at"))

    op.drop_table("biometric_references")
    with op.batch_alter_table("uploads") as batch_op:
        batch_op.drop_index(batch_op.f("ix_uploads_state_expires_at"))

    op.drop_table("uploads")
    with op.batch_alter_table("outcomes") as batch_op:
        batch_op.drop_index(batch_op.f("ix_outcomes_tenant_id_system_id_occurred_at"))
        batch_op.drop_index(batch_op.f("ix_outcomes_tenant_id_candidate_id"))

    op.drop_table("outcomes")
    with op.batch_alter_table("notices") as batch_op:
        batch_op.drop_index(batch_op.f("ix_notices_tenant_id_system_id"))
        batch_op.drop_index(batch_op.f("ix_notices_tenant_id_candidate_id"))

    op.drop_table("notices")
    with op.batch_alter_table("media") as batch_op:
        batch_op.drop_index(batch_op.f("ix_media_tenant_id_candidate_id"))
        batch_op.drop_index(batch_op.f("ix_media_state_keep_until"))

    op.drop_table("media")
    with op.batch_alter_table("flags") as batch_op:
        batch_op.drop_index(batch_op.f("ix_flags_tenant_id_state"))
        batch_op.drop_index(batch_op.f("ix_flags_tenant_id_candidate_id"))

    op.drop_table("flags")
    with op.batch_alter_table("consents") as batch_op:
        batch_op.drop_index(batch_op.f("ix_consents_tenant_id_candidate_id"))

    op.drop_table("consents")
    with op.batch_alter_table("webhook_deliveries") as batch_op:
        batch_op.drop_index(batch_op.f("ix_webhook_deliveries_tenant_id_state"))

    op.drop_table("webhook_deliveries")
    with op.batch_alter_table("requests") as batch_op:
        batch_op.drop_index(batch_op.f("ix_requests_tenant_id_state_due_at"))
        batch_op.drop_index(batch_op.f("ix_requests_tenant_id_candidate_id"))

    op.drop_table("requests")
    with op.batch_alter_table("reports") as batch_op:
        batch_op.drop_index(batch_op.f("ix_reports_tenant_id_subject"))
        batch_op.drop_index(batch_op.f("ix_reports_tenant_id_candidate_id"))
        batch_op.drop_index(batch_op.f("ix_reports_keep_until"))

    op.drop_table("reports")
    with op.batch_alter_table("legal_holds") as batch_op:
        batch_op.drop_index(batch_op.f("ix_legal_holds_tenant_id_candidate_id"))

    op.drop_table("legal_holds")
    with op.batch_alter_table("interviews") as batch_op:
        batch_op.drop_index(batch_op.f("ix_interviews_tenant_id_system_id"))
        batch_op.drop_index(batch_op.f("ix_interviews_tenant_id_candidate_id"))

    op.drop_table("interviews")
    with op.batch_alter_table("fairness_audits") as batch_op:
        batch_op.drop_index(batch_op.f("ix_fairness_audits_tenant_id_system_id"))

    op.drop_table("fairness_audits")
    op.drop_table("demographics")
    op.drop_table("ats_connections")
    op.drop_table("webhook_endpoints")
    op.drop_table("systems")
    op.drop_table("reviewers")
    op.drop_table("policies")
    op.drop_table("candidates")
