"""Regime files: every figure from the data, open fields without prose, statuses of the day."""

from __future__ import annotations

import copy
import re
from datetime import date
from typing import Any

import pytest

from audit.canonical import canonical_hash
from reports.compose.regime_file import compose
from reports.document import model as m
from reports.document.check import faults, inlines
from reports.document.draft import Issue
from reports.document.pointers import resolve
from reports.packs import Pack, Recorded, gathered, pack, packs, shown_forbidden
from tests.reports.packs import facts
from tests.reports.packs.test_answers import by_somebody, computed, rules

ISSUE = Issue(id="report-1", issued_at="2026-11-22T10:00:00Z", publisher="Example Hiring")
BARRED = re.compile(r"\b(compliant|guilty|fake|bias-free|deepfake|fair)\b")


def words(inline: m.Inline) -> str:
    return "".join(piece if isinstance(piece, str) else piece.text for piece in inline)


def everything(document: m.Document) -> str:
    return "\n".join(words(inline) for inline in inlines(document))


def items(document: m.Document) -> dict[str, m.PackField]:
    blocks = [block for block in document.blocks if isinstance(block, m.Fields)]
    return {item.id: item for block in blocks for item in block.items}


def notices(document: m.Document) -> list[str]:
    return [words(b.title) for b in document.blocks if isinstance(b, m.Notice)]


def held(name: str) -> dict[str, Any]:
    whole = facts.full()
    return {
        "empty": {},
        "audit": {"audit": whole["audit"]},
        "period": {"period": whole["period"]},
        "full": whole,
    }[name]


def people(*some: Pack) -> dict[str, dict[str, Recorded]]:
    return {each.pack: facts.recorded(each) for each in some}


@pytest.mark.parametrize("name", ["empty", "audit", "period", "full"])
@pytest.mark.parametrize("answered", [False, True])
def test_every_file_says_what_its_data_say(name: str, answered: bool) -> None:
    every = list(packs().values())
    document = compose(held(name), every, ISSUE, recorded=people(*every) if answered else None)
    assert faults(document) == []
    assert not BARRED.search(everything(document))
    assert [use.id for use in document.packs] == list(packs())
    for data in document.data["packs"]:
        counts = data["counts"]
        kinds = ("computed", "recorded", "open", "not_applicable")
        assert counts["fields"] == sum(counts[kind] for kind in kinds)
        assert len(data["open"]) == counts["open"]
        assert counts["answered"] == counts["computed"] + counts["recorded"]


@pytest.mark.parametrize("name", packs())
def test_a_file_of_one_pack_holds_each_field_once_in_order(name: str) -> None:
    rules_ = pack(name)
    document = compose(held("full"), [rules_], ISSUE, recorded=people(rules_))
    assert faults(document) == []
    found = [i.id for b in document.blocks if isinstance(b, m.Fields) for i in b.items]
    assert found == [field.id for field in rules_.fields]
    assert words(document.title) == f"Regime file: {rules_.title}"


def test_an_open_field_has_its_reason_and_no_prose() -> None:
    every = list(packs().values())
    for item in items(compose({}, every, ISSUE)).values():
        assert item.answered == "open"
        assert item.answer == () and item.by == ()
        assert words(item.open_reason).startswith("Open: ")


def test_an_answered_field_has_no_reason() -> None:
    every = list(packs().values())
    document = compose(held("full"), every, ISSUE, recorded=people(*every))
    for item in items(document).values():
        if item.answered != "open":
            assert item.answer and item.open_reason == (), item.id
            assert bool(item.by) == (item.answered == "recorded" and _said(document, item.id))


def _said(document: m.Document, field: str) -> bool:
    fields = (f for p in document.data["packs"] for s in p["sections"] for f in s["fields"])
    return any(f["how"] == "recorded" for f in fields if f["id"] == field)


def test_each_computed_value_follows_the_facts() -> None:
    """Every number of the facts that a file shows is changed, and each time the file changes."""
    rules_ = pack("ll144")
    audit = held("audit")["audit"]
    audit["tables"] = [table for table in audit["tables"] if not table["basis"].startswith("stage")]
    whole = {"audit": {n: audit[n] for n in ("data", "features", "run", "settings", "tables")}}
    before = compose(whole, [rules_], ISSUE)
    values = [v for v in _values(before) if isinstance(v["value"], int | float)]
    plain = [v for v in values if not v["derived"]]
    assert len(plain) > 60
    for value in plain[::6]:
        edited = copy.deepcopy(whole)
        _put(edited, value["at"], value["value"] + 1)
        after = compose(edited, [rules_], ISSUE)
        assert faults(after) == []
        assert everything(after) != everything(before), value["at"]


def _values(document: m.Document) -> list[dict[str, Any]]:
    fields = (f for p in document.data["packs"] for s in p["sections"] for f in s["fields"])
    return [value for field in fields for value in field["values"]]


def _put(data: Any, pointer: str, value: Any) -> None:
    way, _, last = pointer.rpartition("/")
    holder = resolve(data, way)
    holder[int(last) if isinstance(holder, list) else last] = value


def test_values_are_shown_from_the_facts_themselves() -> None:
    document = compose(held("audit"), [pack("ll144")], ISSUE)
    answer = items(document)["ll144.n_applicants"].answer
    places = [piece.at for piece in answer if isinstance(piece, m.Shown)]
    assert "/audit/tables/0/rows/0/assessed" in places
    assert words(answer).startswith("Selection – Female: 2,659; Male: 3,111; ")


def test_what_a_person_recorded_is_shown_with_name_and_day() -> None:
    rules_ = pack("ll144")
    given = {
        "ll144.source_of_data": by_somebody("Applications of 2025 & <b>more</b>"),
        "ll144.data_kind": by_somebody("test"),
        "ll144.auditor_independent": by_somebody(True),
        "ll144.distribution_date": by_somebody("2025-03-01"),
    }
    found = items(compose({}, [rules_], ISSUE, recorded={"ll144": given}))
    source = found["ll144.source_of_data"]
    assert (source.answered, words(source.answer)) == (
        "recorded",
        "Applications of 2025 & <b>more</b>",
    )
    assert words(source.by) == "Renée Okafor, 3 November 2026"
    assert words(found["ll144.data_kind"].answer) == "Test data"
    assert words(found["ll144.auditor_independent"].answer) == "yes"
    assert words(found["ll144.distribution_date"].answer) == "1 March 2025"
    pooling = found["ll144.data_kind.pooling"]
    assert words(pooling.answer) == (
        "Without a subject: “Which kind of data was used?” is answered “Test data”."
    )


def test_both_answers_are_shown_where_there_are_both() -> None:
    field = computed({"at": "/audit/data/persons", "show": "integer"}, recorded="number")
    whole = {"audit": {"data": {"persons": 1700}}}
    answers = {"own_rules": {"own.f0": by_somebody(1650)}}
    document = compose(whole, [rules(field)], ISSUE, recorded=answers)
    assert faults(document) == []
    assert words(items(document)["own.f0"].answer) == (
        "1,700 – recorded beside it: 1,650 (Renée Okafor, 3 November 2026)"
    )


def test_what_no_longer_fits_is_open_and_says_whose_it_was() -> None:
    held_ = rules({"recorded": "yes_no"})
    document = compose({}, [held_], ISSUE, recorded={"own_rules": {"own.f0": by_somebody("yes")}})
    assert faults(document) == []
    item = items(document)["own.f0"]
    assert item.answered == "open" and item.answer == ()
    assert words(item.open_reason) == (
        "Open: what Renée Okafor recorded on 3 November 2026 does not fit the field any more. To "
        "be answered by: employer."
    )


def test_shares_say_of_how_many_and_of_whom_nothing_is_known() -> None:
    whole = held("period")
    share = {"count": 4, "of": 31, "unknown": 0}
    whole["period"]["counts"]["consents"]["media_analysis"]["covered"] = share
    document = compose(whole, [pack("il_aivia")], ISSUE)
    assert words(items(document)["aivia.consent"].answer) == "4 of 31"
    share["unknown"] = 2
    document = compose(whole, [pack("il_aivia")], ISSUE)
    assert words(items(document)["aivia.consent"].answer) == "4 of 31; not recorded for 2"


def test_long_answers_say_how_many_are_left_out() -> None:
    whole = {"audit": {"features": [{"name": f"feature {chr(65 + n)}"} for n in range(45)]}}
    field = computed({"at": "/audit/features/*/name"})
    document = compose(whole, [rules(field)], ISSUE)
    assert faults(document) == []
    assert words(items(document)["own.f0"].answer).endswith("; and 5 more")


@pytest.mark.parametrize(
    ("name", "on", "status", "title"),
    [
        ("co_sb26_189", date(2026, 11, 22), "from", "Not yet in force"),
        ("co_sb26_189", date(2027, 1, 1), "in_force", None),
        ("co_4ccr904_6", date(2027, 1, 1), "proposed", "Proposed"),
        ("co_sb24_205", date(2027, 1, 1), "voluntary", "Voluntary"),
        ("ca_crd", date(2025, 9, 30), "from", "Not yet in force"),
        ("gdpr", date(2026, 11, 22), "in_force", None),
    ],
)
def test_the_status_is_that_of_the_day(name: str, on: date, status: str, title: str | None) -> None:
    document = compose({}, [pack(name)], ISSUE, on=on)
    assert faults(document) == []
    first = document.data["packs"][0]["sections"][0]["fields"][0]["id"]
    assert items(document)[first].status == status
    others = {"Not yet in force", "Not in force", "Proposed", "Voluntary"}
    assert others.intersection(notices(document)) == ({title} if title else set())


def test_a_repealed_pack_and_withdrawn_fields_say_so() -> None:
    old = rules({"recorded": "text"}, until="2026-06-02")
    document = compose({}, [old], ISSUE)
    assert faults(document) == []
    assert "Not in force" in notices(document)
    item = items(document)["own.f0"]
    assert (item.status, words(item.citation)) == ("withdrawn", "House rules; until 2 June 2026")
    draft = items(compose({}, [pack("il_hb3773")], ISSUE))["il_hb3773.draft.purpose"]
    assert (draft.status, draft.read) == ("withdrawn", "secondary")


def test_what_was_read_in_accounts_is_said() -> None:
    document = compose({}, [pack("nj_disparate_impact")], ISSUE)
    assert "For 5 of 5 fields an account of the law was read" in everything(document)
    assert "Read in accounts" not in notices(compose({}, [pack("ll144")], ISSUE))


def test_open_fields_come_before_all_others() -> None:
    document = compose({}, [pack("ll144")], ISSUE)
    kinds = [b.type for b in document.blocks]
    table = next(b for b in document.blocks if isinstance(b, m.Table))
    assert table.rows == "/packs/0/open"
    assert kinds.index("table") < kinds.index("fields")


def test_what_stands_against_the_use_comes_first_of_all() -> None:
    whole = held("audit")
    whole["audit"]["features"][0]["provenance"] = "imputed"
    given = {"ll144": {"ll144.auditor_independent": by_somebody(False)}}
    document = compose(whole, [pack("ll144")], ISSUE, recorded=given)
    assert faults(document) == []
    tables = [b.rows for b in document.blocks if isinstance(b, m.Table)]
    assert tables[:2] == ["/packs/0/against", "/packs/0/open"]
    assert "2 answers and facts stand against it." in everything(document)
    why = [each["why"] for each in document.data["packs"][0]["against"]]
    assert why == ["recorded", "rule"]


def test_clocks_are_those_of_the_file_of_clocks() -> None:
    document = compose({}, [pack("ll144")], ISSUE)
    clocks = {c["id"]: c for c in document.data["packs"][0]["clocks"]}
    notice = clocks["ll144.notice"]
    assert (notice["length"], notice["unit"], notice["kind"]) == (10, "business_days", "lead")
    assert (clocks["ll144.audit_age"]["length"], clocks["ll144.audit_age"]["unit"]) == (1, "year")
    assert clocks["ll144.alternative"]["kind"] == "none"
    aivia = compose({}, [pack("il_aivia")], ISSUE).data["packs"][0]["clocks"]
    assert [(c["length"], c["unit"]) for c in aivia] == [
        (None, "before"),
        (30, "days"),
        (None, "yearly"),
    ]


def test_the_same_facts_give_the_same_document() -> None:
    every = [pack("ugesp"), pack("ll144")]
    made = [compose(held("full"), every, ISSUE, recorded=people(*every)) for _ in range(2)]
    hashes = {canonical_hash(each.model_dump(mode="json")) for each in made}
    assert len(hashes) == 1
    assert made[0].data["audit"] == gathered(held("full"))["audit"]


def test_packs_are_given_once_and_at_least_one() -> None:
    with pytest.raises(ValueError, match="one or more different rule packs"):
        compose({}, [], ISSUE)
    with pytest.raises(ValueError, match="one or more different rule packs"):
        compose({}, [pack("gdpr"), pack("gdpr")], ISSUE)


def test_a_document_that_shows_what_is_forbidden_is_found() -> None:
    document = compose(held("audit"), [pack("ugesp")], ISSUE)
    assert shown_forbidden(document, pack("ll144")) == (), "this kind may show a line"
    summary = document.model_copy(update={"kind": "ll144_summary"})
    found = shown_forbidden(summary, pack("ll144"))
    assert any(at.endswith("/below_four_fifths") for at in found)
    assert any(at.endswith("/finding") for at in found)
    column = m.Column(title=("Class",), at="/finding", show="text")
    table = m.Table(id="t", title=(), rows="/audit/findings", columns=(column,))
    bare = summary.model_copy(update={"blocks": (table,)})
    assert shown_forbidden(bare, pack("ll144")) == ("/audit/findings/finding",)


@pytest.mark.parametrize(
    "text", ["‮ right to left", "‎אבג דהו", "x" * 10_000, "a\n\nb\tc", "“1 000 000 %” & {braces}"]
)
def test_texts_of_people_are_shown_as_they_are(text: str) -> None:
    given = {"own_rules": {"own.f0": Recorded(value=text, by="名前", on=date(2026, 1, 1))}}
    document = compose({}, [rules({"recorded": "text"})], ISSUE, recorded=given)
    assert faults(document) == []
    assert words(items(document)["own.f0"].answer) == text
