"""Rule packs in files: `ID.VERSION.yaml`, read strictly, with errors that name file and field."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from audit.errors import PackInvalid
from reports.packs.model import Pack

MAX_BYTES = 2**20
MAX_FILES = 200
SCHEMA = "docs/rule-pack.schema.json"
_TOLD = 5
_DEEPEST = 40


def read_pack(text: str, name: str) -> Pack:
    """The pack that a file holds. `name`: of the file, as the error shall name it.

    Raises:
        PackInvalid: names file, line and field of what is wrong (five at most), and the remedy.
    """
    node, values = _parse(text, name)
    try:
        pack = Pack.model_validate(values)
    except ValidationError as error:
        raise PackInvalid(f"{name}: {_told(error, node)} (the shape is {SCHEMA})") from None
    wanted = f"{pack.pack}.{pack.version}.yaml"
    if name != wanted:
        raise PackInvalid(f"{name}: holds version {pack.version} of {pack.pack}; call it {wanted}")
    return pack


@cache
def shipped() -> tuple[Pack, ...]:
    """All versions of the packs that come with the product, by id and then by age."""
    folder = resources.files("reports.packs")
    return _read_all(file for file in folder.iterdir() if file.name.endswith(".yaml"))


def read_folder(folder: Path) -> tuple[Pack, ...]:
    """All versions of the packs in an organisation's own folder, by id and then by age.

    Raises:
        PackInvalid: the folder or a file cannot be used, or takes the name of a shipped pack.
    """
    try:
        files = [file for file in sorted(folder.iterdir()) if file.suffix in (".yaml", ".yml")]
    except OSError as error:
        raise PackInvalid(
            f"the pack folder {folder.name} cannot be read: {error.strerror}"
        ) from None
    if len(files) > MAX_FILES:
        raise PackInvalid(f"the pack folder {folder.name} holds more than {MAX_FILES} files")
    packs = _read_all(files)
    taken = {pack.pack for pack in shipped()}
    for pack in packs:
        if pack.pack in taken:
            raise PackInvalid(
                f"{pack.pack}.{pack.version}.yaml: pack: {pack.pack!r} is a pack that comes with "
                f"the product; give yours another name, as own_{pack.pack}"
            )
    return packs


def _read_all(files: Iterable[Traversable]) -> tuple[Pack, ...]:
    made = [read_pack(_text(file), file.name) for file in files]
    return tuple(sorted(made, key=lambda pack: (pack.pack, pack.moment)))


def _text(file: Traversable) -> str:
    try:
        if isinstance(file, Path) and file.stat().st_size > MAX_BYTES:
            raise PackInvalid(f"{file.name}: larger than 1 MiB; this is not a rule pack")
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise PackInvalid(f"{file.name} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise PackInvalid(f"{file.name} is not UTF-8 text") from None


def plain_yaml(text: str, name: str) -> dict[str, Any]:
    """The members of a YAML text, read as strictly as packs are: days and `no` stay texts.

    Raises:
        PackInvalid: it is no YAML, or no mapping; names the file, as `name`, and the line.
    """
    held: dict[str, Any] = _parse(text, name)[1]
    return held


class _Loader(yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader):  # type: ignore[misc]
    """YAML whose dates, and words such as `no`, stay the text that they are."""


_TRUTH = re.compile("^(?:true|false)$")
_PLAIN = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:null")
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in pairs if tag in _PLAIN]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", _TRUTH, list("tf"))


class _Unfit(yaml.YAMLError):
    """YAML of a kind that is not read here."""

    def __init__(self, event: yaml.Event, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.problem_mark = event.start_mark


def _parse(text: str, name: str) -> tuple[yaml.Node, Any]:
    try:
        _check_events(text)
        loader = _Loader(text)
        node = loader.get_single_node()
        values = loader.construct_document(node) if node else None
    except (yaml.YAMLError, ValueError) as error:
        problem = str(getattr(error, "problem", None) or "a character that no YAML text holds")
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}" if mark else ""
        raise PackInvalid(f"{name}{place}: not YAML: {problem}") from None
    if not isinstance(node, yaml.MappingNode):
        raise PackInvalid(f"{name}: expected members such as pack, version and sections ({SCHEMA})")
    for line, key in _repeated(node):
        raise PackInvalid(f"{name}, line {line}: {key!r} is given twice; leave one of them out")
    return node, values


def _check_events(text: str) -> None:
    """No aliases, so that a small file stays small; no depth that the parser cannot bear."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent):
            raise _Unfit(event, "aliases are not used here")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise _Unfit(event, "nested too deeply")


def _repeated(node: yaml.Node) -> Iterator[tuple[int, str]]:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                yield key.start_mark.line + 1, key.value
            seen.add(str(key.value))
            yield from _repeated(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _repeated(item)


def _told(error: ValidationError, node: yaml.Node) -> str:
    told = []
    for item in error.errors()[:_TOLD]:
        line, names = _place(node, item["loc"])
        message = str(item["msg"]).removeprefix("Value error, ")
        told.append(f"line {line}, {names or 'the whole'}: {message}")
    more = error.error_count() - len(told)
    return "; ".join(told) + (f"; and {more} more" if more > 0 else "")


def _place(node: yaml.Node, place: Sequence[int | str]) -> tuple[int, str]:
    """The line, from 1, of the deepest part of `place` that the file has; items by their id."""
    line, names = 1, []
    here: yaml.Node | None = node
    for step in place:
        names.append(str(step))
        if isinstance(here, yaml.SequenceNode) and isinstance(step, int) and step < len(here.value):
            here = here.value[step]
            names[-1] = _id_of(here) or str(step)
            line = here.start_mark.line + 1
        elif isinstance(here, yaml.MappingNode):
            pairs = {key.value: (key, value) for key, value in here.value}
            key, here = pairs.get(str(step), (None, None))
            line = key.start_mark.line + 1 if key is not None else line
        else:
            here = None
    return line, ".".join(names)


def _id_of(node: yaml.Node) -> str:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == "id" and isinstance(value, yaml.ScalarNode):
                return f"[{value.value}]"
    return ""
