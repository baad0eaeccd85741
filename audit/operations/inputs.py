"""What operations take: frozen, checked, and the same over HTTP and in Python.

Texts are kept short and without control characters, references are opaque, times have a zone.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    StringConstraints,
)

from audit.ats.model import label, reference
from audit.ats.payload import within_reason

_ID = "_[0-9A-HJKMNP-TV-Z]{26}$"
_NO_CONTROL = r"^[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])?$"
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_REFERENCE = r"^[A-Za-z0-9][A-Za-z0-9_.:\-]{0,127}$"


def _without_defaults(schema: dict[str, Any]) -> None:
    for field in schema.get("properties", {}).values():
        field.pop("default", None)


class Input(BaseModel):
    """What an operation takes. Fields that it does not know are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Change(Input):
    """A change: what is not given stays as it is. Its defaults are never used."""

    model_config = ConfigDict(json_schema_extra=_without_defaults)

    def given(self) -> dict[str, Any]:
        """The fields that were given."""
        return {name: getattr(self, name) for name in sorted(self.model_fields_set)}


def _opaque(text: str) -> str:
    if reference(text) is None:
        raise ValueError("looks like a telephone number: give an opaque reference")
    return text


def _plain_label(text: str) -> str:
    found = label(text)
    if found is None:
        raise ValueError("is not a plain name, or it looks like an address or telephone number")
    return found


def _written_time(value: object) -> object:
    """Numbers are not times here, although the parser would take them for seconds since 1970."""
    if isinstance(value, datetime) or (isinstance(value, str) and "-" in value[1:]):
        return value
    raise ValueError("is not a time as RFC 3339 writes it: 2026-03-01T09:00:00Z")


def _written_day(value: object) -> object:
    """The parser would take numbers and midnights for days, too."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and _DAY.fullmatch(value):
        return value
    raise ValueError("is not a day as RFC 3339 writes it: 2026-03-01")


def _reasonable_day(day: date) -> date:
    if not 2000 <= day.year <= 2199:
        raise ValueError("lies before 2000 or after 2199")
    return day


def _reasonable(moment: datetime) -> datetime:
    found = within_reason(moment)
    if found is None:
        raise ValueError("lies before 2000 or after 2199")
    return found


def _whole(value: object) -> object:
    """30.0 is a whole number in JSON; true and "30" are none."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def one_of(*names: str, example: dict[str, Any], several: bool = False) -> dict[str, Any]:
    """What a schema says of a model that needs one of these fields, or (`several`) at least one."""
    options = []
    for name in names:
        others = [] if several else [each for each in names if each != name]
        fields: dict[str, Any] = {name: {"type": "string"}}
        fields |= {other: {"type": "null"} for other in others}
        options.append({"required": [name], "properties": fields})
    return {"anyOf" if several else "oneOf": options, "examples": [example]}


def _once(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_NO_CONTROL)]
Reference = Annotated[
    str, StringConstraints(max_length=128, pattern=_REFERENCE), AfterValidator(_opaque)
]
Label = Annotated[
    str,
    StringConstraints(min_length=1, max_length=80, pattern=_NO_CONTROL),
    AfterValidator(_plain_label),
]
ReferenceOrEmpty = Annotated[
    str,
    StringConstraints(max_length=128, pattern=rf"^$|{_REFERENCE}"),
    AfterValidator(lambda text: _opaque(text) if text else text),
]
LabelOrEmpty = Annotated[
    str,
    StringConstraints(max_length=80, pattern=rf"^$|{_NO_CONTROL}"),
    AfterValidator(lambda text: _plain_label(text) if text else text),
]
Token = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
LongToken = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3}(-[A-Z0-9]{1,8})?)?$")]
Codes = Annotated[tuple[Code, ...], Field(max_length=20), AfterValidator(_once)]
Flag = Annotated[bool, Strict()]
Whole = Annotated[int, BeforeValidator(_whole), Strict()]
Moment = Annotated[AwareDatetime, BeforeValidator(_written_time), AfterValidator(_reasonable)]
Day = Annotated[date, BeforeValidator(_written_day), AfterValidator(_reasonable_day)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
SystemId = Annotated[str, StringConstraints(pattern=f"^sys{_ID}")]
CandidateId = Annotated[str, StringConstraints(pattern=f"^cand{_ID}")]
InterviewId = Annotated[str, StringConstraints(pattern=f"^int{_ID}")]
ConsentId = Annotated[str, StringConstraints(pattern=f"^con{_ID}")]
