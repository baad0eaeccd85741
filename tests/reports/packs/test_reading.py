"""Packs are read strictly; what is wrong is told with file, line, field and remedy."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from audit.errors import PackInvalid
from reports.packs import Pack, Standing, json_schema, pack, packs, standing, versions
from reports.packs.reading import read_folder, read_pack, shipped

DOCS = Path(__file__).resolve().parents[3] / "docs"
PACKS = Path(__file__).resolve().parents[3] / "reports" / "packs"
TEXT = """\
pack: own_rules
version: 2026-11-22
title: Rules of the house
citation: House rules
status: in_force
read: primary
sources: [The house rules were read]
who: employer
sections:
  - id: all
    title: All
    fields:
      - {id: own.one, title: The first, recorded: text}
      - id: own.two
        title: The second
        computed: [{at: /audit/data/persons, show: integer}]
        needs: a fairness audit
"""
NAME = "own_rules.2026-11-22.yaml"


def refused(text: str, name: str = NAME) -> str:
    with pytest.raises(PackInvalid) as error:
        read_pack(text, name)
    return str(error.value)


class Plain(yaml.SafeLoader):
    """Reads dates as the texts that they are; written in Python, other than ours."""


Plain.yaml_implicit_resolvers = {
    key: [(tag, pattern) for tag, pattern in pairs if not tag.endswith("timestamp")]
    for key, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_plain(text: str) -> Any:
    return yaml.load(text, Plain)  # noqa: S506 (a SafeLoader)


def changed(**members: Any) -> dict[str, Any]:
    return {**read_plain(TEXT), **members}


def with_field(**members: Any) -> str:
    made = changed()
    made["sections"][0]["fields"] = [{"id": "own.one", "title": "The first", **members}]
    return json.dumps(made)


def test_fields_have_what_they_leave_out_from_section_and_pack() -> None:
    made = read_pack(TEXT, NAME)
    field = made.field("own.one")
    assert (field.citation, field.status, field.read) == ("House rules", "in_force", "primary")
    assert field.who == ("employer",)
    with pytest.raises(KeyError, match=r"own\.three"):
        made.field("own.three")


def test_a_status_of_its_own_takes_no_days_from_above() -> None:
    made = changed(status="from", since="2027-01-01")
    made["sections"][0]["fields"][0]["status"] = "voluntary"
    held = Pack.model_validate(made)
    assert held.fields[0].since is None
    assert held.fields[1].since == date(2027, 1, 1)


def test_the_hash_is_that_of_the_meaning() -> None:
    made = read_pack(TEXT, NAME)
    assert read_pack(json.dumps(changed(), indent=3), NAME).sha256 == made.sha256
    assert read_pack(TEXT.replace("The second", "The 2nd"), NAME).sha256 != made.sha256
    spelt = changed()
    spelt["sections"][0]["fields"][0] |= {"citation": "House rules", "who": ["employer"]}
    assert Pack.model_validate(spelt).sha256 == made.sha256, "written out, it means the same"
    spelt["sections"][0]["fields"][0] |= {"documents": [], "must_be": None}
    assert Pack.model_validate(spelt).sha256 == made.sha256, "so it does with defaults"


def test_the_published_schema_is_the_one_in_force() -> None:
    held = json.loads(DOCS.joinpath("rule-pack.schema.json").read_text("utf-8"))
    assert held == json_schema(), "run: python -m reports.packs.schema docs"


@pytest.mark.parametrize("file", sorted(PACKS.glob("*.yaml")), ids=lambda f: f.name)
def test_every_file_that_ships_keeps_the_schema(file: Path) -> None:
    values = read_plain(file.read_text("utf-8"))
    schema = json_schema()
    Draft202012Validator.check_schema(schema)
    assert [e.message for e in Draft202012Validator(schema).iter_errors(values)] == []
    broken = {**values, "surprise": 1}
    assert not Draft202012Validator(schema).is_valid(broken)
    assert Pack.model_validate(values) == pack(values["pack"], values["version"])


@pytest.mark.parametrize(
    ("member", "value", "told"),
    [
        ("pack", "Own Rules", "pack: String should match"),
        ("version", "2026-13-40", "there is no day 2026-13-40"),
        ("version", "soon", "version: String should match"),
        ("status", "in force", "status: Input should be 'in_force'"),
        ("status", "from", "since: status 'from' needs the day"),
        ("until", "2020-01-01", ""),
        ("read", "hearsay", "read: Input should be 'primary' or 'secondary'"),
        ("clocks", ["ll144.notise"], "no clock is called 'll144.notise'; see docs/clocks.md"),
        ("title", "How to be compliant", "'compliant' is a judgement: say what is asked for"),
        ("title", "A fair process", "'fair' is a judgement"),
        ("title", "line\nbreak", "title: String should match"),
        ("title", "\u202egnp.exe", "title: String should match"),
        ("sources", [], "sources: Tuple should have at least 1 item"),
        ("sections", [], "sections: Tuple should have at least 1 item"),
        ("sections", "none", "sections: Input should be a valid tuple"),
        ("who", "lawyer", "who"),
        ("surprise", 1, "surprise: Extra inputs are not permitted"),
    ],
)
def test_wrong_members_of_a_pack_are_told(member: str, value: Any, told: str) -> None:
    made = changed(**{member: value})
    if member == "until":
        made["since"], told = "2026-01-01", "until: is not after since"
    said = refused(json.dumps(made))
    assert said.startswith(f"{NAME}: ") and told in said
    assert "docs/rule-pack.schema.json" in said


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({}, "give computed or recorded, or else open with the reason"),
        ({"recorded": "text", "open": "Nobody knows"}, "or else open with the reason"),
        ({"recorded": "colour"}, "recorded.kind: Input should be 'text', 'date'"),
        ({"recorded": {"kind": "choice", "choices": []}}, "two or more, and only for kind: choice"),
        (
            {"recorded": {"kind": "choice", "choices": [{"code": "a", "text": "A"}] * 2}},
            "choices: 'a' is given twice",
        ),
        ({"computed": [{"at": "/audit/data/persons"}]}, "needs: goes with computed"),
        ({"recorded": "text", "needs": "an audit"}, "needs: goes with computed"),
        ({"recorded": "text", "first": "recorded"}, "needs both computed and recorded"),
        ({"computed": [{"at": "/salary"}], "needs": "x"}, "computed.0.at: String should match"),
        (
            {"computed": [{"at": "/audit/data/people"}], "needs": "x"},
            "no facts have a member 'people' on the way /audit/data/people",
        ),
        (
            {"computed": [{"at": "/audit/tables/*/rows", "name": "/titel"}], "needs": "x"},
            "no facts have a member 'titel'",
        ),
        (
            {"computed": [{"at": "/audit/data/persons", "show": "roman"}], "needs": "x"},
            "there is no way of writing called 'roman'",
        ),
        (
            {"computed": [{"at": "/audit/data/kind", "show": "word:nowhere"}], "needs": "x"},
            "there is no way of writing called 'word:nowhere'",
        ),
        (
            {"computed": [{"at": "/audit/run/made_at", "take": "due"}], "needs": "x"},
            "take: due and clock go together",
        ),
        (
            {
                "computed": [{"at": "/audit/run/made_at", "take": "due", "clock": "x.y"}],
                "needs": "x",
            },
            "no clock is called 'x.y'",
        ),
        (
            {
                "computed": [
                    {"at": "/audit/data/persons", "where": [{"at": "/kind", "equals": 1}]}
                ],
                "needs": "x",
            },
            "name, where and among go with a '*' in at",
        ),
        (
            {
                "computed": [
                    {
                        "at": "/audit/tables/*/rows",
                        "where": [{"at": "/basis", "equals": "a", "like": "b"}],
                    }
                ],
                "needs": "x",
            },
            "give one of equals, one_of, like",
        ),
        (
            {"recorded": "text", "only_if": {"field": "own.nine", "answers": ["a"]}},
            "there is no other field 'own.nine'",
        ),
        (
            {"recorded": "text", "only_if": {"field": "own.one", "answers": ["a"]}},
            "there is no other field 'own.one'",
        ),
        ({"recorded": "text", "only_if": {"field": "own.one"}}, "give field and answers, or facts"),
        ({"recorded": "text", "documents": ["novel"]}, "documents.0: Input should be"),
        ({"recorded": "text", "colour": "red"}, "colour: Extra inputs are not permitted"),
    ],
)
def test_wrong_fields_are_told(members: dict[str, Any], told: str) -> None:
    said = refused(with_field(**members))
    assert said.startswith(NAME) and told in said


def test_an_error_has_the_line_and_the_id_of_the_field() -> None:
    said = refused(TEXT.replace("show: integer", "show: roman"))
    assert "line 16, sections.[all].fields.[own.two].computed.0: show: there is no way" in said


def test_many_errors_are_counted() -> None:
    made = changed(**{f"surprise_{n}": n for n in range(9)})
    assert "; and 4 more" in refused(json.dumps(made))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "expected members such as pack, version and sections"),
        ("- a\n- b\n", "expected members such as pack"),
        ("a: [", "not YAML"),
        ("a: &x 1\nb: *x\n", "line 2: not YAML: aliases are not used here"),
        ("a: 1\nb: {c: 1, c: 2}\n", "line 2: 'c' is given twice; leave one of them out"),
        ("a: !!python/object/apply:os.system ['true']\n", "not YAML"),
        ("a: \x00\n", "not YAML: a character that no YAML text holds"),
        ("[" * 100_000, "not YAML: nested too deeply"),
        ("{a: " * 5_000, "not YAML: nested too deeply"),
    ],
)
def test_what_is_no_yaml_of_ours_is_told(text: str, told: str) -> None:
    assert told in refused(text)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_pack_is_read_or_refused_and_nothing_else(data: st.DataObject) -> None:
    lines = TEXT.splitlines()
    number = data.draw(st.integers(0, len(lines) - 1))
    place = data.draw(st.integers(0, len(lines[number])))
    junk = data.draw(st.text(max_size=6))
    lines[number] = lines[number][:place] + junk + lines[number][place + 1 :]
    try:
        read_pack("\n".join(lines), NAME)
    except PackInvalid as error:
        assert str(error).startswith(NAME)


def test_a_file_has_the_name_of_what_it_holds() -> None:
    assert f"call it {NAME}" in refused(TEXT, "own_rules.yaml")


def test_an_organisation_adds_its_own_packs(tmp_path: Path) -> None:
    later = TEXT.replace("2026-11-22", "2027-02-01.2").replace("The first", "The very first")
    tmp_path.joinpath(NAME).write_text(TEXT)
    tmp_path.joinpath("own_rules.2027-02-01.2.yaml").write_text(later)
    tmp_path.joinpath("README.md").write_text("not a pack")
    held = packs(tmp_path)
    assert set(held) == {*packs(), "own_rules"}
    assert held["own_rules"].version == "2027-02-01.2"
    assert [p.version for p in versions(tmp_path) if p.pack == "own_rules"] == [
        "2026-11-22",
        "2027-02-01.2",
    ]
    for day, version in (
        (date(2027, 1, 31), "2026-11-22"),
        (date(2027, 2, 1), "2027-02-01.2"),
        (date(2020, 1, 1), "2026-11-22"),
    ):
        assert pack("own_rules", on=day, own=tmp_path).version == version
    assert pack("own_rules", "2026-11-22", own=tmp_path).field("own.one").title == "The first"
    with pytest.raises(PackInvalid, match=r"it has: 2026-11-22, 2027-02-01\.2"):
        pack("own_rules", "2020-01-01", own=tmp_path)


def test_unknown_packs_are_told_with_those_there_are() -> None:
    with pytest.raises(PackInvalid, match="no rule pack is called 'lll44'; there are: ca_crd, "):
        pack("lll44")


def test_own_packs_take_no_name_that_is_taken(tmp_path: Path) -> None:
    text = TEXT.replace("own_rules", "ll144")
    tmp_path.joinpath("ll144.2026-11-22.yaml").write_text(text)
    with pytest.raises(PackInvalid, match="give yours another name, as own_ll144"):
        read_folder(tmp_path)


def test_folders_and_files_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    with pytest.raises(PackInvalid, match="the pack folder missing cannot be read"):
        read_folder(tmp_path / "missing")
    file = tmp_path / NAME
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PackInvalid, match="is not UTF-8 text"):
        read_folder(tmp_path)
    file.write_text("a: " + "x" * 2**20)
    with pytest.raises(PackInvalid, match="larger than 1 MiB"):
        read_folder(tmp_path)
    file.unlink()
    file.mkdir()
    with pytest.raises(PackInvalid, match="cannot be read"):
        read_folder(tmp_path)
    file.rmdir()
    for number in range(201):
        tmp_path.joinpath(f"p{number}.yaml").touch()
    with pytest.raises(PackInvalid, match="more than 200 files"):
        read_folder(tmp_path)


def test_what_ships_is_read_once() -> None:
    assert shipped() is shipped()


@pytest.mark.parametrize(
    ("status", "since", "until", "stands"),
    [
        # on 2026-12-31, 2027-01-01, 2028-06-01
        ("in_force", None, None, "in_force in_force in_force"),
        ("in_force", "2027-01-01", None, "not_yet in_force in_force"),
        ("from", "2027-01-01", None, "not_yet in_force in_force"),
        ("from", "2027-01-01", "2028-06-01", "not_yet in_force withdrawn"),
        ("in_force", None, "2027-01-01", "in_force withdrawn withdrawn"),
        ("withdrawn", None, None, "withdrawn withdrawn withdrawn"),
        ("withdrawn", None, "2027-01-01", "proposed withdrawn withdrawn"),
        ("proposed", None, None, "proposed proposed proposed"),
        ("proposed", None, "2028-06-01", "proposed proposed withdrawn"),
        ("voluntary", None, None, "voluntary voluntary voluntary"),
    ],
)
def test_how_a_part_stands_on_a_day(
    status: str, since: str | None, until: str | None, stands: str
) -> None:
    made = Pack.model_validate(changed(status=status, since=since, until=until))
    days = (date(2026, 12, 31), date(2027, 1, 1), date(2028, 6, 1))
    assert [standing(made, day) for day in days] == [Standing(s) for s in stands.split()]
    assert standing(made.fields[0], days[0]) == standing(made, days[0])


def test_the_dates_that_the_checklists_name() -> None:
    held = packs()
    colorado, rules = held["co_sb26_189"], held["il_hb3773"].field("il_hb3773.draft.product")
    assert standing(colorado, date(2026, 12, 31)) is Standing.NOT_YET
    assert standing(colorado, date(2027, 1, 1)) is Standing.IN_FORCE
    assert standing(held["eu_ai_act"], date(2027, 12, 1)) is Standing.NOT_YET
    assert standing(held["eu_ai_act"], date(2027, 12, 2)) is Standing.IN_FORCE
    interaction = held["eu_ai_act"].field("eu_ai_act.interaction")
    assert standing(interaction, date(2026, 11, 22)) is Standing.IN_FORCE, "not moved"
    assert standing(rules, date(2026, 6, 1)) is Standing.PROPOSED
    assert standing(rules, date(2026, 6, 2)) is Standing.WITHDRAWN
    assert standing(held["ca_crd"], date(2025, 9, 30)) is Standing.NOT_YET
    assert standing(held["co_sb24_205"], date(2026, 11, 22)) is Standing.VOLUNTARY
