"""Likelihood ratios in words: figure, bounds, step of the verbal scale and the hypothesis."""

from __future__ import annotations

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
