"""What was not read in a primary source shows as such; nothing is dated by what was not read."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from reports.compose.regime_file import compose
from reports.document import model as m
from reports.document.draft import Issue
from reports.packs import Pack, packs
from reports.packs.model import Prohibition, RuleField
from reports.render.html import render_html
from tests.reports.packs.regimes import DAYS, LETTERS, LISTED, NAMED, OWN, PRIMARY, SECONDARY
from tests.reports.render.sealing import sealed

ISSUE = Issue(id="report-1", issued_at="2026-11-22T10:00:00Z", publisher="Example Hiring")
DOCS = Path(__file__).resolve().parents[3] / "docs" / "rule-packs.md"
BADGE = re.compile(
    r'<span class="badge read-(\w+)">([^<]*)</span>\s*<code>([^<]*)</code>', re.DOTALL
)
WARNED = re.compile(r"[Cc]heck (it |them |each field )?before relying on (it|them)")
WORDS = {"primary": "read in the primary source", "secondary": "read in a secondary source"}


def secondary(name: str) -> bool:
    return name != PRIMARY and any(fnmatchcase(name, stem) for stem in SECONDARY)


def listed_in_docs() -> str:
    text = DOCS.read_text("utf-8")
    return text.split("## What was not in the checklists\n")[1].split("\n## ")[0]


@pytest.mark.parametrize("held", packs().values(), ids=packs())
def test_what_was_read_is_what_is_kept_here(held: Pack) -> None:
    for field in held.fields:
        assert field.read == ("secondary" if secondary(field.id) else "primary"), field.id
    for rule in held.prohibitions:
        expected = "secondary" if rule.id == "eu_ai_act.no_emotion_inference" else "primary"
        assert rule.read == expected, rule.id


@pytest.mark.parametrize("held", packs().values(), ids=packs())
def test_each_secondary_field_shows_as_such_in_the_regime_file(held: Pack) -> None:
    document = compose({}, [held], ISSUE)
    items = [i for b in document.blocks if isinstance(b, m.Fields) for i in b.items]
    expected = {
        field.id: "secondary" if secondary(field.id) else "primary" for field in held.fields
    }
    assert {item.id: item.read for item in items} == expected
    page = render_html(sealed(document)).decode("utf-8")
    shown = {name: (read, text) for read, text, name in BADGE.findall(page)}
    assert shown == {name: (read, WORDS[read]) for name, read in expected.items()}
    count = sum(read == "secondary" for read in expected.values())
    assert document.data["packs"][0]["counts"]["secondary"] == count
    assert ("Read in accounts" in page) == (count > 0)


@pytest.mark.parametrize("held", packs().values(), ids=packs())
def test_each_secondary_field_says_to_check_it(held: Pack) -> None:
    """In its own note, or in a sentence of the pack that the regime file shows."""
    whole = " ".join((held.note or "", *held.sources))
    for field in held.fields:
        if field.read == "secondary":
            assert WARNED.search(f"{field.note or ''} {whole}"), field.id


def test_the_docs_list_each_secondary_field_and_no_other() -> None:
    table = listed_in_docs().split("**Fields.**")[1].split("**Taken out**")[0]
    named = set(re.findall(r"`([^`]+)`", table)) - {PRIMARY, "eu_ai_act.no_emotion_inference"}
    assert named == set(SECONDARY)


def test_what_is_on_no_checklist_is_in_the_docs() -> None:
    on_list = {*" ".join(LISTED.values()).split(), *NAMED.values(), *SECONDARY}
    kept = tuple(f"eu_ai_act.fria.{letter}" for letter in LETTERS["3B"] if letter != "d")
    kept += ("eu_ai_act.annex4.", "ll144.data_kind.")
    left = {
        field.id
        for pack in packs().values()
        for field in pack.fields
        if field.id not in on_list and field.id != "eu_ai_act.fria.d"
        if not field.id.startswith(kept)
    }
    assert left == set(OWN)
    own = listed_in_docs().split("**Of our own.**")[1]
    assert left <= set(re.findall(r"`([^`]+)`", own))


def test_only_these_parts_have_days_of_their_own() -> None:
    found: dict[str, tuple[str, str | None, str | None]] = {}
    for pack in packs().values():
        parts: tuple[RuleField | Prohibition, ...] = (*pack.fields, *pack.prohibitions)
        for part in parts:
            if (part.status, part.since, part.until) != (pack.status, pack.since, pack.until):
                since = part.since.isoformat() if part.since else None
                until = part.until.isoformat() if part.until else None
                found[part.id] = (part.status, since, until)
    for name, days in found.items():
        assert [kept for stem, kept in DAYS.items() if fnmatchcase(name, stem)] == [days], name
    assert all(any(fnmatchcase(name, stem) for name in found) for stem in DAYS)


def test_days_that_were_not_read_are_of_secondary_fields_or_noted() -> None:
    for name in ("eu_ai_act", "eu_ai_act_provider"):
        assert WARNED.search(packs()[name].note or ""), name
    dated = [name for name in DAYS if name != "ll144.extra.*"]
    rules = [r.id for p in packs().values() for r in p.prohibitions if r.read == "secondary"]
    assert all(name in SECONDARY or name in rules for name in dated)


def test_the_rescission_of_the_guidelines_is_told_and_not_taken_for_law() -> None:
    rules = packs()["ugesp"]
    assert rules.status == "in_force" and rules.until is None
    for part in ("3046-AB43", "3046-AB45", "no published final rule"):
        assert part in (rules.note or "")
