"""Answers come from facts or from people, never from anywhere else."""

from __future__ import annotations

import copy
from datetime import date
from typing import Any

import pytest

from audit.errors import PackInvalid
from reports.document.pointers import Unresolved
from reports.packs import Answered, Pack, Recorded, answer, check_rules, fitting, gathered, pack
from reports.packs.answers import MAX_TEXT, MOST
from reports.packs.paths import due_on, find_all
from tests.reports.packs import facts

ON = facts.ON
HEAD = {
    "pack": "own_rules",
    "version": "2026-11-22",
    "title": "Rules of the house",
    "citation": "House rules",
    "status": "in_force",
    "read": "primary",
    "sources": ["The house rules were read"],
    "who": "employer",
}


def rules(*fields: dict[str, Any], **more: Any) -> Pack:
    named = [{"id": f"own.f{n}", "title": "A field", **f} for n, f in enumerate(fields)]
    return Pack.model_validate(
        {**HEAD, "sections": [{"id": "all", "title": "All", "fields": named}], **more}
    )


def computed(*values: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"computed": list(values), "needs": "the facts", **more}


def one(field: dict[str, Any], held: dict[str, Any], **recorded: Any) -> Answered:
    given = {name: by_somebody(value) for name, value in recorded.items()}
    return answer(rules(field), held, {f"own.{n}": r for n, r in given.items()}, ON)[0]


def by_somebody(value: Any) -> Recorded:
    return Recorded(value=value, by="Renée Okafor", on=date(2026, 11, 3))


PERSONS = computed({"at": "/audit/data/persons", "show": "integer"})
TABLES: dict[str, Any] = {
    "audit": {
        "tables": [
            {
                "title": "By sex",
                "basis": "selection",
                "rows": [
                    {"group": ["Female"], "assessed": 10, "finding": None},
                    {"group": ["Male"], "assessed": 12, "finding": "adverse"},
                ],
            },
            {"title": "By age", "basis": "class:tall", "rows": []},
        ],
        "settings": {"exclude_under_share": None, "exclude_justification": " "},
        "run": {"made_at": "2025-11-01T00:00:00Z"},
    }
}


def test_a_value_is_the_one_its_pointer_leads_to() -> None:
    made = one(PERSONS, {"audit": {"data": {"persons": 7}}})
    assert (made.how, made.reason, made.answer) == ("computed", None, 7)
    assert [(v.at, v.value, v.show, v.derived) for v in made.values] == [
        ("/audit/data/persons", 7, "integer", False)
    ]


@pytest.mark.parametrize("value", [None, "", "  ", [], {}, "many", True, float("nan"), 1.5])
def test_what_is_not_there_or_cannot_be_written_leaves_the_field_open(value: Any) -> None:
    made = one(PERSONS, {"audit": {"data": {"persons": value}}})
    assert (made.how, made.reason, made.values) == ("open", "facts", ())


@pytest.mark.parametrize("held", [{}, {"audit": {}}, {"audit": {"data": {}}}, {"audit": 5}])
def test_facts_without_the_member_leave_the_field_open(held: dict[str, Any]) -> None:
    assert one(PERSONS, held).reason == "facts"
    assert one({**PERSONS, "recorded": "number"}, held).reason == "either"


def test_zero_is_an_answer() -> None:
    assert one(PERSONS, {"audit": {"data": {"persons": 0}}}).answer == 0


def test_a_star_stands_for_each_item_in_order() -> None:
    field = computed(
        {
            "at": "/audit/tables/*/rows/*/assessed",
            "show": "integer",
            "name": "/group",
            "name_show": "names",
            "label": "Persons",
        }
    )
    values = one(field, TABLES).values
    assert [(v.at, v.name_at, v.label) for v in values] == [
        ("/audit/tables/0/rows/0/assessed", "/audit/tables/0/rows/0/group", "Persons"),
        ("/audit/tables/0/rows/1/assessed", "/audit/tables/0/rows/1/group", "Persons"),
    ]


def test_items_are_chosen_by_their_own_members_and_by_those_above() -> None:
    at = "/audit/tables/*/rows/*/assessed"
    row = {"at": "/finding", "equals": "adverse"}
    adverse = computed({"at": at, "show": "integer", "where": [row]})
    assert one(adverse, TABLES).answer == 12
    tall = {"at": "/basis", "like": "class:*"}
    assert one(computed({"at": at, "show": "integer", "among": [tall]}), TABLES).how == "open"
    title = computed({"at": "/audit/tables/*/title", "where": [tall]})
    assert one(title, TABLES).answer == "By age"


def test_items_are_counted_and_an_empty_list_counts_nought() -> None:
    field = computed(
        {"at": "/audit/tables/*/rows", "take": "count", "show": "integer", "name": "/title"}
    )
    assert [(v.value, v.derived) for v in one(field, TABLES).values] == [(2, True), (0, True)]
    text = computed({"at": "/audit/run/made_at", "take": "count", "show": "integer"})
    assert one(text, TABLES).how == "open", "the letters of a text are not counted"


def test_a_clock_gives_its_last_day() -> None:
    field = computed(
        {"at": "/audit/run/made_at", "take": "due", "clock": "ll144.audit_age", "show": "date"}
    )
    # 00:00 UTC of November 1 is the evening of October 31 in New York.
    assert one(field, TABLES).answer == "2026-10-31"
    assert due_on("ll144.audit_age", "2025-11-01") == date(2026, 11, 1)
    odd = {"audit": {"run": {"made_at": "yesterday"}}}
    assert one(field, odd).how == "open"


def test_a_share_is_told_with_its_denominator_and_what_is_unknown() -> None:
    at = "/period/counts/decisions/overridden"
    field = computed({"at": at, "take": "share", "show": "integer"})
    held: dict[str, Any] = {"period": {"counts": {"decisions": {"overridden": None}}}}
    assert one(field, held).how == "open"
    held["period"]["counts"]["decisions"]["overridden"] = {"count": 2, "of": 9, "unknown": 0}
    value = one(field, held).values[0]
    assert (value.at, value.of_at, value.unknown_at) == (f"{at}/count", f"{at}/of", "")
    held["period"]["counts"]["decisions"]["overridden"]["unknown"] = 4
    assert one(field, held).values[0].unknown_at == f"{at}/unknown"
    held["period"]["counts"]["decisions"]["overridden"] = {"count": 2}
    assert one(field, held).how == "open"


def test_all_values_have_to_be_there_but_the_optional_ones() -> None:
    here = {"at": "/audit/data/persons", "show": "integer"}
    gone = {"at": "/audit/data/decided", "show": "integer"}
    held = {"audit": {"data": {"persons": 7}}}
    assert one(computed(here, gone), held).how == "open"
    assert one(computed(here, {**gone, "optional": True}), held).answer == 7
    both = [{**each, "optional": True} for each in (here, gone)]
    assert one(computed(*both), held).answer == 7
    assert one(computed(*both), {}).how == "open"


def test_long_answers_end_and_say_how_many_more_there_are() -> None:
    held = {"audit": {"features": [{"name": f"f{n}"} for n in range(MOST + 3)]}}
    made = one(computed({"at": "/audit/features/*/name"}), held)
    assert (len(made.values), made.more, made.answer) == (MOST, 3, None)


def test_what_a_person_recorded_is_the_answer_with_name_and_day() -> None:
    made = one({"recorded": "text"}, {}, f0="In the posting")
    assert made.how == "recorded" and made.recorded is not None
    assert (made.recorded.by, made.recorded.on) == ("Renée Okafor", date(2026, 11, 3))
    assert made.answer == "In the posting"


def test_facts_come_first_unless_the_pack_says_otherwise() -> None:
    held = {"audit": {"data": {"persons": 7}}}
    field = {**PERSONS, "recorded": "number"}
    made = one(field, held, f0=9)
    assert (made.how, made.answer) == ("computed", 7)
    assert made.beside is not None and made.beside.value == 9
    assert one({**field, "first": "recorded"}, held, f0=9).answer == 9
    assert one({**field, "first": "recorded"}, held).answer == 7
    assert one(field, {}, f0=9).answer == 9


CHOICE = {"kind": "choice", "choices": [{"code": c, "text": c.upper()} for c in ("a", "b")]}


@pytest.mark.parametrize(
    ("asked", "fits", "unfit"),
    [
        ("text", ["x", "1"], ["", "  ", 1, True, "x" * (MAX_TEXT + 1)]),
        ("date", ["2026-11-22"], ["22.11.2026", "2026-11-31", "20261122", "2026-11-22T10:00", 5]),
        ("number", [0, -1.5, 10**12], ["5", True, float("nan"), float("inf")]),
        ("yes_no", [True, False], ["yes", 1, 0]),
        (CHOICE, ["a", "b"], ["c", "", "A", True]),
    ],
)
def test_what_is_recorded_has_to_fit_the_field(asked: Any, fits: list[Any], unfit: Any) -> None:
    field = rules({"recorded": asked}).fields[0]
    for value in fits:
        assert fitting(field, value) == value
        assert one({"recorded": asked}, {}, f0=value).how == "recorded"
    for value in unfit:
        with pytest.raises(PackInvalid, match=r"own\.f0: .* does not fit; give "):
            fitting(field, value)
        made = one({"recorded": asked}, {}, f0=value)
        assert (made.how, made.reason) == ("open", "unfit")


def test_nothing_is_recorded_for_computed_fields() -> None:
    with pytest.raises(PackInvalid, match="nothing is recorded for this field"):
        fitting(rules(PERSONS).fields[0], 5)
    made = one(PERSONS, {}, f0=5)
    assert (made.how, made.reason) == ("open", "facts")


def test_a_field_stays_open_for_the_reason_of_the_pack() -> None:
    made = one({"open": "The standard is sold and was not read"}, {}, f0="prose")
    assert (made.how, made.reason, made.answer) == ("open", "source", None)


def test_a_field_without_a_subject_says_what_leaves_it_so() -> None:
    held = rules(
        {"recorded": CHOICE},
        {"recorded": "text", "only_if": {"field": "own.f0", "answers": ["a"]}},
    )

    def second(recorded: dict[str, Recorded]) -> Answered:
        return answer(held, {}, recorded, ON)[1]

    assert second({}).how == "open", "nobody has said that it does not apply"
    assert second({"own.f0": by_somebody("a")}).how == "open"
    made = second({"own.f0": by_somebody("b"), "own.f1": by_somebody("prose")})
    assert (made.how, made.because, made.recorded) == ("not_applicable", "own.f0", None)


def test_facts_can_leave_a_field_without_a_subject() -> None:
    condition = {"at": "/audit/settings/exclude_under_share", "empty": False}
    field = {
        "recorded": "text",
        "only_if": {"facts": [condition], "otherwise": "Nothing was left out."},
    }
    assert one(field, TABLES).how == "not_applicable"
    assert one(field, {}).how == "open", "without the facts nobody can tell"
    left_out = copy.deepcopy(TABLES)
    left_out["audit"]["settings"]["exclude_under_share"] = 0.02
    assert one(field, left_out).how == "open"


def test_an_answer_that_must_be_otherwise_stands_against_the_use() -> None:
    field = {"recorded": "yes_no", "must_be": True}
    assert one(field, {}, f0=False).against
    assert not one(field, {}, f0=True).against
    assert not one(field, {}).against, "what is open stands against nothing"


@pytest.mark.parametrize(
    ("breached_if", "state"),
    [
        ([], "not_checked"),
        ([{"at": "/audit/settings/exclude_under_share", "above": 0.02}], "kept"),
        ([{"at": "/audit/tables/*/rows/*/finding", "equals": "adverse"}], "breached"),
        ([{"at": "/audit/tables/*/basis", "one_of": ["scoring", "selection"]}], "breached"),
        ([{"at": "/audit/tables/*/basis", "like": "class:*"}], "breached"),
        ([{"at": "/audit/tables/0/rows/1/group", "contains": ["Male"]}], "breached"),
        ([{"at": "/audit/tables/0/rows/1/group", "contains": ["Mal"]}], "kept"),
        ([{"at": "/audit/settings/exclude_justification", "empty": True}], "breached"),
        ([{"at": "/audit/run/made_at", "past": "ll144.audit_age"}], "breached"),
        ([{"at": "/audit/data/persons", "above": 0}], "not_checked"),
        (
            [
                {"at": "/audit/settings/exclude_under_share", "empty": False},
                {"at": "/audit/settings/exclude_justification", "empty": True},
            ],
            "kept",
        ),
    ],
)
def test_prohibitions_are_held_against_the_facts(
    breached_if: list[dict[str, Any]], state: str
) -> None:
    rule = {"id": "own.rule", "title": "Not so", "breached_if": breached_if}
    held = rules({"recorded": "text"}, prohibitions=[rule])
    assert [each.state for each in check_rules(held, TABLES, ON)] == [state]


def test_an_audit_is_too_old_the_day_after_its_last() -> None:
    held = pack("ll144")
    audit = {"audit": {"run": {"made_at": "2025-11-01T12:00:00Z"}}}

    def state(on: date) -> str:
        checked = {c.prohibition.id: c.state for c in check_rules(held, audit, on)}
        return checked["ll144.audit_too_old"]

    assert state(date(2026, 11, 1)) == "kept"
    assert state(date(2026, 11, 2)) == "breached"


def test_planted_breaches_of_local_law_144_are_found() -> None:
    held = facts.full()
    held["audit"]["features"][0]["provenance"] = "imputed"
    held["audit"]["settings"] |= {"exclude_under_share": 0.05, "exclude_justification": ""}
    found = [c.prohibition.id for c in check_rules(pack("ll144"), held, ON) if c.state != "kept"]
    assert found[:4] == [
        "ll144.imputed_data",
        "ll144.no_pass_mark",
        "ll144.excluded_share",
        "ll144.excluded_unjustified",
    ]


def test_scores_of_emotions_are_found_in_the_register() -> None:
    held = {"system": {"data_types": ["video", "emotions"]}}
    states = {c.prohibition.id: c.state for c in check_rules(pack("eu_ai_act"), held, ON)}
    assert states == {"eu_ai_act.no_emotion_inference": "breached"}


def test_facts_are_gathered_with_the_system_of_the_period() -> None:
    held = facts.full()
    made = gathered({"period": held["period"], "audit": None, "salary": 1})
    assert set(made) == {"period", "system"}
    assert made["system"] is held["period"]["system"]
    assert gathered(held)["system"] is held["system"]


@pytest.mark.parametrize("pattern", ["/audit/nothing", "/audit/run/*/x", "/audit/tables/9"])
def test_pointers_that_lead_nowhere_say_so(pattern: str) -> None:
    with pytest.raises(Unresolved):
        find_all(TABLES, pattern)
