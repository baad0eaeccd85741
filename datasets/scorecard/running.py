"""Runs the suites: every detector as shipped, over what is there to run it on."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Literal, Protocol

from audit.detectors import names as installed
from audit.errors import InputError, WeightsUnavailable
from audit.inference import Models
from datasets import suites
from datasets.scorecard.corpora import corpus_trials
from datasets.scorecard.model import MissingEntry
from datasets.trials import Trial

Told = Callable[[str, int], None]
"""Called with a suite's name and how many trials it has given."""


class Suite(Protocol):
    """What a module of `datasets.suites` offers as `trials`."""

    def __call__(
        self, data: Path, models: Models, *, size: Literal["small", "full"], seed: int = 0
    ) -> Iterator[Trial]:
        """Trials of one detector as shipped."""
        ...


def suite_names() -> tuple[str, ...]:
    """Detectors that have a suite."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(suites.__path__) if m.name[0] != "_"))


def chosen(wanted: Sequence[str]) -> tuple[str, ...]:
    """The suites to run: those wanted, or all.

    Raises:
        InputError: a detector that is wanted has no suite.
    """
    known = suite_names()
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise InputError(f"No suite is called {unknown[0]}. There are: {', '.join(known)}.")
    return tuple(dict.fromkeys(wanted)) or known


def run(
    names: Sequence[str],
    data: Path,
    models: Models,
    *,
    size: Literal["small", "full"],
    seed: int,
    told: Told,
) -> tuple[list[Trial], list[MissingEntry]]:
    """Trials of the suites, and what could not be measured because a weight or data is missing.

    The full size adds the corpora below `data` that a user brought.
    """
    trials: list[Trial] = []
    missing: list[MissingEntry] = []
    for name in names:
        before = len(trials)
        told(name, 0)
        try:
            made = _suite(name)(data, models, size=size, seed=seed)
            brought = corpus_trials(name, data, models) if size == "full" else ()
            for trial in chain(made, brought):
                trials.append(trial)
                told(name, len(trials) - before)
        except WeightsUnavailable as error:
            # Half of a suite would be a figure of whatever came first.
            del trials[before:]
            missing.append(MissingEntry(what=name, why=str(error)))
            continue
        if len(trials) == before:
            why = "Its suite found nothing to run on."
            missing.append(MissingEntry(what=name, why=why))
    return trials, missing


def without_suite() -> list[MissingEntry]:
    """Installed detectors that no suite measures."""
    have = set(suite_names())
    why = "No suite of trials is written for it; its page says what it was measured on."
    return [MissingEntry(what=name, why=why) for name in installed() if name not in have]


def _suite(name: str) -> Suite:
    found: Suite = import_module(f"datasets.suites.{name}").trials
    return found
