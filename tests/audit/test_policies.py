"""Flag policies: what is raised, what cannot be said, where errors are, that runs repeat."""

from __future__ import annotations

import copy
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from audit.errors import PolicyInvalid, ResultInvalid
from audit.policies import (
    Flag,
    Policy,
    compare,
    deadline,
    default_policy,
    evaluate,
    json_schema,
    load_policy,
)
from audit.policies.model import Raise

DOCS = Path(__file__).resolve().parents[2] / "docs"
DEFAULT = Path(__file__).resolve().parents[2] / "audit" / "policies" / "default.yaml"


def signal(name: str, status: str = "no_indication", **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "questions": ["identity", "assistance"],
        "status": status,
        "status_by_question": {},
        "strength": "primary",
        "reason": {"code": "measured", "text": f"{name} measured."},
        "evidence": [{"id": f"{name}-1"}],
        **more,
    }


def check(identity: str = "review", **more: Any) -> dict[str, Any]:
    def finding(verdict: str) -> dict[str, Any]:
        reasons = [{"code": "two_faces", "text": "Two faces differ."}, {"code": "b", "text": "B."}]
        return {"verdict": verdict, "reasons": reasons, "signals": ["face_consistency"]}

    questions = {q: finding("no_indication") for q in ("authenticity", "presence", "assistance")}
    return {
        "kind": "check",
        "findings": {**questions, "identity": finding(identity)},
        "signals": [signal("face_consistency", "review"), signal("av_sync")],
        "failed_signals": [],
        "run": {"content_sha256": "ab" * 32},
        **more,
    }


def audit_finding(name: str, of: str, **more: Any) -> dict[str, Any]:
    return {
        "id": f"selection:sex:{name}",
        "features": ["sex"],
        "basis": "selection",
        "group": [name],
        "reference": ["Male"],
        "finding": of,
        "reason": "Impact ratio 0.500, below four fifths.",
        "below_four_fifths": True,
        "reversed_by_one": False,
        **more,
    }


def fairness_audit(*findings: dict[str, Any]) -> dict[str, Any]:
    run = {"content_sha256": "cd" * 32}
    return {"kind": "fairness_audit", "findings": list(findings), "run": run}


def rule(match: dict[str, Any], **flag: Any) -> dict[str, Any]:
    raised = {
        "kind": "k",
        "severity": "low",
        "outcome": "needs_human_review",
        "reason": "Look.",
        "recipients": ["admin"],
    }
    return {"id": "r", "match": match, "flag": {**raised, **flag}}


def policy(*rules: dict[str, Any]) -> Policy:
    named = [{**r, "id": f"{r['id']}{n}"} for n, r in enumerate(rules)]
    return load_policy({"policy": "p", "version": 1, "rules": named})


def test_the_default_policy_sends_a_review_to_two_persons() -> None:
    (flag,) = evaluate(default_policy(), [check()])
    assert flag.rule == "check_review"
    assert flag.outcome == "needs_human_review"
    assert flag.reason == "A person should look at identity. Two faces differ. B."
    assert flag.about == ("finding:identity",)
    assert flag.evidence == ("face_consistency-1",)
    assert flag.four_eyes
    assert flag.recipients == ("platform", "compliance")
    assert (flag.subject_kind, flag.subject) == ("check", "ab" * 32)


def test_the_default_policy_on_weak_input_informs_and_does_not_accuse() -> None:
    flags = evaluate(default_policy(), [check("inconclusive", failed_signals=["av_sync", "faces"])])
    assert [f.outcome for f in flags] == ["for_information"] * 2
    assert "not a pass and not a concern" in flags[0].reason
    assert flags[1].about == ("fault:av_sync", "fault:faces")
    assert flags[1].reason.endswith(": 2.")
    assert evaluate(default_policy(), [check("no_indication")]) == ()


def test_the_default_policy_on_an_audit() -> None:
    classes = [
        "adverse",
        "significant_above_four_fifths",
        "small_numbers",
        "undetectable",
        "undetectable",
        "no_indication",
    ]
    document = fairness_audit(*(audit_finding(f"G{n}", c) for n, c in enumerate(classes)))
    flags = evaluate(default_policy(), [document])
    assert [f.rule for f in flags] == [
        "disparity",
        "disparity",
        "disparity_small_numbers",
        "cannot_tell",
    ]
    assert flags[0].reason == "G0 against Male by selection: Impact ratio 0.500, below four fifths."
    assert len(flags[3].about) == 2


def test_the_first_rule_that_matches_speaks() -> None:
    special = rule({"part": "finding", "question": ["identity"], "verdict": ["review"]}, kind="a")
    general = rule({"part": "finding", "verdict": ["review", "no_indication"]}, kind="b")
    flags = evaluate(policy(special, general), [check()])
    assert [f.kind for f in flags] == ["a", "b", "b", "b"]
    assert {f.kind for f in evaluate(policy(general, special), [check()])} == {"b"}


@pytest.mark.parametrize(
    ("match", "count"),
    [
        ({"part": "finding", "verdict": ["review"], "reason_code": ["two_faces"]}, 1),
        ({"part": "finding", "verdict": ["review"], "reason_code": ["other"]}, 0),
        ({"part": "signal", "status": ["review"]}, 1),
        ({"part": "signal", "status": ["review"], "signal": ["av_sync"]}, 0),
        ({"part": "signal", "status": ["review"], "strength": ["supporting"]}, 0),
        ({"part": "signal", "status": ["review"], "question": ["presence"]}, 0),
        ({"part": "signal", "status": ["review"], "question": ["identity"]}, 1),
        ({"part": "signal", "status": ["no_indication"], "reason_code": ["measured"]}, 1),
        ({"part": "fault"}, 0),
    ],
)
def test_matches_in_a_check(match: dict[str, Any], count: int) -> None:
    assert len(evaluate(policy(rule(match)), [check()])) == count


def test_a_signal_may_say_different_things_to_its_questions() -> None:
    document = check(
        signals=[
            signal("face_consistency"),
            signal("x", "review", status_by_question={"identity": "no_indication"}),
        ]
    )
    for question, count in (("identity", 0), ("assistance", 1)):
        match = {"part": "signal", "status": ["review"], "question": [question]}
        assert len(evaluate(policy(rule(match)), [document])) == count


@pytest.mark.parametrize(
    ("match", "count"),
    [
        ({"finding": ["adverse"]}, 2),
        ({"finding": ["adverse"], "basis": ["stage:*"]}, 1),
        ({"finding": ["adverse"], "features": ["sex", "age"]}, 1),
        ({"finding": ["adverse"], "below_four_fifths": True}, 1),
        ({"finding": ["adverse"], "reversed_by_one": True}, 0),
        ({"finding": ["no_indication"]}, 0),
    ],
)
def test_matches_in_an_audit(match: dict[str, Any], count: int) -> None:
    document = fairness_audit(
        audit_finding("A", "adverse"),
        audit_finding(
            "B",
            "adverse",
            basis="stage:video",
            features=["sex", "race"],
            below_four_fifths=None,
            reference=None,
        ),
    )
    made = policy(rule({"part": "audit_finding", **match}))
    assert len(evaluate(made, [document])) == count


def test_nothing_worse_than_a_review_can_be_said() -> None:
    assert get_args(Raise.model_fields["outcome"].annotation) == (
        "for_information",
        "needs_human_review",
    )
    match = {"part": "finding", "verdict": ["review"]}
    for outcome in ("reject", "block", "fail", "fraud"):
        with pytest.raises(PolicyInvalid, match="'for_information' or 'needs_human_review'"):
            policy(rule(match, outcome=outcome))
    for words in ("A cheater.", "Reject {question}.", "IMPOSTER", "the candidate lied"):
        with pytest.raises(PolicyInvalid, match="judges a person or announces a decision"):
            policy(rule(match, reason=words))


BROKEN = """\
policy: mine
version: 1
rules:
  - id: one
    match: {part: finding, verdict: [review]}
    flag:
      kind: k
      severity: enormous
      outcome: needs_human_review
      reason: Look at {question}.
      recipients: [admin]
"""


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("", "", "x.yaml: line 8, rules.0.flag.severity: "),
        ("severity: enormous", "severities: low", "line 8, rules.0.flag.severities: "),
        ("version: 1", "version: 0", "line 2, version: "),
        ("[review]", "[rejected]", "line 5, rules.0.match.verdict.0: "),
        ("part: finding", "part: person", "line 5, rules.0.match: "),
        ("{question}", "{score}", r"line 4, rules.0: reason: \{score\} cannot be filled in"),
        ("{question}", "{question.x}", "cannot be filled in"),
        ("{question}", "{question!r}", "cannot be filled in"),
        ("{question}.", "{question", "line 4, rules.0: reason: "),
        ("id: one", "id: one\n    id: two", "line 5: not YAML: 'id' is given twice"),
        ("[admin]", "*a", "line 11: not YAML: aliases are not used"),
        ("[admin]", "[admin", "x.yaml, line 12: not YAML"),
        ("[admin]", "[everybody]", "line 11, rules.0.flag.recipients.0: "),
        ("needs_human_review", "for_information\n      four_eyes: true", "leave out four_eyes"),
        ("policy: mine", "policy: Mine!", "line 1, policy: "),
        ("policy: mine", "? [a]\n: b\npolicy: mine", "not YAML"),
        ("policy: mine", "when: 2026-13-45\npolicy: mine", "not YAML"),
    ],
)
def test_errors_name_file_line_and_field(old: str, new: str, words: str) -> None:
    text = BROKEN.replace(old, new, 1) if old else BROKEN
    if "severity" not in old and old:
        text = text.replace("enormous", "low")
    with pytest.raises(PolicyInvalid, match=words):
        load_policy(text, name="x.yaml")


def test_files_that_are_no_policy(tmp_path: Path) -> None:
    for text in ("", "[]", "just words"):
        with pytest.raises(PolicyInvalid, match="expected the fields"):
            load_policy(text)
    with pytest.raises(PolicyInvalid, match="cannot be read"):
        load_policy(tmp_path / "absent.yaml")
    file = tmp_path / "latin.yaml"
    file.write_bytes(b"policy: \xe9")
    with pytest.raises(PolicyInvalid, match="not UTF-8"):
        load_policy(file)
    file.write_bytes(b"#" * (2**20 + 1))
    with pytest.raises(PolicyInvalid, match="1 MiB"):
        load_policy(file)
    with pytest.raises(PolicyInvalid, match="two rules are called"):
        one = rule({"part": "fault"})
        load_policy({"policy": "p", "version": 1, "rules": [one, one]})
    with pytest.raises(PolicyInvalid, match=r"rules\.0\.per"):
        load_policy({"policy": "p", "version": 1, "rules": [{**rule({"part": "fault"}), "per": 1}]})


def test_the_same_flags_come_again_and_results_stay_as_they_are() -> None:
    documents = [check(), fairness_audit(audit_finding("A", "adverse")), check("inconclusive")]
    before = copy.deepcopy(documents)
    first = evaluate(default_policy(), documents)
    assert evaluate(load_policy(DEFAULT), documents) == first
    assert documents == before
    assert len({f.id for f in first}) == len(first)


def test_a_policys_hash_is_of_its_meaning() -> None:
    values = yaml.safe_load(DEFAULT.read_text())
    assert load_policy(values).sha256 == default_policy().sha256
    assert load_policy({**values, "version": 2}).sha256 != default_policy().sha256


def test_comparing_policies() -> None:
    values = yaml.safe_load(DEFAULT.read_text())
    second = copy.deepcopy(values)
    second["rules"][0]["flag"]["four_eyes"] = False
    del second["rules"][1]
    second["rules"].append(
        rule({"part": "signal", "signal": ["av_sync"], "status": ["no_indication"]})
    )
    results = [check(), check("inconclusive", run={"content_sha256": "ef" * 32})]
    made = compare(default_policy(), load_policy(second), results)
    assert made.results == 2
    assert [f.rule for f in made.only_first] == ["check_inconclusive"]
    assert [f.rule for f in made.only_second] == ["r", "r"]
    assert [(a.four_eyes, b.four_eyes) for a, b in made.changed] == [(True, False)]
    assert made.unchanged == 0
    same = compare(default_policy(), load_policy({**values, "version": 7}), results)
    assert (same.only_first, same.only_second, same.changed, same.unchanged) == ((), (), (), 2)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"kind": "poem", "run": {"content_sha256": "x"}},
        {"kind": "check", "run": {"content_sha256": "x"}},
        {"kind": "check", "run": None},
        {**check(), "signals": [{}]},
        {**check(), "findings": []},
        fairness_audit({"finding": "adverse"}),
        fairness_audit(audit_finding("A", "adverse", features=3)),
        [],
        None,
    ],
)
def test_what_is_no_result_is_refused(document: Any) -> None:
    with pytest.raises(ResultInvalid, match="Result 2 cannot be read"):
        evaluate(default_policy(), [check(), document])


def test_a_flags_own_time_runs_on_business_days_of_the_place() -> None:
    (flag,) = evaluate(default_policy(), [check()])
    made = deadline(flag, datetime(2027, 3, 24, 12, tzinfo=UTC), "DE")
    assert made is not None
    # Wed 24 March: 25, (26 and 29 Easter), 30, 31, 1 and 2 April.
    assert made.due_on == date(2027, 4, 2)
    assert not made.binding
    (told,) = evaluate(default_policy(), [check("inconclusive")])
    assert deadline(told, datetime(2027, 3, 24, 12, tzinfo=UTC), "DE") is None


def test_the_schema_is_published_and_holds_the_default_policy() -> None:
    assert (DOCS / "policy.schema.json").read_text(encoding="utf-8") == json_schema()
    values = yaml.safe_load(DEFAULT.read_text())
    jsonschema.validate(values, json.loads(json_schema()))


def test_the_members_that_are_read_are_in_the_published_schemas() -> None:
    def members(schema: str, entry: str) -> set[str]:
        return set(json.loads((DOCS / schema).read_text())["$defs"][entry]["properties"])

    assert set(signal("x")) <= members("report.schema.json", "SignalEntry")
    finding = next(iter(check()["findings"].values()))
    assert set(finding) <= members("report.schema.json", "FindingEntry")
    assert set(audit_finding("A", "adverse")) <= members(
        "fairness-audit.schema.json", "FindingEntry"
    )


VERDICTS = st.sampled_from(["review", "no_indication", "inconclusive"])


@given(st.lists(VERDICTS, max_size=5), st.integers(0, 5))
def test_flags_of_a_list_are_those_of_its_parts(verdicts: list[str], cut: int) -> None:
    documents = [check(v, run={"content_sha256": f"{n:064d}"}) for n, v in enumerate(verdicts)]
    made: Policy = default_policy()
    parts: tuple[Flag, ...] = evaluate(made, documents[:cut]) + evaluate(made, documents[cut:])
    assert evaluate(made, documents) == parts
    assert all(f.outcome in ("for_information", "needs_human_review") for f in parts)


def test_what_is_off_by_default_can_be_asked_for_and_else_leaves_the_hash_alone() -> None:
    values = {"policy": "p", "version": 1, "rules": []}
    asks = load_policy({**values, "optional_signals": ["assisted_answering"]})
    assert asks.optional_signals == ("assisted_answering",)
    assert default_policy().optional_signals == ()
    silent, empty = load_policy(values), load_policy({**values, "optional_signals": []})
    assert silent.sha256 == empty.sha256 != asks.sha256
