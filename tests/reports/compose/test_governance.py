"""The governance report: every figure from the facts, and what it says when they change."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from audit.records.period import PeriodFacts, period_json, read_period
from audit.records.register import DecisionRole, Mode
from fairness.intervals import difference_newcombe, wilson
from fairness.rates import Pair
from reports.compose.duties import applying, book, within
from reports.compose.governance import compose, sources
from reports.document import model as m
from reports.document.catalogue import catalogue
from reports.document.check import chart_columns, faults, inlines
from reports.document.draft import Issue
from reports.document.pointers import resolve
from reports.document.values import write
from tests.reports.compose.told import ACCUSING, first_screen, headings, leaves, ours, say

ISSUE = Issue(id="rep-1", issued_at="2026-12-05T09:00:00Z", publisher="Example AG")
Json = dict[str, Any]


@cache
def _month() -> str:
    """A month as `audit.operations.period` counted it of `tests.audit.operations.periods`."""
    return Path(__file__).with_name("period.json").read_text("utf-8")


def month() -> Json:
    made: Json = json.loads(_month())
    return made


def nothing() -> Json:
    """A month of which nothing is recorded."""
    facts = month()
    _emptied(facts["counts"])
    facts["counts"]["decisions"]["by_mode"] = month()["counts"]["decisions"]["by_mode"]
    for mode in facts["counts"]["decisions"]["by_mode"]:
        _emptied(mode)
    facts["audits"] |= {"made": [], "last": None, "last_age_days": None, "failed": 0, "clocks": []}
    facts["group_events"] = {
        "audits_read": {"count": 0, "of": 0, "unknown": 0},
        "tables": [],
        "rows": [],
    }
    facts["ledger"] |= {"root": None, "key_id": None, "signed_at": None, "size": 0, "waiting": 0}
    facts["system"] |= {"jurisdictions": [], "data_types": [], "retention": []}
    return facts | {"before": None, "drift": []}


def _emptied(held: Any) -> None:
    for name, value in list(held.items()):
        if isinstance(value, dict):
            _emptied(value)
        elif isinstance(value, list):
            held[name] = []
        elif name in ("median", "p90"):
            held[name] = None
        elif isinstance(value, int) and not isinstance(value, bool):
            held[name] = 0


def everything() -> Json:
    """A month in which all that can need attention does."""
    facts = month()
    facts["system"] |= {
        "jurisdictions": ["US-CO", "US-NY-NYC"],
        "notice_url": "https://x.example/n",
    }
    facts["system"] |= {"retired_at": "2026-11-29T00:00:00Z"}
    facts["counts"]["as_of"] = "2027-01-20T00:00:00Z"
    facts["counts"]["last_day"] = "2027-01-31"
    facts["audits"]["clocks"][0] |= {"overdue": True, "days_left": -3}
    facts["audits"]["last"]["classes"] |= {"small_numbers": 1, "significant_above_four_fifths": 1}
    facts["audits"]["made"] = []
    counts = facts["counts"]
    counts["decisions"]["final_without_review"] = {"count": 34, "of": 34, "unknown": 0}
    counts["transparency"]["scored_and_told"] = {"count": 0, "of": 2, "unknown": 0}
    counts["requests"]["access"] |= {"overdue": 1, "in_time": {"count": 0, "of": 1, "unknown": 0}}
    counts["human_paths"] |= {"overdue": 1, "open": 1}
    counts["reviews"]["all"] |= {"overdue": 1, "closed": 2}
    counts["incidents"]["jobs_failed"] = {"count": 2, "of": 9, "unknown": 0}
    counts["incidents"]["deliveries_dead"] = {"count": 2, "of": 9, "unknown": 0}
    counts["retention"] |= {"past_due": {"count": 1, "of": 4, "unknown": 0}, "holds_set": 2}
    counts["retention"] |= {"recordings_erased": 3}
    facts["ledger"] |= {"faults": 2, "verified_at": "2026-12-05T08:00:00Z"}
    return facts


CASES: tuple[Callable[[], Json], ...] = (month, nothing, everything)


@pytest.fixture(params=CASES, ids=lambda made: made.__name__)
def facts(request: pytest.FixtureRequest) -> Json:
    made: Json = request.param()
    return made


def report(facts: Json) -> m.Document:
    return compose(facts, ISSUE)


def lines(document: m.Document) -> list[str]:
    """Every sentence, and every cell of every table and chart as it is written."""
    found = [say(inline) for inline in inlines(document)]
    for block in document.blocks:
        if isinstance(block, m.Table | m.Chart):
            columns = block.columns if isinstance(block, m.Table) else chart_columns(block)
            for row in resolve(document.data, block.rows):
                found += [write(resolve(row, c.at), c.show) for c in columns]
    return found


def test_the_material_is_what_the_store_counts() -> None:
    facts = read_period(month())
    assert isinstance(facts, PeriodFacts)
    assert period_json(facts) == month()


def test_no_faults(facts: Json) -> None:
    assert faults(report(facts)) == []


def test_sections_stand_in_the_order_of_reading(facts: Json) -> None:
    wanted = ["not-recorded", "system", "follows", "interviews", "decisions", "transparency"]
    wanted += ["audits", "notices", "people", "reviews", "flags", "incidents", "retention"]
    wanted += ["drift", "points", "methods"]
    assert headings(report(facts), 2) == wanted


def test_the_first_screen_says_what_needs_attention_by_how_much_and_how_sure() -> None:
    said = first_screen(report(month()))
    assert "In this period 6 points need attention." in said
    assert "No notice in time: 33 of 35 interviews that need one (94.3%; 81.4% to 98.4%)." in said
    assert "No recorded human review: 1 of 34 final decisions (2.9%; 0.5% to 14.9%)." in said
    assert "The period has 37 interviews of 37 candidates and 35 recorded decisions." in said


def test_a_month_of_nothing_says_none_recorded() -> None:
    said = "\n".join(lines(report(nothing())))
    for words in (
        "No interview and no decision is recorded in the period.",
        "No final decision is recorded in the period.",
        "Requests: none recorded.",
        "Human alternatives: none recorded.",
        "Review cases: none recorded.",
        "Flags: none recorded.",
        "Erased in the period: none recorded.",
        "Legal holds of the organisation: none recorded.",
        "No bias audit is recorded, in this period or before.",
        "Nothing is recorded of the period before",
    ):
        assert words in said
    assert "In this period 1 point needs attention." in said


def test_a_month_of_everything_names_each_point() -> None:
    rows = report(everything()).data["shown"]["attention"]
    named = [row["code"] for row in rows]
    known = set(catalogue("en").words["period_attention"])
    unseen = known - set(named)
    assert unseen == {"audit_missing", "audit_none", "ledger_unverified"}
    assert [row["class"] for row in rows] == sorted(
        (row["class"] for row in rows), key=["law", "practice", "unrecorded"].index
    )
    said = first_screen(report(everything()))
    assert "By 6 RCNY" not in said
    assert "it was to be renewed by 18 November 2027." in said


def test_decisions_without_any_recorded_review_are_called_what_they_are() -> None:
    said = "\n".join(lines(report(everything())))
    assert (
        "None of the 34 final decisions of the period has a recorded human review before it. So "
        "far as the records go, they were taken without one." in said
    )
    facts = month()
    facts["counts"]["decisions"]["final_without_review"]["count"] = 0
    said = "\n".join(lines(report(facts)))
    assert "All 34 final decisions of the period have a recorded human review before them." in said


def test_no_text_of_ours_accuses(facts: Json) -> None:
    for inline in inlines(report(facts)):
        assert ACCUSING.search(ours(inline)) is None, ours(inline)
    for group, words in catalogue("en").words.items():
        if group.startswith("period_"):
            assert all(ACCUSING.search(word) is None for word in words.values())


def _altered(facts: Json, path: tuple[str | int, ...]) -> Json:
    """Another value at the end of a way; a numerator takes its denominator along."""
    made = copy.deepcopy(facts)
    holder: Any = made
    for step in path[:-1]:
        holder = holder[step]
    held = holder[path[-1]]
    if isinstance(held, bool):
        holder[path[-1]] = not held
    elif isinstance(held, str):
        holder[path[-1]] = (
            re.sub(r"^202\d-", "2019-", held) if re.match(r"202\d-", held) else f"x{held}"
        )
    else:
        holder[path[-1]] = held + 1
        if path[-1] == "count" and "of" in holder:
            holder["of"] += 1
    return made


UNSEEN = re.compile(
    r"^(format|before/.*|drift/\d+/(figure|kind|now_value|before_value|.*unknown)"
    r"|system/(id|policy|registered_at|mode|decision_role|retention/\d+/artefact|jurisdictions/\d+|data_types/\d+)"
    r"|counts/(since|until|as_of|first_day|last_day)"
    r"|counts/(interviews/by_mode|decisions/by_mode|decisions/by_outcome)/\d+/(code|mode|of)"
    r"|counts/interviews/by_stage/\d+/of|counts/.*/unit|counts/reviews/by_kind/.*"
    r"|counts/decisions/by_mode/[123]/.*|counts/decisions/by_mode/\d+/(.*unknown|person_recorded/of)"
    r"|counts/decisions/(final|by_outcome/\d+/of)|counts/decisions/.*/unknown"
    r"|counts/consents/(recording|automated_evaluation|demographics)/covered/.*"
    r"|counts/(transparency|human_paths|reviews|flags|incidents|retention)/.*unknown"
    r"|counts/transparency/(access|explanations|explanations_given)/.*"
    r"|counts/consents/.*/covered/unknown|counts/interviews/checked/unknown"
    r"|counts/(requests|human_paths|reviews)/.*(p90|hours/count|days/(count|p90)|time_to_human/count)"
    r"|counts/requests/\w+/(granted/.*|in_time/unknown|withdrawn)|counts/requests/(human_alternative|appeal|correction|deletion)/.*"
    r"|counts/human_paths/asked|counts/human_paths/held/of"
    r"|counts/reviews/all/(upheld|modified|reversed|disagreed|four_eyes|changed)/of"
    r"|counts/notices/(given/\d+/(kind|in_time/unknown)|coverage/\d+/(kind|rule)|covered/of)"
    r"|counts/flags/by_kind/\d+/(severity|outcome)|counts/incidents/check_errors/\d+/of"
    r"|audits/(made|last)/.*|audits/last_age_days|audits/clocks/\d+/(clock|overdue)"
    r"|group_events/.*|ledger/(size|faults))$"
)
"""What has no place of its own in the text: names for programs, words of closed lists, and what
further tests change with the rest of its kind."""


def _content(facts: Json) -> list[Any]:
    """Sentences, and the values of cells before they are written, which is quicker."""
    document = report(facts)
    found: list[Any] = [say(inline) for inline in inlines(document)]
    for block in document.blocks:
        if isinstance(block, m.Table | m.Chart):
            columns = block.columns if isinstance(block, m.Table) else chart_columns(block)
            found += [resolve(r, c.at) for r in resolve(document.data, block.rows) for c in columns]
    return found


def test_every_figure_that_changes_changes_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reports.document.draft.canonical_json", lambda data: b"")  # for speed
    facts = month()
    facts["before"] = {name: facts["before"][name] for name in ("first_day", "last_day")}
    before = _content(facts)
    same = []
    seen = 0
    for path in leaves(facts):
        name = "/".join(str(step) for step in path)
        if UNSEEN.match(name):
            continue
        seen += 1
        if _content(_altered(facts, path)) == before:
            same.append(name)
    assert not same, same
    assert seen > 120


def test_every_value_in_a_sentence_follows_its_field() -> None:
    document = report(month())
    shown = [p for i in inlines(document) for p in i if isinstance(p, m.Shown)]
    assert len(shown) > 100
    for piece in shown:
        assert piece.text == write(resolve(document.data, piece.at), piece.show)


def test_intervals_are_those_of_the_fairness_engine() -> None:
    data = report(month()).data["shown"]
    for each in data["shares"].values():
        found = wilson(each["count"], each["of"], level=data["level"])
        assert each["interval"] == ([found.low, found.high] if found else None)
    row = next(r for r in data["drift"] if r["figure"] == "decisions_rejected")
    pair = Pair(row["now_count"], row["now_of"], row["before_count"], row["before_of"])
    found = difference_newcombe(pair, level=data["level"])
    assert found is not None and row["interval"] == [found.low, found.high]


def test_events_by_group_are_those_of_the_audit_alone() -> None:
    facts = month()
    rows = report(facts).data["shown"]["events"]
    assert [(r["group"], r["count"], r["of"]) for r in rows] == [
        ("sex: Female", 6, 40),
        ("sex: Male", None, None),
    ]
    facts["group_events"]["rows"] = []
    said = "\n".join(lines(report(facts)))
    assert "No bias audit that could be read counts such events by group." in said


def test_sources_are_the_facts_and_the_audits() -> None:
    found = sources(month())
    assert [s.name for s in found] == ["period", "audit", "audit"]
    assert all(len(s.sha256) == 64 for s in found)


def test_a_period_that_has_not_ended_says_so() -> None:
    facts = month()
    facts["counts"]["as_of"] = "2026-11-20T10:00:00Z"
    assert "what is here is as of 20 November 2026, 10:00 UTC." in first_screen(report(facts))


# --- Duties ---------------------------------------------------------------------------------


def _system(**changes: Any) -> Json:
    held: Json = {
        "mode": "ai_led",
        "decision_role": "substantially_assists",
        "data_types": ["video"],
        "jurisdictions": ["US-NY-NYC"],
    }
    return held | changes


def test_duties_follow_from_mode_role_data_place_and_day() -> None:
    day = date(2026, 11, 30)
    named = {row["id"] for row in applying(_system(), day)}
    assert {"ll144_audit", "ll144_notice", "us_yearly_impact", "solely_automated"} <= named
    assert "interviewers_differ" not in named
    led = {row["id"] for row in applying(_system(mode="human_led"), day)}
    assert "ll144_audit" not in led
    assert "interviewers_differ" in led
    assert {r["id"] for r in applying(_system(decision_role="informs"), day)}.isdisjoint(
        {"ll144_audit", "solely_automated"}
    )
    colorado = {r["id"]: r for r in applying(_system(jurisdictions=["US-CO"]), day)}
    assert (colorado["co_notice"]["standing"], colorado["co_notice"]["since"]) == (
        "not_yet",
        "2027-01-01",
    )
    later = {r["id"]: r for r in applying(_system(jurisdictions=["US-CO"]), date(2027, 1, 1))}
    assert (later["co_notice"]["standing"], later["co_notice"]["since"]) == ("in_force", None)


def test_a_part_of_a_place_and_a_member_state_count() -> None:
    assert within(["DE-BY"], ["EU"])
    assert within(["US-NY-NYC"], ["US"])
    assert within(["XX-1"], ["XX"])
    assert not within(["US-CA"], ["EU"])


def test_every_duty_has_its_words_and_its_section() -> None:
    words = catalogue("en").words
    assert {each.id for each in book().duty} == set(words["period_duty"])
    assert {each.answered_by for each in book().duty} <= set(words["period_section"])


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("role", list(DecisionRole))
def test_every_mode_and_role_can_be_told(mode: Mode, role: DecisionRole) -> None:
    facts = month()
    facts["system"] |= {"mode": mode.value, "decision_role": role.value}
    facts["system"]["jurisdictions"] = ["US-CO", "US-CA", "US-IL", "US-NJ", "DE", "CA-ON"]
    assert faults(report(facts)) == []
