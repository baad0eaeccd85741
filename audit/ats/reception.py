"""Webhooks of applicant tracking systems: signature, then form, then meaning.

    reception = receive(Source.LEVER, body, headers, secrets=[token], words=words, now=now)

An event of a type that is not used is acknowledged and counted, and is no error. A message whose
meaning is unclear is refused, so that its sender keeps it and tries again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from audit.ats import ashby, greenhouse, lever
from audit.ats.incoming import Ignored, Reader, Reception, Verifier
from audit.ats.model import Source, WordMap

_SYSTEMS: Mapping[Source, tuple[Verifier, Reader]] = {
    Source.GREENHOUSE: (greenhouse.verify, greenhouse.read),
    Source.LEVER: (lever.verify, lever.read),
    Source.ASHBY: (ashby.verify, ashby.read),
}
SYSTEMS = tuple(_SYSTEMS)
"""Those whose own webhooks are understood."""

__all__ = ["SYSTEMS", "Ignored", "Reception", "receive"]


def receive(
    source: Source,
    body: bytes,
    headers: Mapping[str, str],
    *,
    secrets: Sequence[str],
    words: WordMap,
    now: datetime,
) -> Reception:
    """One webhook of one system.

    `body`: the bytes as they came. `secrets`: more than one while a secret changes; without any,
    nothing is accepted. `now`: with a zone.

    Raises:
        SignatureInvalid: not signed with one of the secrets, or (Lever) too old.
        OutcomeInvalid: not a message of this system, or a word that is not mapped.
    """
    verify, read = _SYSTEMS[source]
    lowered = {name.lower(): value for name, value in headers.items()}
    verify(body, lowered, secrets, now)
    return read(body, words, now)
