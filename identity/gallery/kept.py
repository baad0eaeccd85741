"""Galleries that a process keeps between searches: in bounded memory, for a short time."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from audit.interview import Floats
from identity.gallery.gallery import Gallery, Rules

_BATCH = 4096


@dataclass(frozen=True, slots=True)
class Key:
    """Whose gallery: a tenant's or a shared one's, in one space."""

    tenant: str
    space: str


@dataclass(slots=True)
class _Kept:
    gallery: Gallery
    lock: threading.Lock
    used: float


class Galleries:
    """Keeps galleries of several tenants apart; each is as the store has it when it is used.

    Args:
        rules: of each gallery; `most_bytes` bounds all of them together too.
        idle_s: a gallery that was not used for so long is dropped, by a timer.
    """

    def __init__(
        self,
        rules: Rules | None = None,
        *,
        idle_s: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.rules = rules or Rules()
        self._idle_s = idle_s
        self._clock = clock
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._kept: OrderedDict[Key, _Kept] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    @contextmanager
    def current(
        self,
        tenant: str,
        space: str,
        dim: int,
        rows: Mapping[str, str],
        read: Callable[[Sequence[str]], Floats],
    ) -> Iterator[Gallery]:
        """The gallery, with these rows and no others, for one user at a time.

        `rows`: identifiers that are in the store now, with their owners. `read`: unit vectors
        (n, dim) of rows that are not in memory yet, in their order.

        Raises:
            InputError: they need more memory than a gallery may take.
        """
        kept = self._entry(Key(tenant, space), dim)
        with kept.lock:
            bring_up(kept.gallery, rows, read)
            self._make_room(Key(tenant, space))
            self._look_later()
            try:
                yield kept.gallery
            finally:
                kept.used = self._clock()

    def drop_idle(self) -> int:
        """Forgets galleries that were not used lately; returns how many."""
        with self._lock:
            before = self._clock() - self._idle_s
            gone = [key for key, kept in self._kept.items() if kept.used < before]
            for key in gone:
                del self._kept[key]
            return len(gone)

    def drop(self, tenant: str) -> None:
        """Forgets all galleries of a tenant."""
        with self._lock:
            for key in [key for key in self._kept if key.tenant == tenant]:
                del self._kept[key]

    def clear(self) -> None:
        """Forgets all galleries."""
        with self._lock:
            self._kept.clear()

    def _look_later(self) -> None:
        """Drops what is idle after a while, whether or not anybody asks again."""
        with self._lock:
            if self._timer is None and self._kept:
                self._timer = threading.Timer(self._idle_s, self._look)
                self._timer.daemon = True
                self._timer.start()

    def _look(self) -> None:
        with self._lock:
            self._timer = None
        self.drop_idle()
        self._look_later()

    def _entry(self, key: Key, dim: int) -> _Kept:
        self.drop_idle()
        with self._lock:
            kept = self._kept.get(key)
            if kept is None or kept.gallery.dim != dim:
                kept = _Kept(Gallery(key.space, dim, self.rules), threading.Lock(), 0.0)
                self._kept[key] = kept
            kept.used = self._clock()
            self._kept.move_to_end(key)
            return kept

    def _make_room(self, used: Key) -> None:
        """Forgets what was used longest ago, until all fit."""
        with self._lock:
            while self._total() > self.rules.most_bytes:
                oldest = next((key for key in self._kept if key != used), None)
                if oldest is None:
                    return
                del self._kept[oldest]

    def _total(self) -> int:
        return sum(kept.gallery.memory_bytes for kept in self._kept.values())


def bring_up(
    gallery: Gallery, rows: Mapping[str, str], read: Callable[[Sequence[str]], Floats]
) -> None:
    """Makes a gallery hold these rows and no others; `rows` and `read` as above."""
    held = gallery.rows()
    for row, owner in held.items():
        if rows.get(row) != owner:
            gallery.remove(owner, {row})
    missing = [row for row in rows if held.get(row) != rows[row]]
    for first in range(0, len(missing), _BATCH):
        part = missing[first : first + _BATCH]
        gallery.add(gallery.space, part, [rows[row] for row in part], read(part))
