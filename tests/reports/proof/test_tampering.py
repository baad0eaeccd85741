"""Random changes over all formats and bundle members: none verifies, most are named."""

from __future__ import annotations

from collections import Counter

from reports.proof.bundle_verifying import verify
from tests.reports.proof.material import trust
from tests.reports.proof.tampering import attempts, files, summary

COUNT = 72


def test_what_is_changed_verified_before() -> None:
    assert {verify(data, trust()).verdict for data in files().values()} == {"verified"}


def test_no_change_verifies_and_most_are_named() -> None:
    found = list(attempts(COUNT))
    assert Counter(each.verdict in ("failed", "unreadable") for each in found) == {True: len(found)}
    assert len({each.format for each in found}) == 6
    named = sum(each.named for each in found)
    assert named >= 0.9 * len(found), summary(found)
