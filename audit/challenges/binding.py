"""What ties a recording and its telemetry to the nonce of a challenge."""

from __future__ import annotations

import hashlib

_FORMAT = "fairwitness-challenge-response/1"


def binding_of(nonce: str, recording_sha256: str, telemetry_sha256: str) -> str:
    """SHA-256, hexadecimal, over format, nonce and both hashes, each on a line of its own.

    Whoever has the nonce can compute it, so it proves no origin: it says which recording and which
    telemetry the page meant, so that neither can be exchanged afterwards.
    """
    lines = (_FORMAT, nonce, recording_sha256, telemetry_sha256)
    return hashlib.sha256("\n".join(lines).encode("ascii")).hexdigest()
