"""Keys that sign a tenant's reports: made once, sealed, and of that tenant alone."""

from __future__ import annotations

import threading

import pytest

from api.tenant_keys import current_signer, keys_of, last_directory
from audit.errors import ReportKeyUnusable
from audit.ledger.heads import key_id
from audit.records.issued import SigningKey
from audit.store import Store
from audit.store.public import tenant_of_report_key
from reports.proof.keys import KeyDirectory, continues

TENANT = "acme"


def directory(store: Store) -> KeyDirectory:
    with store.reading(TENANT) as unit:
        content = last_directory(unit)
    assert content is not None
    return KeyDirectory.from_bytes(content)


def test_of_many_at_once_one_makes_the_first_key(store: Store) -> None:
    start, found = threading.Barrier(4), []

    def work() -> None:
        start.wait()
        with store.unit(TENANT) as unit:
            found.append(key_id(current_signer(store, unit).public))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(found) == 4 and len(set(found)) == 1
    with store.reading(TENANT) as unit:
        assert unit.count(SigningKey) == 1
    assert tenant_of_report_key(store, found[0]) == TENANT
    assert directory(store).sequence == 0


def test_directories_continue_one_another(store: Store) -> None:
    with store.unit(TENANT) as unit:
        current_signer(store, unit)
    first = directory(store)
    with store.unit(TENANT) as unit:
        keys_of(store, unit).rotate()
        keys_of(store, unit).directory()
    second = directory(store)
    with store.unit(TENANT) as unit:
        keys = keys_of(store, unit)
        keys.revoke(second.newest.key_id, "Lost.")
        keys.directory()
    third = directory(store)
    assert continues(second, first) == [] and continues(third, second) == []
    assert [key.usable for key in third.keys] == [False, False, True]
    assert directory(store) == third
    with store.unit(TENANT) as unit:
        again = keys_of(store, unit).directory()
    assert again == third


def test_a_key_that_was_rolled_back_signs_nothing(store: Store) -> None:
    with pytest.raises(RuntimeError), store.unit(TENANT) as unit:
        name = key_id(current_signer(store, unit).public)
        raise RuntimeError
    with store.unit(TENANT) as unit:
        keys = keys_of(store, unit)
        assert key_id(keys.current().public) != name
        with pytest.raises(ReportKeyUnusable):
            keys.signer(name)


def test_another_tenant_has_other_keys(store: Store) -> None:
    with store.unit(TENANT) as unit:
        ours = key_id(current_signer(store, unit).public)
    with store.unit("globex") as unit:
        keys = keys_of(store, unit)
        assert key_id(keys.current().public) != ours
        with pytest.raises(ReportKeyUnusable):
            keys.signer(ours)
        assert keys.directory().publisher == "Globex"


def test_a_new_master_key_changes_nothing(store: Store) -> None:
    with store.unit(TENANT) as unit:
        before = current_signer(store, unit).public
    store.rewrap()
    with store.unit(TENANT) as unit:
        assert current_signer(store, unit).public == before
