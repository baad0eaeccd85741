"""What all stored values share. Values are frozen; a change is a new value, written by `put`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field

START = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for 'not stored yet': the store sets both times when it adds a value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A stored value with an identity.

    Field descriptions are those of the HTTP answers: one declaration serves both.
    """

    id: Annotated[str, Field(description="Opaque identifier.")]
    version: Annotated[int, Field(description="Counts changes; also the ETag.", ge=1)] = 1
    created_at: Annotated[datetime, Field(description="When it was stored, UTC.")] = START
    updated_at: Annotated[datetime, Field(description="When it was last changed, UTC.")] = START
