"""The table of docs/errors.md, from `problems.toml`.

`python -m api.errors_page docs/errors.md` writes it anew; a test fails where it is out of date.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from api.problems import kinds
from audit.errors import AuditError, InputError

HEAD = ("| code | exit | HTTP | what happened | what to do |", "|---|---|---|---|---|")


def classes(base: type[AuditError] = AuditError) -> Iterator[type[AuditError]]:
    """A class of failures and all below it."""
    yield base
    for below in base.__subclasses__():
        yield from classes(below)


def table() -> str:
    """The table, in the order of `problems.toml`."""
    ours = {each.code: each for each in classes()}
    rows = list(HEAD)
    for kind in kinds().values():
        error = ours.get(kind.code)
        code = "–" if error is None else ("2" if issubclass(error, InputError) else "1")
        rows.append(f"| `{kind.code}` | {code} | {kind.status} | {kind.meaning} | {kind.remedy} |")
    return "\n".join(rows) + "\n"


def rewritten(page: str) -> str:
    """The page with the present table in the place of its old one."""
    lines = page.splitlines()
    rows = [number for number, line in enumerate(lines) if line.startswith("|")]
    before, after = lines[: rows[0]], lines[rows[-1] + 1 :]
    return "\n".join([*before, table().rstrip("\n"), *after]) + "\n"


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.write_text(rewritten(target.read_text("utf-8")), "utf-8")
