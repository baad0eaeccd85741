"""What request bodies share: unknown fields are refused, texts hold no control characters."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Line = Annotated[
    str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")
]
"""One line of text."""

Whole = Annotated[int, Field(strict=True)]
"""A whole number, as JSON Schema reads it: 5 or 5.0, and neither "5" nor true."""


class Body(BaseModel):
    """A request body."""

    model_config = ConfigDict(frozen=True, extra="forbid")
