"""The directory of keys as the API's document describes it; the bytes are `KeyDirectory`'s."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

_TIME = "2026-03-02T09:00:00.000000Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyListed:
    """A key that signs reports, or did."""

    key_id: Annotated[
        str,
        Field(description="Reports name it.", examples=["9b1f0c4d2e7a6538"]),
    ]
    public_key: Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="Ed25519, hexadecimal.")]
    valid_from: Annotated[str, Field(description="It signs from then on.", examples=[_TIME])]
    retired_at: Annotated[
        str | None, Field(description="It signs nothing new from then on.", examples=[None])
    ]
    revoked_at: Annotated[
        str | None,
        Field(description="What it signed is not believed from then on.", examples=[None]),
    ]
    reason: Annotated[str, Field(description="Why it was revoked.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedKeys:
    """All keys that sign an organisation's reports; signed, and chained to the list before."""

    format: Annotated[
        str, Field(description="Of this list.", examples=["fairwitness-report-keys/1"])
    ]
    publisher: Annotated[str, Field(description="Whose they are, as it calls itself.")]
    sequence: Annotated[int, Field(ge=0, description="Counts the lists from 0.")]
    issued_at: Annotated[str, Field(description="When it was made.", examples=[_TIME])]
    previous: Annotated[
        str | None, Field(description="SHA-256 of the list before it.", examples=[None])
    ]
    keys: Annotated[tuple[KeyListed, ...], Field(description="The oldest first.")]
    signatures: Annotated[
        dict[str, str],
        Field(
            description="By key: Ed25519 over the canonical JSON of all other members.",
            examples=[{"9b1f0c4d2e7a6538": "00" * 64}],
        ),
    ]
