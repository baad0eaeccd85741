"""Keys: how they are written, kept, remembered and ended."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from api.keys import Issued, Wanted, issue, revoke, rotate
from api.principal import Keys, Token
from audit.errors import StepRefused
from audit.ids import new_id
from audit.records.access import ApiKey, Role
from audit.store import Store


class Hands:
    """Clocks that tests turn."""

    def __init__(self, store: Store) -> None:
        self.seconds = 0.0
        self.moment = store.now()
        store.now = lambda: self.moment  # type: ignore[method-assign]

    def on(self, seconds: float) -> None:
        self.seconds += seconds
        self.moment += timedelta(seconds=seconds)


@pytest.fixture
def hands(light_store: Store) -> Hands:
    """Turns the clocks of the store and of the memory."""
    return Hands(light_store)


@pytest.fixture
def keys(light_store: Store, hands: Hands) -> Iterator[Keys]:
    """The keys of a process."""
    made = Keys(light_store, lambda: hands.seconds, cache_s=5.0, most=3)
    yield made
    made.close()


def issued(store: Store, until: datetime | None = None, role: Role = Role.PLATFORM) -> Issued:
    with store.unit("acme") as unit:
        end = until or unit.now() + timedelta(days=1)
        return issue(unit, Wanted(name="x", role=role, expires_at=end))


def token(text: str) -> Token:
    found = Token.parse(text)
    assert found is not None
    return found


def test_a_key_is_written_and_read_back() -> None:
    made = Token.generate(new_id("key"))
    assert Token.parse(made.text()) == made
    assert len(made.secret) == 32 and len(made.text()) == 3 + 26 + 1 + 43
    assert made.secret.hex() not in repr(made)


@pytest.mark.parametrize(
    "text",
    ["", "fw_", "fw_01_x", "fw_" + "0" * 26 + "_" + "x" * 42, "xx_" + "0" * 26 + "_" + "x" * 43],
)
def test_what_is_no_key_is_none(text: str) -> None:
    assert Token.parse(text) is None


def test_only_the_hash_is_stored(light_store: Store, keys: Keys) -> None:
    made = issued(light_store)
    principal = keys.check(token(made.text))
    assert principal is not None
    assert (principal.tenant, principal.role) == ("acme", Role.PLATFORM)
    assert principal.secret.hex() not in repr(principal)
    secret = made.text.rsplit("_", 1)[1] if made.text.count("_") == 2 else made.text[30:]
    light_store.engine.dispose()
    database = light_store.engine.url.database
    assert database is not None
    from pathlib import Path

    stored = b"".join(p.read_bytes() for p in Path(database).parent.glob("fairwitness.db*"))
    assert secret.encode() not in stored and token(made.text).secret not in stored
    assert token(made.text).hash() in stored


def test_another_secret_is_refused(light_store: Store, keys: Keys) -> None:
    made = issued(light_store)
    forged = Token.generate(made.key.id)
    assert keys.check(forged) is None
    assert keys.check(Token.generate(new_id("key"))) is None


def test_an_expired_key_is_refused_though_it_is_remembered(
    light_store: Store, keys: Keys, hands: Hands
) -> None:
    made = issued(light_store, hands.moment + timedelta(seconds=2))
    assert keys.check(token(made.text)) is not None
    hands.on(2)
    assert keys.remembered(token(made.text))
    assert keys.check(token(made.text)) is None


def test_a_revoked_key_ends_within_the_memory(light_store: Store, keys: Keys, hands: Hands) -> None:
    made = issued(light_store)
    assert keys.check(token(made.text)) is not None
    with light_store.unit("acme") as unit:
        revoke(unit, unit.get(ApiKey, made.key.id))
    assert keys.check(token(made.text)) is not None  # another process that remembers it
    hands.on(5)
    assert keys.check(token(made.text)) is None


def test_the_process_that_revokes_a_key_forgets_it_at_once(light_store: Store, keys: Keys) -> None:
    made = issued(light_store)
    assert keys.check(token(made.text)) is not None
    with light_store.unit("acme") as unit:
        revoke(unit, unit.get(ApiKey, made.key.id))
    keys.forget(made.key.id)
    assert keys.check(token(made.text)) is None


def test_a_key_read_before_it_was_revoked_is_not_remembered(
    light_store: Store, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    from api import principal

    made = issued(light_store)
    read = principal.find_key

    def slow(store: Store, key_id: str) -> tuple[str, ApiKey] | None:
        found = read(store, key_id)
        keys.forget(key_id)  # the revocation is committed between reading and remembering
        return found

    monkeypatch.setattr(principal, "find_key", slow)
    keys.check(token(made.text))
    assert not keys.remembered(token(made.text))


def test_the_memory_is_bounded(light_store: Store, keys: Keys) -> None:
    made = [issued(light_store) for _ in range(5)]
    for each in made:
        assert keys.check(token(each.text)) is not None
    assert [keys.remembered(token(each.text)) for each in made] == [False] * 2 + [True] * 3


def test_use_is_noted_once_a_minute_and_is_no_change(
    light_store: Store, keys: Keys, hands: Hands
) -> None:
    made = issued(light_store)

    def last() -> datetime | None:
        with light_store.reading("acme") as unit:
            found = unit.get(ApiKey, made.key.id)
            assert found.version == 1
            return found.last_used_at

    assert last() is None
    keys.note_use(made.key.id)
    first = hands.moment
    hands.on(59)
    keys.note_use(made.key.id)
    keys.close()
    assert last() == first
    fresh = Keys(light_store, lambda: hands.seconds, cache_s=5.0)
    fresh.note_use(made.key.id)
    hands.on(60)
    fresh.note_use(made.key.id)
    fresh.close()
    assert last() == hands.moment


def test_rotation_lets_the_old_key_go_on_for_a_while(
    light_store: Store, keys: Keys, hands: Hands
) -> None:
    old = issued(light_store)
    with light_store.unit("acme") as unit:
        fresh = rotate(
            unit,
            unit.get(ApiKey, old.key.id),
            grace=timedelta(seconds=10),
            expires_at=unit.now() + timedelta(days=9),
        )
    assert fresh.key.scopes == old.key.scopes and fresh.key.role is Role.PLATFORM
    assert keys.check(token(old.text)) and keys.check(token(fresh.text))
    hands.on(11)
    assert keys.check(token(old.text)) is None
    assert keys.check(token(fresh.text)) is not None
    with light_store.unit("acme") as unit, pytest.raises(StepRefused):
        rotate(
            unit,
            unit.get(ApiKey, old.key.id),
            grace=timedelta(),
            expires_at=unit.now() + timedelta(days=9),
        )


def test_the_last_key_that_manages_keys_stays(light_store: Store) -> None:
    first = issued(light_store, role=Role.ADMIN)
    with light_store.unit("acme") as unit, pytest.raises(StepRefused):
        revoke(unit, unit.get(ApiKey, first.key.id))
    issued(light_store, role=Role.ADMIN)
    with light_store.unit("acme") as unit:
        assert revoke(unit, unit.get(ApiKey, first.key.id)).revoked_at is not None
