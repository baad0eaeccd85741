"""Reports in all kinds; their signing keys, links, answers, schedules and publications.

What was a report's form `json` is called `result` from here on: `json` is the signed document.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from audit.migrations.security import secure
from audit.tables.base import Document, Moment

revision = "0003"
down_revision = "0002"

_REPORTS = sa.table(
    "reports",
    *(sa.column(name, sa.String()) for name in ("tenant_id", "id", "kind", "subject", "series")),
    *(sa.column(name, sa.String()) for name in ("candidate_id", "system_id", "sealed_under")),
    *(sa.column(name, Moment()) for name in ("created_at", "finished_at", "erased_at")),
    sa.column("automatic", sa.Boolean()),
    sa.column("files", Document),
)
_OF = ("tenant_id", "id", "system_id")


def upgrade() -> None:
    """To this revision."""
    _add_tables()
    with op.batch_alter_table("comparisons") as batch_op:
        batch_op.add_column(sa.Column("report_id", sa.String(length=40), nullable=True))

    _widen_reports()
    _carry_up()
    with op.batch_alter_table("reports") as batch_op:
        for name in ("state", "language", "automatic", "series", "number", "packs", "sealed_under"):
            batch_op.alter_column(name, server_default=None)

    secure(
        (
            "report_key_directories",
            "report_keys",
            "sealed_secrets",
            "publications",
            "recorded_answers",
            "report_schedules",
            "published_summaries",
            "report_links",
        )
    )


def _add_tables() -> None:
    op.create_table(
        "report_key_directories",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_report_key_directories_tenant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_key_directories")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_report_key_directories_tenant_id_id")),
        sa.UniqueConstraint(
            "tenant_id", "number", name=op.f("uq_report_key_directories_tenant_id_number")
        ),
    )
    op.create_table(
        "report_keys",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("public", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("valid_from", Moment(), nullable=False),
        sa.Column("retired_at", Moment(), nullable=True),
        sa.Column("revoked_at", Moment(), nullable=True),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_report_keys_tenant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_keys")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_report_keys_tenant_id_id")),
        sa.UniqueConstraint("tenant_id", "key_id", name=op.f("uq_report_keys_tenant_id_key_id")),
    )
    op.create_table(
        "sealed_secrets",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_sealed_secrets_tenant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sealed_secrets")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_sealed_secrets_tenant_id_id")),
        sa.UniqueConstraint("tenant_id", "name", name=op.f("uq_sealed_secrets_tenant_id_name")),
    )
    op.create_table(
        "publications",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("system_id", sa.String(length=40), nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("colour", sa.String(length=7), nullable=True),
        sa.Column("logo", sa.LargeBinary(), nullable=True),
        sa.Column("current", sa.Integer(), nullable=False),
        sa.Column("posted_at", Moment(), nullable=False),
        sa.Column("taken_down_at", Moment(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "system_id"],
            ["systems.tenant_id", "systems.id"],
            name=op.f("fk_publications_tenant_id_system_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_publications_tenant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publications")),
        sa.UniqueConstraint("slug", name=op.f("uq_publications_slug")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_publications_tenant_id_id")),
    )
    op.create_table(
        "recorded_answers",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("system_id", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("answers", Document, nullable=False),
        sa.Column("recorded_by", sa.String(length=128), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "system_id"],
            ["systems.tenant_id", "systems.id"],
            name=op.f("fk_recorded_answers_tenant_id_system_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_recorded_answers_tenant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recorded_answers")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_recorded_answers_tenant_id_id")),
        sa.UniqueConstraint(
            "tenant_id",
            "system_id",
            "number",
            name=op.f("uq_recorded_answers_tenant_id_system_id_number"),
        ),
    )
    op.create_table(
        "report_schedules",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("system_id", sa.String(length=40), nullable=False),
        sa.Column("every", sa.String(length=16), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("packs", Document, nullable=False),
        sa.Column("recipients", Document, nullable=False),
        sa.Column("next_since", Moment(), nullable=False),
        sa.Column("next_at", Moment(), nullable=False),
        sa.Column("made", sa.Integer(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "system_id"],
            ["systems.tenant_id", "systems.id"],
            name=op.f("fk_report_schedules_tenant_id_system_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_report_schedules_tenant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_schedules")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_report_schedules_tenant_id_id")),
    )
    with op.batch_alter_table("report_schedules") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_report_schedules_tenant_id_next_at"),
            ["tenant_id", "next_at"],
            unique=False,
        )

    op.create_table(
        "published_summaries",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("publication_id", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("report_id", sa.String(length=40), nullable=False),
        sa.Column("document_sha256", sa.String(length=64), nullable=False),
        sa.Column("files", Document, nullable=False),
        sa.Column("posted_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "publication_id"],
            ["publications.tenant_id", "publications.id"],
            name=op.f("fk_published_summaries_tenant_id_publication_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "report_id"],
            ["reports.tenant_id", "reports.id"],
            name=op.f("fk_published_summaries_tenant_id_report_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_published_summaries_tenant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_published_summaries")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_published_summaries_tenant_id_id")),
        sa.UniqueConstraint(
            "tenant_id",
            "publication_id",
            "number",
            name=op.f("uq_published_summaries_tenant_id_publication_id_number"),
        ),
    )
    op.create_table(
        "report_links",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("report_id", sa.String(length=40), nullable=False),
        sa.Column("format", sa.String(length=16), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("created_by", sa.String(length=128), nullable=False),
        sa.Column("revoked_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "report_id"],
            ["reports.tenant_id", "reports.id"],
            name=op.f("fk_report_links_tenant_id_report_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_report_links_tenant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_links")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_report_links_tenant_id_id")),
    )
    with op.batch_alter_table("report_links") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_report_links_expires_at"), ["expires_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_report_links_tenant_id_report_id"),
            ["tenant_id", "report_id"],
            unique=False,
        )


def _widen_reports() -> None:
    with op.batch_alter_table("reports") as batch_op:
        batch_op.add_column(sa.Column("system_id", sa.String(length=40), nullable=True))
        batch_op.add_column(
            sa.Column("state", sa.String(length=16), nullable=False, server_default="finished")
        )
        batch_op.add_column(sa.Column("job_id", sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column("error_code", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("error_detail", sa.String(length=500), nullable=True))
        batch_op.add_column(sa.Column("started_at", Moment(), nullable=True))
        batch_op.add_column(sa.Column("finished_at", Moment(), nullable=True))
        batch_op.add_column(
            sa.Column("language", sa.String(length=8), nullable=False, server_default="en")
        )
        batch_op.add_column(sa.Column("order", Document, nullable=True))
        batch_op.add_column(
            sa.Column("automatic", sa.Boolean(), nullable=False, server_default=sa.true())
        )
        batch_op.add_column(
            sa.Column("series", sa.String(length=160), nullable=False, server_default="")
        )
        batch_op.add_column(sa.Column("number", sa.Integer(), nullable=False, server_default="1"))
        batch_op.add_column(sa.Column("superseded_by", sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column("schedule_id", sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column("period", sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column("document_sha256", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("signed_by", sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column("packs", Document, nullable=False, server_default="[]"))
        batch_op.add_column(
            sa.Column("sealed_under", sa.String(length=40), nullable=False, server_default="")
        )
        batch_op.create_index(
            batch_op.f("ix_reports_tenant_id_series"), ["tenant_id", "series"], unique=False
        )
        batch_op.create_unique_constraint(
            batch_op.f("uq_reports_tenant_id_schedule_id_period"),
            ["tenant_id", "schedule_id", "period"],
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_reports_tenant_id_job_id"),
            "jobs",
            ["tenant_id", "job_id"],
            ["tenant_id", "id"],
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_reports_tenant_id_system_id"),
            "systems",
            ["tenant_id", "system_id"],
            ["tenant_id", "id"],
        )


def _carry_up() -> None:
    """What is stored, under its new names."""
    kind, subject = _REPORTS.c.kind, _REPORTS.c.subject
    op.execute(_REPORTS.update().where(kind == "check").values(kind="interview_integrity"))
    op.execute(
        _REPORTS.update().values(
            series=kind + ":" + subject + ":en:",
            sealed_under=sa.func.coalesce(_REPORTS.c.candidate_id, subject),
            finished_at=_REPORTS.c.created_at,
        )
    )
    for name in ("checks", "fairness_audits"):
        of = sa.table(name, *(sa.column(each, sa.String()) for each in _OF))
        found = sa.select(of.c.system_id).where(
            of.c.tenant_id == _REPORTS.c.tenant_id, of.c.id == subject
        )
        here = _REPORTS.c.system_id.is_(None)
        op.execute(_REPORTS.update().where(here).values(system_id=found.scalar_subquery()))
    _rename_form("json", "result")


def _rename_form(old: str, new: str) -> None:
    """Of all files of all reports. Two forms cannot have one name: the one that has it goes."""
    connection = op.get_bind()
    for id, files in connection.execute(sa.select(_REPORTS.c.id, _REPORTS.c.files)).all():
        if any(each.get("format") == old for each in files):
            renamed = [_renamed(each, old, new) for each in files if each.get("format") != new]
            here = _REPORTS.c.id == id
            connection.execute(_REPORTS.update().where(here).values(files=renamed))


def _renamed(file: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    return {**file, "format": new} if file.get("format") == old else file


def downgrade() -> None:
    """Back to the one before. It knows results and their pages alone: other reports end."""
    _carry_down()
    _drop_tables()  # some refer to reports, which are made anew
    _narrow_reports()
    with op.batch_alter_table("comparisons") as batch_op:
        batch_op.drop_column("report_id")


def _narrow_reports() -> None:
    with op.batch_alter_table("reports") as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_reports_tenant_id_system_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_reports_tenant_id_job_id"), type_="foreignkey")
        batch_op.drop_constraint(
            batch_op.f("uq_reports_tenant_id_schedule_id_period"), type_="unique"
        )
        batch_op.drop_index(batch_op.f("ix_reports_tenant_id_series"))
        batch_op.drop_column("sealed_under")
        batch_op.drop_column("packs")
        batch_op.drop_column("signed_by")
        batch_op.drop_column("document_sha256")
        batch_op.drop_column("period")
        batch_op.drop_column("schedule_id")
        batch_op.drop_column("superseded_by")
        batch_op.drop_column("number")
        batch_op.drop_column("series")
        batch_op.drop_column("automatic")
        batch_op.drop_column("order")
        batch_op.drop_column("language")
        batch_op.drop_column("finished_at")
        batch_op.drop_column("started_at")
        batch_op.drop_column("error_detail")
        batch_op.drop_column("error_code")
        batch_op.drop_column("job_id")
        batch_op.drop_column("state")
        batch_op.drop_column("system_id")


def _drop_tables() -> None:
    with op.batch_alter_table("report_links") as batch_op:
        batch_op.drop_index(batch_op.f("ix_report_links_tenant_id_report_id"))
        batch_op.drop_index(batch_op.f("ix_report_links_expires_at"))

    op.drop_table("report_links")
    op.drop_table("published_summaries")
    with op.batch_alter_table("report_schedules") as batch_op:
        batch_op.drop_index(batch_op.f("ix_report_schedules_tenant_id_next_at"))

    op.drop_table("report_schedules")
    op.drop_table("recorded_answers")
    op.drop_table("publications")
    op.drop_table("sealed_secrets")
    op.drop_table("report_keys")
    op.drop_table("report_key_directories")


def _carry_down() -> None:
    """Reports that the software before cannot open count as erased; their bytes are swept."""
    kind = _REPORTS.c.kind
    ended = sa.func.coalesce(_REPORTS.c.erased_at, _REPORTS.c.created_at)
    op.execute(_REPORTS.update().where(~_REPORTS.c.automatic).values(erased_at=ended))
    op.execute(_REPORTS.update().where(kind == "interview_integrity").values(kind="check"))
    _rename_form("result", "json")
