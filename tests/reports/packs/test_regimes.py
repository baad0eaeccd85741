"""Every id of the checklists has its field, and every field is answered or open with a reason."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from audit.clocks import book
from audit.operations.gatebook import book as gatebook
from fairness.spec import LL144_SHARE, NO_IMPUTATION
from reports.packs import Recorded, answer, check_rules, gathered, packs
from tests.reports.packs import facts
from tests.reports.packs.regimes import LETTERS, LISTED, NAMED, STATUS

CHECKLISTS = Path(__file__).resolve().parents[4] / "shared" / "docs" / "REGIMES.md"
FIELDS = {field.id: field for pack in packs().values() for field in pack.fields}
OPEN_FOR_GOOD = {"ccpa.risk_assessment"}


def checklists() -> str:
    if not CHECKLISTS.exists():
        pytest.skip("the shared folder with REGIMES.md is not beside the checkout")
    return CHECKLISTS.read_text("utf-8")


def ids_in(text: str) -> set[str]:
    """The names in backticks: alternatives apart, without units, braces and what is in them."""
    found = set()
    for quoted in re.findall(r"`([^`]+)`", text):
        bare = re.sub(r"\{[^}]*\}|\([^)]*\)|\[\]", "", quoted).partition(" >=")[0]
        found |= {name.strip() for name in re.split(r"[,|+]", bare)}
    return found - {""}


def test_the_kept_list_is_that_of_the_checklists() -> None:
    assert ids_in(checklists()) == set(NAMED)


def test_the_kept_letters_are_those_of_the_checklists() -> None:
    text = checklists()
    fria = text.split("### 3B.")[1].split("### 3C.")[0]
    assert "".join(re.findall(r"\(([a-z])\)", fria)) == LETTERS["3B"]
    annex = text.split("### 3F.")[1].split("\n## ")[0].split("\n", 1)[1]
    points = re.split(r"(?:^|[.)] )(?=[1-9] )", re.sub(r"\*\*", "", annex).strip())
    found = {f"3F{p[0]}": "".join(re.findall(r"\(([a-h])\)", p)) for p in points if p[:1].isdigit()}
    assert found == {name: letters for name, letters in LETTERS.items() if name != "3B"}


@pytest.mark.parametrize(("name", "stem"), NAMED.items())
def test_every_named_id_has_a_field(name: str, stem: str) -> None:
    held = [each for each in FIELDS if each == stem or each.startswith(f"{stem}.")]
    assert held, f"no field stands for {name}"


@pytest.mark.parametrize("line", LISTED)
def test_everything_listed_has_its_fields(line: str) -> None:
    assert [each for each in LISTED[line].split() if each not in FIELDS] == []


@pytest.mark.parametrize("letter", LETTERS["3B"])
def test_every_letter_of_the_rights_assessment_has_a_field(letter: str) -> None:
    stem = f"eu_ai_act.fria.{letter}"
    held = [field for name, field in FIELDS.items() if name == stem or name.startswith(stem + ".")]
    assert held and all(f"({letter})" in field.citation for field in held)


@pytest.mark.parametrize("point", [name for name in LETTERS if name.startswith("3F")])
def test_every_point_of_the_technical_documentation_has_its_fields(point: str) -> None:
    number = point[2]
    for letter in LETTERS[point] or [""]:
        stem = f"eu_ai_act.annex4.{number}{letter}"
        held = [name for name in FIELDS if name == stem or name.startswith(stem + ".")]
        assert held, stem
        wanted = f"Annex IV {number}({letter})" if letter else f"Annex IV {number}"
        assert all(FIELDS[name].citation == wanted for name in held)


def test_no_id_is_used_twice() -> None:
    every = [field.id for pack in packs().values() for field in pack.fields]
    assert len(every) == len(set(every)) == len(FIELDS)


def test_packs_have_the_status_that_was_read() -> None:
    held = {
        name: (pack.status, pack.since.isoformat() if pack.since else None, pack.read)
        for name, pack in packs().items()
    }
    assert held == STATUS


def test_every_clock_is_in_the_pack_of_its_regime() -> None:
    """The clocks' regimes are packs; a deployer's and a provider's clocks are in two of them."""
    own = {name: set(pack.clocks) for name, pack in packs().items()}
    own["eu_ai_act"] |= own["eu_ai_act_provider"]
    regimes = {clock.id: clock.regime for clock in book().clock}
    regimes |= {entry.id: entry.regime for entry in book().no_period}
    for clock, regime in regimes.items():
        assert clock in own[regime], clock
    assert set().union(*own.values()) <= set(regimes)


def test_every_field_with_a_jurisdiction_is_of_a_place_that_was_reviewed() -> None:
    for pack in packs().values():
        for code in pack.jurisdictions:
            assert code == "US" or gatebook().reviewed(code), f"{pack.pack}: {code}"


def test_the_names_are_those_that_specifications_use() -> None:
    imputing = {
        name
        for name, pack in packs().items()
        for rule in pack.prohibitions
        for test in rule.breached_if
        if test.equals == "imputed"
    }
    assert imputing == set(NO_IMPUTATION)
    shares = [t.above for r in packs()["ll144"].prohibitions for t in r.breached_if if t.above]
    assert shares == [LL144_SHARE]


def some(name: str) -> dict[str, Any]:
    whole = facts.full()
    return {
        "none": {},
        "audit alone": {"audit": whole["audit"]},
        "period alone": {"period": whole["period"]},
        "full": whole,
    }[name]


@pytest.mark.parametrize("held", ["none", "audit alone", "period alone", "full"])
@pytest.mark.parametrize("people", [False, True])
def test_every_field_is_answered_or_open_with_the_reason(held: str, people: bool) -> None:
    given = gathered(some(held))
    for pack in packs().values():
        recorded: dict[str, Recorded] = facts.recorded(pack) if people else {}
        answers = answer(pack, given, recorded, facts.ON)
        assert [each.field for each in answers] == list(pack.fields)
        for each in answers:
            assert (each.how == "open") == (each.reason is not None), each.field.id
            assert (each.how == "computed") == bool(each.values), each.field.id
            assert (each.how == "recorded") == (each.recorded is not None), each.field.id


def test_without_facts_and_people_everything_is_open() -> None:
    for pack in packs().values():
        for each in answer(pack, {}, {}, facts.ON):
            assert each.how == "open"
            field = each.field
            asked = ("source", "record", "facts", "either")
            expected = asked[bool(field.recorded) + 2 * bool(field.computed)]
            assert each.reason == expected, field.id


def test_with_everything_given_only_what_was_not_read_stays_open() -> None:
    given = gathered(facts.full())
    for pack in packs().values():
        answers = answer(pack, given, facts.recorded(pack), facts.ON)
        still = {each.field.id for each in answers if each.how == "open"}
        assert still <= OPEN_FOR_GOOD
        assert not [each.field.id for each in answers if each.against]


def test_facts_alone_answer_every_computed_field() -> None:
    given = gathered(facts.full())
    left = {
        each.field.id
        for pack in packs().values()
        for each in answer(pack, given, {}, facts.ON)
        if each.field.computed and each.how == "open"
    }
    assert left == {"ll144.each_class"}, "the audit of the tests has no classes"


def test_a_clean_audit_keeps_every_prohibition_that_facts_can_tell() -> None:
    states = {
        each.prohibition.id: each.state
        for pack in packs().values()
        for each in check_rules(pack, gathered(facts.full()), facts.ON)
    }
    assert "breached" not in states.values()
    assert {name for name, state in states.items() if state == "kept"} == {
        "ll144.imputed_data",
        "ll144.excluded_share",
        "ll144.excluded_unjustified",
        "ll144.audit_too_old",
        "eu_ai_act.no_emotion_inference",
        "il_hb3773.no_zip_proxy",
    }
