"""Likelihood ratios in words: figure, bounds, step of the verbal scale and the hypothesis."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reports.compose.passages import Passages
from reports.document import model as m
from reports.document.draft import Ref, at

AREA = "interview"


def likelihood(page: Passages, row: str) -> m.Inline:
    """What a row of signals says of its ratio; empty where it has none. `row`: its pointer.

    The row holds `log10_lr`, `bounds`, `support` and `favours`, as `interview_facts.signal_row`
    makes them.
    """
    held = page.held(row)
    if held["log10_lr"] is None:
        return ()
    fillings = {
        "ratio": at(f"{row}/log10_lr", "signed:2"),
        "bounds": at(f"{row}/bounds", "between:signed:2"),
        "support": at(f"{row}/support", "word:support"),
    }
    if held["favours"] is None:
        return page.draft.say(f"{AREA}.likelihood.neither", **fillings)
    return page.draft.say(f"{AREA}.likelihood.one", favoured=at(f"{row}/favours"), **fillings)


def weighed(page: Passages, n: int, finding: Mapping[str, Any]) -> Iterator[m.Inline]:
    """What the signals of finding `n` weigh together, and what that rests on."""
    say = page.draft.say
    question = finding["question"]
    where, row = f"/check/findings/{question}/weight", f"/findings/{n}/weighed"
    held = page.held(where)
    fillings = {
        "names": at(f"{row}/counted", "list"),
        "support": at(f"{where}/support", "word:support"),
        "ratio": at(f"{where}/log10_lr", "signed:2"),
        "bounds": at(f"{where}/log10_lr_bounds", "between:signed:2"),
    }
    if held["favours"] == "neither":
        yield say(f"{AREA}.weighed.neither", **fillings)
    else:
        favoured = at(f"{where}/favours", f"word:weighed_{question}")
        yield say(f"{AREA}.weighed.one", favoured=favoured, **fillings)
    if finding["weighed"]["dependent"]:
        yield say(f"{AREA}.weighed.dependent", names=at(f"{row}/dependent", "list"))
    yield say(
        f"{AREA}.weighed.{'reaches' if finding['weighed']['reaches'] else 'short'}",
        prior=at(f"{where}/prior", "percent"),
        even=at(f"{where}/even_at", "signed:2"),
    )
    yield say(f"{AREA}.weighed.beside")


def reading(page: Passages) -> None:
    """How verdicts, ratios and quality are read, with the verbal scale in force."""
    say = page.draft.say
    words = {"review": "review", "quiet": "no_indication", "silent": "inconclusive"}
    page.lists["reading"]["verdicts"] = words
    fillings: dict[str, Ref] = {}
    for name in words:
        where = f"/reading/verdicts/{name}"
        fillings[name] = at(where, "word:verdict")
        fillings[f"{name}_means"] = at(where, "word:verdict_means")
    page.draft.heading("reading", f"{AREA}.reading.title")
    page.text(say(f"{AREA}.reading.verdicts", **fillings))
    page.text(
        say(
            f"{AREA}.reading.ratio",
            example=at("/reading/example/log10", "signed:0"),
            times=at("/reading/example/lr", "integer"),
        )
    )
    page.text(say(f"{AREA}.reading.quality"))
    page.draft.add(
        m.Table(
            id="scale",
            title=say(f"{AREA}.reading.scale"),
            rows="/scale",
            columns=(
                page.draft.column(f"{AREA}.column_log_lr", "/log10", "between:figures:2"),
                page.draft.column(f"{AREA}.column_lr", "/lr", "between:integer"),
                page.draft.column(f"{AREA}.column_support", "/support", "word:support"),
            ),
            head=1,
            note=say(f"{AREA}.reading.scale_note", guideline=at("/reading/guideline")),
        )
    )
