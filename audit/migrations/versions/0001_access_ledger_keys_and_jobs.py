"""Access, ledger, keys and jobs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from audit.migrations.security import create_role, secure, share_counter
from audit.tables.base import Document, Moment

revision = "0001"
down_revision = None


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "tenants",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenants")),
    )
    op.create_table(
        "api_keys",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("scopes", Document, nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_by", sa.String(length=128), nullable=False),
        sa.Column("expires_at", Moment(), nullable=True),
        sa.Column("revoked_at", Moment(), nullable=True),
        sa.Column("replaced_by", sa.String(length=40), nullable=True),
        sa.Column("last_used_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_api_keys_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_api_keys_tenant_id_id")),
    )
    op.create_table(
        "erased_subjects",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("erased_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_erased_subjects_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "subject", name=op.f("pk_erased_subjects")),
    )
    op.create_table(
        "idempotency",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("principal", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("route", sa.String(length=200), nullable=False),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", Document, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_idempotency_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "principal", "key", name=op.f("pk_idempotency")),
    )
    with op.batch_alter_table("idempotency") as batch_op:
        batch_op.create_index(batch_op.f("ix_idempotency_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "jobs",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("queue", sa.String(length=16), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("progress", sa.Double(), nullable=False),
        sa.Column("stage", sa.String(length=100), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("losses", sa.Integer(), nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("error_code", sa.String(length=64), nullable=True),
        sa.Column("error_detail", sa.String(length=500), nullable=True),
        sa.Column("run_after", Moment(), nullable=True),
        sa.Column("started_at", Moment(), nullable=True),
        sa.Column("finished_at", Moment(), nullable=True),
        sa.Column("heartbeat_at", Moment(), nullable=True),
        sa.Column("worker", sa.String(length=40), nullable=True),
        sa.Column("dedup_key", sa.String(length=128), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_jobs_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        sa.UniqueConstraint("tenant_id", "dedup_key", name=op.f("uq_jobs_tenant_id_dedup_key")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_jobs_tenant_id_id")),
    )
    with op.batch_alter_table("jobs") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_jobs_state_queue_priority_id"),
            ["state", "queue", "priority", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_jobs_tenant_id_subject"), ["tenant_id", "subject"], unique=False
        )

    op.create_table(
        "ledger_entries",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("time", Moment(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("line", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_ledger_entries_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "sequence", name=op.f("pk_ledger_entries")),
    )
    with op.batch_alter_table("ledger_entries") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_ledger_entries_tenant_id_subject"),
            ["tenant_id", "subject"],
            unique=False,
        )

    op.create_table(
        "ledger_heads",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("head", Document, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_ledger_heads_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "size", name=op.f("pk_ledger_heads")),
    )
    op.create_table(
        "ledger_inbox",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("time", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_ledger_inbox_tenant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_inbox")),
    )
    with op.batch_alter_table("ledger_inbox") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_ledger_inbox_tenant_id_id"), ["tenant_id", "id"], unique=False
        )

    op.create_table(
        "ledger_logs",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_ledger_logs_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_ledger_logs")),
    )
    op.create_table(
        "ledger_nodes",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_ledger_nodes_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "level", "position", name=op.f("pk_ledger_nodes")),
    )
    op.create_table(
        "signing_keys",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("key_id", sa.String(length=64), nullable=False),
        sa.Column("public", sa.LargeBinary(length=32), nullable=False),
        sa.Column("last_size", sa.BigInteger(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_signing_keys_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "key_id", name=op.f("pk_signing_keys")),
    )
    op.create_table(
        "wrapped_keys",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("key_version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("master", sa.String(length=64), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_wrapped_keys_tenant_id")
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "subject", "key_version", name=op.f("pk_wrapped_keys")
        ),
    )
    with op.batch_alter_table("wrapped_keys") as batch_op:
        batch_op.create_index(batch_op.f("ix_wrapped_keys_master"), ["master"], unique=False)

    create_role()
    secure(("api_keys", "idempotency", "jobs", "ledger_inbox", "wrapped_keys", "erased_subjects"))
    # Only the service itself writes the sealed log; a tenant's requests read it.
    secure(("ledger_logs", "ledger_entries", "ledger_nodes", "ledger_heads"), verbs="SELECT")
    secure(("signing_keys",), verbs="")
    share_counter("ledger_inbox")


def downgrade() -> None:
    """Back to the one before."""
    with op.batch_alter_table("wrapped_keys") as batch_op:
        batch_op.drop_index(batch_op.f("ix_wrapped_keys_master"))

    op.drop_table("wrapped_keys")
    op.drop_table("signing_keys")
    op.drop_table("ledger_nodes")
    op.drop_table("ledger_logs")
    with op.batch_alter_table("ledger_inbox") as batch_op:
        batch_op.drop_index(batch_op.f("ix_ledger_inbox_tenant_id_id"))

    op.drop_table("ledger_inbox")
    op.drop_table("ledger_heads")
    with op.batch_alter_table("ledger_entries") as batch_op:
        batch_op.drop_index(batch_op.f("ix_ledger_entries_tenant_id_subject"))

    op.drop_table("ledger_entries")
    with op.batch_alter_table("jobs") as batch_op:
        batch_op.drop_index(batch_op.f("ix_jobs_tenant_id_subject"))
        batch_op.drop_index(batch_op.f("ix_jobs_state_queue_priority_id"))

    op.drop_table("jobs")
    with op.batch_alter_table("idempotency") as batch_op:
        batch_op.drop_index(batch_op.f("ix_idempotency_expires_at"))

    op.drop_table("idempotency")
    op.drop_table("erased_subjects")
    op.drop_table("api_keys")
    op.drop_table("tenants")
