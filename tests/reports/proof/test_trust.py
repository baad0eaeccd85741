"""What a key is worth: in use, retired, revoked with and without proof of time, unknown."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from audit.ledger import HeadsExport
from audit.ledger.heads import key_id
from reports.proof.keys import KeyDirectory, ReportKey
from reports.proof.receipts import compare_head, issued, receipt_faults
from reports.proof.trust import Signing, Trust, standing
from tests.reports.proof.material import START, keys_of, recorded, sealed_letter, signer

KEY = key_id(signer().public)


def signing(at: str = "2026-02-01T00:00:00Z", proved: tuple[str, ...] = ()) -> Signing:
    return Signing(KEY, signer().public.hex(), at, proved)


def directories() -> tuple[KeyDirectory, KeyDirectory, KeyDirectory]:
    keys = keys_of(signer())
    first = keys.directory()
    keys.rotate()
    second = keys.directory()
    keys.revoke(KEY, "lost", at="2026-03-02T00:00:00Z")
    return first, second, keys.directory()


def test_a_key_in_use_is_good() -> None:
    first, _, _ = directories()
    found = standing(signing(), Trust((first,)))
    assert (found.belief, found.good, found.publisher) == ("in_use", True, "Example Staffing Ltd")


def test_a_date_before_the_key_is_said_to_be_given() -> None:
    first, _, _ = directories()
    found = standing(signing("2001-01-01T00:00:00Z"), Trust((first,)))
    assert found.good and "before the key was made" in found.text


def test_what_a_retired_key_signed_in_its_time_holds() -> None:
    _, second, _ = directories()
    retired = second.keys[0].retired_at
    assert retired is not None
    assert standing(signing("2026-01-30T09:00:01Z"), Trust((second,))).belief == "retired"
    late = standing(signing("2026-12-01T00:00:00Z"), Trust((second,)))
    assert (late.belief, late.good) == ("out_of_time", False)


def test_a_revoked_key_is_believed_only_where_the_ledger_proves_the_time() -> None:
    _, _, third = directories()
    trust = Trust((third,))
    claimed = standing(signing(), trust)
    assert (claimed.belief, claimed.good) == ("revoked", False)
    assert "before" in claimed.text and "lost" in claimed.text
    proved = standing(signing(proved=("2026-03-01T09:04:00Z",)), trust)
    assert (proved.belief, proved.good) == ("revoked_later", True)
    assert standing(signing(proved=("2026-03-03T00:00:00Z",)), trust).belief == "revoked"


def test_the_worst_of_several_directories_counts() -> None:
    assert standing(signing(), Trust(directories())).belief == "revoked"
    assert Trust(directories()).faults() == []


def test_an_unknown_key_is_said_loudly() -> None:
    without = standing(signing(), Trust())
    assert without.belief == "unknown" and "nobody you know" in without.text
    other = standing(signing(), Trust((keys_of(signer(5)).directory(),)))
    assert other.belief == "unknown" and "none of the given lists" in other.text


def test_a_key_id_alone_is_not_enough() -> None:
    first, _, _ = directories()
    forged = Signing(KEY, signer(5).public.hex(), "2026-02-01T00:00:00Z")
    assert standing(forged, Trust((first,))).belief == "unknown"


def test_a_key_of_this_installation_is_known() -> None:
    own = ReportKey.of(signer().public, "2026-01-01T00:00:00Z")
    found = standing(signing(), Trust(own=(own,)))
    assert found.good and "this installation" in found.text


def test_two_histories_of_one_publisher_are_found() -> None:
    keys, other = keys_of(signer()), keys_of(signer())
    first = keys.directory()
    keys.rotate()
    other.directory()
    other.rotate()
    faults = Trust((first, keys.directory(), other.directory())).faults()
    assert any("two lists" in text for text in faults)


def test_receipts_hold_and_every_change_of_them_is_found() -> None:
    held = recorded(sealed_letter())
    for each in held.receipts:
        assert receipt_faults(each) == []
    first = held.receipts[1]
    changes: tuple[dict[str, Any], ...] = (
        {"entry": {**first.entry, "actor": "job:2"}},
        {"entry": {**first.entry, "body": {"document_sha256": "0" * 64}}},
        {"entry": {**first.entry, "sequence": 0}},
        {"entry": {}},
        {"path": first.path[:-1]},
        {"path": tuple(reversed(first.path))},
        {"head": first.head.model_copy(update={"root": "0" * 64})},
    )
    for change in changes:
        assert receipt_faults(first.model_copy(update=change)) != [], change


def test_a_receipt_records_its_document_and_no_other() -> None:
    held = recorded(sealed_letter())
    digest = sealed_letter().proof.document_sha256
    assert [issued(each, {digest}) for each in held.receipts] == [False, True, False]
    assert not issued(held.receipts[1], {"0" * 64})


def test_kept_heads_tell_the_same_from_another_ledger() -> None:
    held = recorded(sealed_letter())
    head = held.receipts[0].head
    assert compare_head(head, held.kept) == "same"
    without = HeadsExport(held.kept.log, (), held.kept.keys, ())
    assert compare_head(head, without) == "unknown"
    elsewhere = HeadsExport("tenant:other", held.kept.heads, held.kept.keys)
    assert compare_head(head, elsewhere) == "unknown"
    rewritten = recorded(sealed_letter(), at=START + timedelta(days=1))
    assert compare_head(rewritten.receipts[0].head, held.kept) == "other"
    strangers = HeadsExport(held.kept.log, held.kept.heads, ())
    assert compare_head(head, strangers) == "other"


def test_kept_leaves_reach_heads_between_kept_ones() -> None:
    held = recorded(sealed_letter())
    only_leaves = HeadsExport(held.kept.log, held.kept.heads, held.kept.keys, held.kept.leaves)
    head = held.receipts[0].head
    assert compare_head(head, only_leaves) == "same"
    forged = HeadsExport(held.kept.log, (), held.kept.keys, ("00" * 32, *held.kept.leaves[1:]))
    assert compare_head(head, forged) == "unknown"
