"""Random changes over all formats and bundle members: none verifies, and the place is named."""

from __future__ import annotations

from collections import Counter

from reports.proof.bundle_verifying import verify
from tests.reports.proof.material import trust
from tests.reports.proof.tampering import attempts, files, summary

COUNT = 72


def test_what_is_changed_verified_before() -> None:
    assert {verify(data, trust()).verdict for data in files().values()} == {"verified"}


def test_no_change_verifies_and_its_place_is_named() -> None:
    found = list(attempts(COUNT))
    assert Counter(each.verdict in ("failed", "unreadable") for each in found) == {True: len(found)}
    assert len({each.format for each in found}) == 6
    assert sum(each.named for each in found) >= 0.95 * len(found), summary(found)
    known = [each.right for each in found if each.right is not None]
    assert len(known) > 10
    assert sum(known) >= 0.95 * len(known), summary(found)
