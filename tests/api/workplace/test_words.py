"""How values are said on pages."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from api.workplace import words
from audit.records.register import Interview


@pytest.mark.parametrize(("count", "said"), [(0, "0 days"), (1, "1 day"), (1461, "1,461 days")])
def test_counts_agree_with_their_unit(count: int, said: str) -> None:
    assert words.counted(count, "day") == said


def test_signals_are_called_what_reports_call_them() -> None:
    assert words.signal("av_sync") == "Mouth and sound in step"
    assert words.signal("of_somebody_else") == "Of somebody else"


@pytest.mark.parametrize(
    ("code", "said"), [("en", "English"), ("de-AT", "German (de-AT)"), ("fr", "fr")]
)
def test_languages_have_names(code: str, said: str) -> None:
    assert words.language(code) == said


def test_days_are_said_alike_for_laws_and_for_moments() -> None:
    assert words.day(date(2026, 12, 22)) == words.day(datetime(2026, 12, 22, 23, 59, tzinfo=UTC))


@pytest.mark.parametrize(
    ("job", "stage", "said"),
    [("job-1", "First", "job-1, First"), (None, "First", "First"), (None, None, "No job or stage")],
)
def test_a_job_without_a_name_leaves_no_gap(job: str | None, stage: str | None, said: str) -> None:
    interview = Interview(
        id="int_1", candidate_id="cand_1", system_id="sys_1", job=job, stage=stage
    )
    assert words.job_stage(interview).startswith(said)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("face_consistency-1", "Face consistency, 1"),
        ("chk_01M84R52ZB1KZSBM4HK0VHHV7N", "The check as a whole (VHHV7N)"),
        ("letter-1", "letter-1"),
    ],
)
def test_evidence_is_named(code: str, said: str) -> None:
    assert words.evidence(code) == said
