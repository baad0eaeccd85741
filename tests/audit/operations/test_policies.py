"""Stored policies: versions that never change, activation, dry runs against past results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from audit.errors import AlreadyExists, NotFound, PolicyInvalid
from audit.operations import policies
from audit.records.evidence import Report
from audit.records.oversight import Policy
from audit.store import ReadUnit, Store
from tests.audit.operations.people import add_check, add_person, add_report, events
from tests.audit.test_policies import check

TEXT = """
policy: ours
version: {version}
rules:
  - id: look
    match: {{part: finding, verdict: [{verdict}]}}
    flag:
      kind: k
      severity: low
      outcome: for_information
      reason: Look.
      recipients: [platform]
"""


def text(version: int = 1, verdict: str = "review") -> str:
    return TEXT.format(version=version, verdict=verdict)


def test_versions_are_added_activated_and_never_changed(store: Store) -> None:
    with store.unit("acme") as unit:
        assert policies.label(policies.active_policy(unit, "ours")) == "default/1"
        first = policies.add_version(unit, "ours", text())
        assert not first.active
        same = policies.add_version(unit, "ours", text().replace("Look.", "'Look.'"))
        assert same == first  # another layout of the same meaning
        with pytest.raises(AlreadyExists, match="higher version"):
            policies.add_version(unit, "ours", text(verdict="inconclusive"))
        third = policies.add_version(unit, "ours", text(3))
        with pytest.raises(AlreadyExists):
            policies.add_version(unit, "ours", text(2))
        assert policies.activate(unit, "ours", 1).active
        assert policies.activate(unit, "ours", 3).number == third.number
        assert policies.activate(unit, "ours", 3).version == 2  # again changes nothing
        assert [p.number for p in unit.every(Policy, active=True)] == [3]
        assert policies.label(policies.active_policy(unit, "ours")) == "ours/3"
        with pytest.raises(NotFound):
            policies.activate(unit, "ours", 2)
    with store.reading("globex") as reading:
        assert policies.label(policies.active_policy(reading, "ours")) == "default/1"
    changes = [body for kind, _, body in events(store) if kind == "policy_changed"]
    assert [(c["what"], c["number"]) for c in changes] == [
        ("added", 1),
        ("added", 3),
        ("activated", 1),
        ("activated", 3),
    ]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (text().replace("low", "dire"), r"ours: line 9, rules.0.flag.severity"),
        (text().replace("ours", "theirs"), "one name"),
        ("policy: ours\nversion: 1\nversion: 2\n", "line 3.*twice"),
        ("x" * (2**20 + 1), "1 MiB"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(store: Store, given: str, words: str) -> None:
    with store.unit("acme") as unit:
        with pytest.raises(PolicyInvalid, match=words):
            policies.add_version(unit, "ours", given)
        assert unit.count(Policy) == 0


def test_a_dry_run_compares_with_the_active_policy_and_stores_nothing(store: Store) -> None:
    with store.unit("acme") as unit:
        person = add_person(unit)
        second = add_check(unit, person.interview, person.recording)
        erased = add_report(unit, second)
        policies.activate(unit, "ours", policies.add_version(unit, "ours", text()).number)

    def read(unit: ReadUnit, report: Report) -> Mapping[str, Any] | None:
        return None if report.id == erased.id else check("review")

    with store.reading("acme") as reading:
        dry = policies.dry_run(reading, text(2, "no_indication"), read=read, name="ours")
        assert reading.count(Policy) == 1
        same = policies.dry_run(reading, text(2), read=read, name="ours")
    assert (dry.results, dry.unreadable, dry.active, dry.given) == (1, 1, "ours/1", "ours/2")
    assert (dry.added, dry.removed, dry.changed, dry.unchanged) == (3, 1, 0, 0)
    assert dry.only_active[0].about == ("finding:identity",)
    assert (same.added, same.removed, same.unchanged) == (0, 0, 1)
    with store.reading("globex") as reading:
        empty = policies.dry_run(reading, text(), read=read, name="ours")
    assert empty.results == 0
