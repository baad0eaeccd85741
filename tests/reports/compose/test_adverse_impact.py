"""The adverse-impact record: the bottom line, components when asked, fields answered or open."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from reports.compose.adverse_impact import IN_TABLES, compose
from reports.document import model as m
from reports.document.check import faults
from reports.document.pointers import resolve
from reports.document.values import write
from reports.packs.answers import Recorded
from reports.packs.paths import due_on
from reports.packs.shelf import pack
from tests.reports.compose import fairness_material as material
from tests.reports.compose.fairness_material import ISSUE, MADE, block, said, text


def told(**answers: str) -> dict[str, Recorded]:
    return {
        f"ugesp.{name.replace('__', '.')}": Recorded(value=v, by="Ann Ro", on=date(2025, 2, 1))
        for name, v in answers.items()
    }


def fields(document: m.Document) -> dict[str, m.PackField]:
    return {f.id: f for b in document.blocks if isinstance(b, m.Fields) for f in b.items}


@pytest.mark.parametrize("made", material.CASES, ids=lambda made: made.__name__)
def test_every_audit_composes_without_a_fault(made: Any) -> None:
    assert faults(compose(made(), {}, ISSUE)) == []


def test_tables_are_by_sex_and_race_alone() -> None:
    audit = material.whole()
    document = compose(audit, {}, ISSUE)
    headings = [b for b in document.blocks if isinstance(b, m.Heading) and b.id.startswith("table")]
    places = [int(b.id.removeprefix("table-")) for b in headings]
    assert all(audit["tables"][n]["features"] in (["sex"], ["race"]) for n in places)
    bases = [audit["tables"][n]["basis"].partition(":")[0] for n in places]
    assert bases.count("selection") == 2 and bases.count("stage") == 6


def test_components_are_shown_where_the_bottom_line_asks() -> None:
    audit = material.of_cells([("Female", "Asian", 100, 50), ("Male", "White", 100, 50)])
    document = compose(audit, {}, ISSUE)
    assert not any(isinstance(b, m.Fields) and b.id == "fields-validity" for b in document.blocks)
    assert any("shows no difference" in line for line in said(document))


def test_the_row_of_the_record_has_all_its_fields() -> None:
    document = compose(material.whole(), {}, ISSUE)
    black = next(r for r in resolve(document.data, "/shown/table-1-counts/rows")
                 if r["group"] == ["Black"])  # fmt: skip
    tests = next(r for r in resolve(document.data, "/shown/table-1-tests/rows")
                 if r["group"] == ["Black"])  # fmt: skip
    row = next(r for r in material.whole()["tables"][1]["rows"] if r["group"] == ["Black"])
    assert (black["assessed"], black["selected"]) == (row["assessed"], row["selected"])
    assert black["ratio"] == row["comparison"]["ratio"]["value"]
    assert black["class"] == "adverse" and tests["below"] is True
    assert tests["shortfall"] == row["comparison"]["shortfall_to_pooled_rate"]["value"]
    assert tests["reversed"] is False
    said_of = resolve(document.data, "/shown/table-1-reasons/rows")
    assert row["reason"] in [each["reason"] for each in said_of]
    columns = {c.at: c.show for c in block(document, "table-1-tests").columns}
    assert write(tests["z"], columns["/z"]) == "−4.44"


def test_what_only_people_know_is_recorded_or_open() -> None:
    bare = fields(compose(material.whole(), {}, ISSUE))
    wanted = {"ugesp.method_justification", "ugesp.record.validity_link", "ugesp.validity"}
    assert wanted <= set(bare)
    assert all(bare[name].answered == "open" and bare[name].open_reason for name in wanted)
    given = told(method_justification="Fisher’s test beside four fifths", validity="content",
                 record__job="Engineer")  # fmt: skip
    full = fields(compose(material.whole(), given, ISSUE))
    assert text(full["ugesp.method_justification"].answer) == "Fisher’s test beside four fifths"
    assert text(full["ugesp.method_justification"].by) == "Ann Ro, 1 February 2025"
    assert text(full["ugesp.validity"].answer) == "Content"
    assert text(full["ugesp.record.job"].answer) == "Engineer"
    assert bare["ugesp.yearly"].answered == "computed"
    assert text(bare["ugesp.yearly"].answer) == write(
        due_on("ugesp.yearly", MADE).isoformat(), "date"
    )


def test_fields_of_the_pack_are_all_answered_open_or_in_tables() -> None:
    document = compose(material.whole(), {}, ISSUE)
    rules = pack("ugesp", on=date(2025, 1, 1))
    for field in rules.required("adverse_impact_record"):
        assert field.id in IN_TABLES or field.id in fields(document), field.id


def test_each_job_is_compared_by_itself() -> None:
    document = compose(material.whole(), {}, ISSUE)
    names = [b.id for b in document.blocks if isinstance(b, m.Table) and b.id.startswith("within")]
    assert len(names) == 4
    bare = compose(material.dcwp(), {}, ISSUE)
    assert any("audit the jobs one by one" in line for line in said(bare))


def test_asians_and_pacific_islanders_apart_are_pointed_out() -> None:
    document = compose(material.dcwp(), {}, ISSUE)
    assert any("as one group" in line for line in said(document))
