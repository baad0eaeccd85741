"""The ledger over HTTP: what is exported and proved can be checked without the service."""

from __future__ import annotations

from audit.ledger import HeadsExport, LedgerEntry, SignedHead, VerifyKey, head_is_signed, verify
from audit.ledger.entries import EventKind
from audit.merkle import (
    ConsistencyProof,
    InclusionProof,
    verify_consistency,
    verify_inclusion,
)
from tests.api.conftest import Frame


def write(frame: Frame, count: int, tenant: str = "acme") -> None:
    with frame.service.store.unit(tenant) as unit:
        for number in range(count):
            unit.record(EventKind.MEDIA_READ, f"med_{number}", {"n": number})


def entries(frame: Frame, key: str) -> list[LedgerEntry]:
    """All entries, by pages of seven."""
    found: list[LedgerEntry] = []
    start: int | None = 0
    while start is not None:
        page = frame.send("GET", f"/v1/ledger/entries?from={start}&limit=7", key).json()
        found += [
            LedgerEntry(**{**each, "kind": EventKind(each["kind"])}) for each in page["items"]
        ]
        start = page["next_from"]
    return found


def test_an_export_over_http_verifies(both: Frame) -> None:
    write(both, 30)
    key = both.key_of("auditor")
    export = HeadsExport.from_bytes(both.send("GET", "/v1/ledger/export", key).content)
    found = entries(both, key)
    assert [e.sequence for e in found] == list(range(len(found)))
    assert found[-1].kind is EventKind.LEDGER_EXPORTED
    assert verify(found, export.heads, keys=export.keys, log="acme", leaves=export.leaves) == []


def test_inclusion_and_consistency_are_proved(web: Frame) -> None:
    write(web, 11)
    key = web.key_of("auditor")
    first = web.send("GET", "/v1/ledger/heads", key).json()["heads"][-1]
    write(web, 6)
    proof = web.send("GET", "/v1/ledger/inclusion?sequence=5", key).json()
    head = SignedHead.from_json(proof["head"])
    entry = LedgerEntry(**{**proof["entry"], "kind": EventKind(proof["entry"]["kind"])})
    path = tuple(bytes.fromhex(each) for each in proof["path"])
    root = bytes.fromhex(head.root)
    assert verify_inclusion(entry.leaf(), InclusionProof(5, head.size, path), root=root)
    assert not verify_inclusion(entry.leaf(), InclusionProof(6, head.size, path), root=root)
    (known,) = web.send("GET", "/v1/ledger/heads", key).json()["keys"]
    assert head_is_signed(head, VerifyKey(bytes.fromhex(known["public"])))

    size = first["size"]
    step = web.send("GET", f"/v1/ledger/consistency?first={size}", key).json()
    hashes = tuple(bytes.fromhex(each) for each in step["path"])
    grown = ConsistencyProof(size, step["second"], hashes)
    old = bytes.fromhex(first["root"])
    assert step["second"] == head.size
    assert verify_consistency(grown, first_root=old, second_root=root)
    assert not verify_consistency(grown, first_root=root, second_root=old)


def test_what_is_not_there_is_not_proved(web: Frame) -> None:
    write(web, 2)
    key = web.key_of("auditor")
    size = web.send("GET", "/v1/ledger/heads", key).json()["heads"][-1]["size"]
    for path in (
        f"inclusion?sequence={size}",
        f"consistency?first={size + 1}",
        f"consistency?first=2&second={size + 1}",
        "consistency?first=2&second=1",
    ):
        answer = web.send("GET", f"/v1/ledger/{path}", key)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path
    assert web.send("GET", "/v1/ledger/inclusion?sequence=-1", key).status_code == 422


def test_each_tenant_has_its_own_log(web: Frame) -> None:
    write(web, 3)
    theirs = web.key_of("auditor", "globex")
    assert {e.tenant for e in entries(web, theirs)} == {"globex"}
    assert web.send("GET", "/v1/ledger/heads", web.key_of("platform")).status_code == 403
