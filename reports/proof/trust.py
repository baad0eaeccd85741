"""Whom a verifier believes: kept directories of keys and kept heads of ledgers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Literal

from audit.ledger import HeadsExport
from reports.proof.envelope import LedgerHead
from reports.proof.keys import KeyDirectory, ReportKey, continues
from reports.proof.receipts import compare_head

Belief = Literal["in_use", "retired", "revoked_later", "revoked", "out_of_time", "unknown"]


@dataclass(frozen=True, slots=True)
class Trust:
    """What the verifier holds. `own`: keys of this installation, which made reports itself."""

    directories: tuple[KeyDirectory, ...] = ()
    heads: tuple[HeadsExport, ...] = ()
    own: tuple[ReportKey, ...] = ()

    def faults(self) -> list[str]:
        """What speaks against the directories together: two histories of one publisher."""
        return [text for line in _lines(self.directories) for text in _line_faults(line)]

    def of_head(self, head: LedgerHead) -> Literal["same", "other", "unknown", "nothing_kept"]:
        """What the kept heads say of a head."""
        if not self.heads:
            return "nothing_kept"
        found = {compare_head(head, kept) for kept in self.heads}
        return "other" if "other" in found else "same" if "same" in found else "unknown"


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a key; only `in_use`, `retired` and `revoked_later` can be relied on."""

    belief: Belief
    text: str
    publisher: str = ""

    @property
    def good(self) -> bool:
        """Whether somebody whom the verifier believes vouches for the key at that time."""
        return self.belief in ("in_use", "retired", "revoked_later")


@dataclass(frozen=True, slots=True)
class Signing:
    """A signature in question. `proved_at`: times of believed heads that cover its record."""

    key_id: str
    public_key: str
    signed_at: str
    proved_at: tuple[str, ...] = field(default=())


def standing(signing: Signing, trust: Trust) -> Standing:
    """What the kept directories say of a signature's key."""
    listed = [
        (directory.publisher, key)
        for directory in trust.directories
        if (key := directory.key(signing.key_id)) and key.public_key == signing.public_key
    ]
    own = [("", key) for key in trust.own if key.public_key == signing.public_key]
    if not listed and not own:
        return Standing("unknown", _unknown(signing, trust))
    found = [_of_key(signing, key, publisher) for publisher, key in listed or own]
    worst = max(found, key=lambda each: _BAD.index(each.belief))
    if listed:
        return worst
    return Standing(worst.belief, f"{worst.text} It is a key of this installation.")


_BAD: tuple[Belief, ...] = (
    "in_use",
    "retired",
    "revoked_later",
    "unknown",
    "out_of_time",
    "revoked",
)


def moment(text: str) -> datetime:
    """The time that a `Moment` states."""
    return datetime.fromisoformat(text)


def _unknown(signing: Signing, trust: Trust) -> str:
    if not trust.directories:
        return (
            f"The key {signing.key_id} fits the file, but nobody you know vouches for it: no list "
            "of keys was given. Whoever altered the file could have signed it with a key of "
            "their own."
        )
    return (
        f"The key {signing.key_id} fits the file, but is in none of the given lists of keys. "
        "Whoever altered the file could have signed it with a key of their own."
    )


def _of_key(signing: Signing, key: ReportKey, publisher: str) -> Standing:
    whose = f" of “{publisher}”" if publisher else ""
    said = f"The key {key.key_id}{whose}"
    if key.revoked_at is not None:
        return _revoked(signing, key, said, publisher)
    early = _before(signing, key)
    if key.retired_at is None:
        text = f"{said} is in the list of keys and in use.{early}"
        return Standing("in_use", text, publisher)
    if moment(signing.signed_at) > moment(key.retired_at):
        text = f"{said} was retired on {key.retired_at}; the file says {signing.signed_at}."
        return Standing("out_of_time", text, publisher)
    text = f"{said} was in use until {key.retired_at}, when it was replaced; what it signed holds."
    return Standing("retired", text + early, publisher)


def _before(signing: Signing, key: ReportKey) -> str:
    """Reports can be made with a given date; a key tells that it is not that of the signing."""
    if moment(signing.signed_at) >= moment(key.valid_from):
        return ""
    return (
        f" The file dates itself {signing.signed_at}, which is before the key was made "
        f"({key.valid_from}): that date was given, and is not that of the signing."
    )


def _revoked(signing: Signing, key: ReportKey, said: str, publisher: str) -> Standing:
    why = f" ({key.reason})" if key.reason else ""
    revoked_at = str(key.revoked_at)
    proved = [at for at in signing.proved_at if moment(at) < moment(revoked_at)]
    if proved:
        text = (
            f"{said} was revoked on {revoked_at}{why}. The ledger proves that the report was "
            f"issued before: its record is covered by a head of {min(proved)} that you kept."
        )
        return Standing("revoked_later", text, publisher)
    before = moment(signing.signed_at) < moment(revoked_at)
    claim = "before" if before else "after"
    text = (
        f"{said} was revoked on {revoked_at}{why}. The file says that it was signed {claim} that "
        f"({signing.signed_at}), but no head that you kept proves it: whoever holds a revoked key "
        "can write any time."
    )
    return Standing("revoked", text, publisher)


def _lines(directories: Iterable[KeyDirectory]) -> list[list[KeyDirectory]]:
    """Directories that share a key, the earliest first: those of one publisher."""
    lines: list[list[KeyDirectory]] = []
    for each in sorted(directories, key=lambda directory: directory.sequence):
        ids = {key.key_id for key in each.keys}
        near = [line for line in lines if ids & {k.key_id for d in line for k in d.keys}]
        if near:
            near[0].append(each)
        else:
            lines.append([each])
    return lines


def _line_faults(line: list[KeyDirectory]) -> list[str]:
    found = []
    for earlier, later in pairwise(line):
        if earlier.sha256 == later.sha256:
            continue
        if later.sequence == earlier.sequence:
            found.append(f"there are two lists of keys of number {later.sequence}")
        elif later.sequence == earlier.sequence + 1:
            found += [f"list {later.sequence}: {text}" for text in continues(later, earlier)]
    return found
