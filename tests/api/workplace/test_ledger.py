"""The ledger on pages: found by kind, subject and day; a proof that is checked here by itself."""

from __future__ import annotations

import json

import pytest

from audit.ledger import HeadsExport, LedgerEntry, SignedHead
from audit.ledger.heads import head_is_signed
from audit.merkle import InclusionProof, verify_inclusion
from tests.api.workplace.conftest import Office, Person


@pytest.fixture(scope="module")
def person(office: Office) -> Person:
    return office.signed_in("auditor", name="lena")


def test_entries_are_found_by_kind_subject_and_day(office: Office, person: Person) -> None:
    system = office.world.person().system.id
    office.service.store.seal("acme")
    found = person.get(f"/app/ledger?subject={system}").text
    assert "System registered" in found and f'href="/app/systems/{system}"' in found
    both = f"/app/ledger?subject={system}&kind=system_registered"
    assert "No entry is like that" not in person.get(both).text
    assert "No entry is like that" in person.get(f"{both}&until=2001-01-01").text
    assert "No entry is like that" in person.get(f"{both}&since=2999-01-01").text
    wrong = person.get("/app/ledger?since=yesterday")
    assert wrong.status_code == 422 and "Give a day such as" in wrong.text
    assert person.get("/app/ledger?kind=no_such").status_code == 422


def test_older_entries_follow(office: Office, person: Person) -> None:
    for _ in range(4):
        office.world.person()
        office.world.check(finished=True)
    office.service.store.seal("acme")
    page = person.get("/app/ledger").text
    onward = page.partition('rel="next" href="')[2].partition('"')[0]
    before = int(onward.partition("before=")[2])
    older = person.get(onward.replace("&amp;", "&")).text
    assert f'href="/app/ledger/{before}"' in page
    assert f'href="/app/ledger/{before}"' not in older
    assert f'href="/app/ledger/{before - 1}"' in older


def test_a_proof_is_checked_without_the_service(person: Person) -> None:
    assert "hash" in person.get("/app/ledger/0").text
    answer = person.get("/app/ledger/0/proof")
    assert answer.headers["content-disposition"] == 'attachment; filename="entry-0.json"'
    given = json.loads(answer.content)
    line = json.dumps(given["entry"], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    entry = LedgerEntry.from_line(line.encode())
    head = SignedHead.from_json(given["head"])
    path = tuple(bytes.fromhex(each) for each in given["path"])
    proof = InclusionProof(index=0, size=head.size, path=path)
    assert entry.body_is_intact()
    assert verify_inclusion(entry.leaf(), proof, root=bytes.fromhex(head.root))
    kept = HeadsExport.from_bytes(person.post("/app/ledger/heads").content)
    keys = {each.key_id: each for each in kept.keys}
    assert head_is_signed(head, keys[head.key_id])


def test_another_organisation_has_a_ledger_of_its_own(office: Office) -> None:
    system = office.world.person().system.id
    office.service.store.seal("acme")
    other = office.signed_in("auditor", "globex", name="otto")
    assert "No entry is like that" in other.get(f"/app/ledger?subject={system}").text
    assert other.get("/app/ledger/9007199254740991").status_code == 404
