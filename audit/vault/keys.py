"""Keys of the media store: made of identifiers that we gave out, never of a user's words.

`<tenant>/<artefact>` is an artefact; `<tenant>/<artefact>.parts/<part>` are parts of one.
"""

from __future__ import annotations

import re

from audit.errors import StorageError

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_\-]{0,99}")
_SEGMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,119}")
_MOST_SEGMENTS = 4
_PARTS = ".parts"


def artefact_key(tenant: str, artefact: str) -> str:
    """The key of an artefact. Raises `StorageError` for what is no identifier of ours."""
    if not (_ID.fullmatch(tenant) and _ID.fullmatch(artefact)):
        raise StorageError("a tenant or artefact has no identifier that this service gave out")
    return f"{tenant}/{artefact}"


def parts_prefix(tenant: str, artefact: str) -> str:
    """The folder of an artefact's parts."""
    return f"{artefact_key(tenant, artefact)}{_PARTS}"


def part_key(tenant: str, artefact: str, part: str) -> str:
    """The key of one part."""
    return checked(f"{parts_prefix(tenant, artefact)}/{part}")


def split_part(key: str) -> tuple[str, str, str] | None:
    """Tenant, artefact and part of a part's key; None for any other key."""
    segments = key.split("/")
    if len(segments) != 3 or not segments[1].endswith(_PARTS):
        return None
    return segments[0], segments[1].removesuffix(_PARTS), segments[2]


def checked(key: str) -> str:
    """The key, if it has the form of one: no absolute path, no `..`, no hidden name."""
    segments = key.split("/")
    if len(segments) > _MOST_SEGMENTS or not all(_SEGMENT.fullmatch(s) for s in segments):
        raise StorageError("this is no key of the media store")
    return key
