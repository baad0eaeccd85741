"""A changed pack tells which past documents it would change, and in which fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from audit.errors import PackInvalid
from reports.compose import ll144_summary
from reports.compose.regime_file import compose
from reports.document import model as m
from reports.document.draft import Issue
from reports.packs import (
    Change,
    Pack,
    Past,
    affected,
    changes,
    pack,
    past_of,
    shown_forbidden,
    versions,
)
from tests.reports.packs import facts
from tests.reports.packs.test_answers import rules

ISSUE = Issue(id="report-1", issued_at="2026-11-22T10:00:00Z", publisher="Example Hiring")


def changed(old: Pack, edits: Mapping[str, Any], version: str = "2027-02-01") -> Pack:
    """The pack with another version, `edits` by field id: members to change; None: taken out."""
    made = old.model_dump(mode="json")
    for section in made["sections"]:
        kept = [f for f in section["fields"] if edits.get(f["id"], {}) is not None]
        section["fields"] = [{**f, **edits.get(f["id"], {})} for f in kept]
    return Pack.model_validate({**made, "version": version})


def past(held: Pack, kind: str, *fields: str, document: str = "r1") -> Past:
    use = m.PackUse(id=held.pack, version=held.version, sha256=held.sha256)
    return Past(document, kind, use, fields)


def told(change: Change) -> list[tuple[str, str, str]]:
    return [(d.part, d.id, d.what) for d in change.differences]


def test_a_new_version_of_the_same_changes_nothing() -> None:
    old = pack("ll144")
    change = changes(old, changed(old, {}))
    assert change.differences == ()
    assert affected(change, [past(old, "regime_file")]) == ()


def test_different_packs_are_not_compared() -> None:
    with pytest.raises(PackInvalid, match="'ll144' and 'ugesp' are different packs"):
        changes(pack("ll144"), pack("ugesp"))


def test_altered_fields_name_what_differs() -> None:
    old = pack("ll144")
    edits = {
        "ll144.source_of_data": {"title": "Where the data come from", "read": "secondary"},
        "ll144.scope": None,
    }
    change = changes(old, changed(old, edits))
    assert (change.pack, change.old, change.new) == ("ll144", "2026-11-22", "2027-02-01")
    assert told(change) == [
        ("field", "ll144.scope", "removed"),
        ("field", "ll144.source_of_data", "altered"),
    ]
    assert change.differences[1].members == (
        ("read", "primary", "secondary"),
        ("title", "Source of the data", "Where the data come from"),
    )


def test_documents_are_affected_where_they_hold_the_field_or_have_to() -> None:
    old = pack("ll144")
    edits = {"ll144.source_of_data": {"title": "Other"}, "ll144.scope": {"title": "Other"}}
    change = changes(old, changed(old, edits))
    documents = [
        past(old, "ll144_summary", document="summary"),
        past(old, "fairness_audit", "ll144.scope", document="audit with the gate"),
        past(old, "fairness_audit", document="audit"),
        past(old, "regime_file", document="file"),
        past(pack("ugesp"), "regime_file", document="another pack"),
    ]
    found = {each.document: each.fields for each in affected(change, documents)}
    assert found == {
        "summary": ("ll144.source_of_data",),
        "audit with the gate": ("ll144.scope",),
        "file": ("ll144.scope", "ll144.source_of_data"),
    }


def test_a_new_field_changes_the_documents_that_have_to_hold_it() -> None:
    old = changed(pack("ll144"), {"ll144.n_unknown": None}, "2026-11-22")
    change = changes(old, pack("ll144"))
    assert told(change) == [("field", "ll144.n_unknown", "added")]
    documents = [past(old, "ll144_summary", "ll144.scope"), past(old, "fairness_audit", "x.y")]
    assert [each.kind for each in affected(change, documents)] == ["ll144_summary"]


def test_a_field_that_is_no_longer_asked_for_changes_the_documents_that_held_it() -> None:
    old = pack("ll144")
    change = changes(old, changed(old, {"ll144.n_unknown": {"documents": []}}))
    assert [d.members for d in change.differences] == [(("documents", ["ll144_summary"], []),)]
    assert affected(change, [past(old, "ll144_summary")])[0].fields == ("ll144.n_unknown",)


def test_only_documents_of_the_very_version_are_looked_at() -> None:
    old = pack("ll144")
    middle = changed(old, {"ll144.scope": {"title": "Middle"}}, "2027-01-01")
    new = changed(old, {"ll144.scope": {"title": "New"}}, "2027-02-01")
    documents = [past(old, "regime_file"), past(middle, "regime_file", document="r2")]
    assert [a.document for a in affected(changes(middle, new), documents)] == ["r2"]


def test_what_is_said_of_the_whole_pack_and_prohibitions_differ_too() -> None:
    rule = {"id": "own.rule", "title": "Not so", "documents": ["candidate_notice"]}
    old = rules({"recorded": "text"}, prohibitions=[rule])
    new = rules({"recorded": "text"}, clocks=["gdpr.request"], version="2027-01-01")
    change = changes(old, new)
    assert told(change) == [
        ("pack", "own_rules", "altered"),
        ("prohibition", "own.rule", "removed"),
    ]
    documents = [past(old, "candidate_notice"), past(old, "explanation_letter", "own.f0")]
    found = affected(change, documents)
    assert [(a.kind, a.fields, len(a.differences)) for a in found] == [("candidate_notice", (), 1)]


def test_a_status_of_the_pack_alters_every_field_that_has_it() -> None:
    old = rules({"recorded": "text"}, {"recorded": "text", "status": "voluntary"})
    new = rules(
        {"recorded": "text"}, {"recorded": "text", "status": "voluntary"}, until="2027-01-01"
    )
    assert told(changes(old, new)) == [
        ("pack", "own_rules", "altered"),
        ("field", "own.f0", "altered"),
    ]


def test_a_field_in_another_section_is_altered() -> None:
    old = rules({"recorded": "text"}).model_dump(mode="json")
    old["sections"][0]["title"] = "Elsewhere"
    change = changes(Pack.model_validate(old), rules({"recorded": "text"}))
    assert [d.members for d in change.differences] == [(("section", "Elsewhere", "All"),)]


def test_a_composed_file_tells_what_it_holds() -> None:
    held = [pack("on_esa_8_4"), pack("nj_disparate_impact")]
    document = compose({}, held, ISSUE)
    found = past_of(document, versions())
    assert [(p.document, p.kind, p.use.id, p.use.sha256) for p in found] == [
        ("report-1", "regime_file", each.pack, each.sha256) for each in held
    ]
    assert [p.fields for p in found] == [tuple(f.id for f in each.fields) for each in held]
    assert past_of(document, held[:1]) == found, "of a version that is gone, what is in no other"
    new = changed(held[1], {"nj.impact": {"read": "primary"}})
    assert [a.fields for a in affected(changes(held[1], new), found)] == [("nj.impact",)]


def test_other_documents_tell_what_they_hold_too() -> None:
    rules_ = pack("ll144")
    summary = ll144_summary.compose(facts.audit(), facts.recorded(rules_), ISSUE)
    (found,) = past_of(summary, versions())
    assert found.kind == "ll144_summary" and "ll144.source_of_data" in found.fields
    new = changed(rules_, {"ll144.scope": {"title": "Other"}, "ll144.n_unknown": {"title": "N"}})
    assert [a.fields for a in affected(changes(rules_, new), [found])] == [("ll144.n_unknown",)]
    assert shown_forbidden(summary, rules_) == ()
