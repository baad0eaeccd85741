"""Follows a tutorial: blocks of code with what they print, and numbered steps in a browser."""

from __future__ import annotations

import contextlib
import io
import re
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import pyotp

_BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
_STEP = re.compile(r"^\d+\. (.+)$", re.MULTILINE)
_WAIT_S = 60.0


def blocks(page: Path) -> list[tuple[str, str, str | None]]:
    """Language, code and what it shall print (None: anything), of all blocks but printed ones."""
    found = _BLOCK.findall(page.read_text("utf-8"))
    told: list[tuple[str, str, str | None]] = []
    for place, (language, code) in enumerate(found):
        if language != "text":
            after = found[place + 1] if place + 1 < len(found) else ("", "")
            told.append((language, code, after[1] if after[0] == "text" else None))
    return told


def fits(printed: str, wanted: str) -> bool:
    """Whether lines are as wanted, where `...` stands for anything."""
    parts = (re.escape(part) for part in wanted.strip().split("..."))
    return re.fullmatch(".*?".join(parts), printed.strip(), re.DOTALL) is not None


def run_python(page: Path) -> int:
    """Runs all blocks of a page one after the other in one namespace; returns how many."""
    known: dict[str, Any] = {"__name__": "tutorial"}
    for language, code, wanted in blocks(page):
        assert language == "python", language
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, str(page), "exec"), known)  # noqa: S102 - our own page
        if wanted is not None:
            assert fits(printed.getvalue(), wanted), (code, printed.getvalue())
    for each in known.values():
        if isinstance(each, httpx.Client):
            each.close()
    return len(blocks(page))


def run_shell(page: Path, folder: Path, environment: Mapping[str, str]) -> int:
    """Runs all blocks of a page one after the other in one folder; returns how many."""
    for language, code, wanted in blocks(page):
        assert language == "bash", language
        done = subprocess.run(
            ["bash", "-e", "-c", code],  # noqa: S607
            cwd=folder, env=dict(environment), capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, (code, done.stdout, done.stderr)
        if wanted is not None:
            assert fits(done.stdout, wanted), (code, done.stdout)
    return len(blocks(page))


class Steps:
    """Steps of a tutorial, followed in a browser by somebody who was given a link."""

    def __init__(self, page: Any, link: str, folder: Path) -> None:
        self.page, self.link, self.folder = page, link, folder
        self.downloads: list[Path] = []
        self.codes: list[str] = []
        self.ways: dict[str, Callable[..., None]] = {
            r"Open the link that you were given\.": self._come,
            r"Open the first case\.": self._first_case,
            r"Open \*\*(.+)\*\*\.": lambda name: self._one("link", name).click(),
            r"Open up \*\*(.+)\*\*\.": lambda name: self.page.get_by_text(name, exact=True).click(),
            r"Press \*\*(.+)\*\*(?:, once .+)?\.": lambda name: self._one("button", name).click(),
            r"Tick the first thing that was looked at\.": self._first_thing,
            r"Choose \*\*(.+)\*\* under \*\*(.+)\*\*\.": self._select,
            r"Choose \*\*(.+)\*\*\.": lambda name: self._one("radio", name).check(),
            r'Type "(.+)" into \*\*(.+)\*\*\.': self._type,
            r"Type the code into \*\*(.+)\*\*\.": self._code,
            r"Type a recovery code into \*\*(.+)\*\*\.": self._recovery_code,
            r'You see "(.+)"\.': lambda text: self._see(text, 5.0),
            r'Wait until you see "(.+)"\.': lambda text: self._see(text, _WAIT_S),
            r"Download \*\*(.+)\*\*\.": self._download,
        }

    def follow(self, page: Path) -> int:
        """Follows all steps; returns how many."""
        steps = _STEP.findall(page.read_text("utf-8"))
        for step in steps:
            self._do(step)
        return len(steps)

    def _do(self, step: str) -> None:
        for pattern, way in self.ways.items():
            found = re.fullmatch(pattern, step)
            if found:
                way(*found.groups())
                self.codes += self.page.locator(".codes code").all_inner_texts()
                return
        raise AssertionError(f"no way to follow: {step}")

    def _one(self, role: str, name: str) -> Any:
        """The element of this role and name, the one in the page's own part first.

        Where none is called just so: one whose name begins so.
        """
        for wanted in (name, re.compile(re.escape(name))):
            exact = isinstance(wanted, str)
            for where in (self.page.locator("main"), self.page):
                found = where.get_by_role(role, name=wanted, exact=exact)
                if found.count():
                    return found.first
        raise AssertionError(f"there is no {role} called {name} on {self.page.url}")

    def _field(self, label: str) -> Any:
        exact = self.page.get_by_label(label, exact=True)
        return exact if exact.count() else self.page.get_by_label(label).first

    def _come(self) -> None:
        self.page.goto(self.link)

    def _first_case(self) -> None:
        self.page.locator("main tbody a").first.click()

    def _first_thing(self) -> None:
        self.page.locator("input[name=evidence]").first.check()

    def _select(self, option: str, label: str) -> None:
        self._field(label).select_option(label=option)

    def _type(self, text: str, label: str) -> None:
        self._field(label).fill(text)

    def _code(self, label: str) -> None:
        secret = self.page.locator(".key code").inner_text().replace(" ", "")
        self._field(label).fill(pyotp.TOTP(secret).now())

    def _recovery_code(self, label: str) -> None:
        self._field(label).fill(self.codes[0])

    def _see(self, text: str, seconds: float) -> None:
        """Looks, and loads the page anew meanwhile, as somebody without a script does."""
        end = time.monotonic() + seconds
        while not self.page.get_by_text(text).first.is_visible():
            assert time.monotonic() < end, (text, self.page.locator("main").inner_text())
            time.sleep(0.5)
            if seconds > 10:
                self.page.reload()

    def _download(self, name: str) -> None:
        with self.page.expect_download() as started:
            self._one("link", name).click()
        to = self.folder / started.value.suggested_filename
        started.value.save_as(to)
        self.downloads.append(to)
