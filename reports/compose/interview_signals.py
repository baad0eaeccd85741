"""The signals of a check: a table of all, then each one with its measurements over time."""

from __future__ import annotations

from collections.abc import Iterator

from reports.compose.interview_facts import Json
from reports.compose.likelihood import likelihood
from reports.compose.passages import Col, Passages, anchor, joined, listed
from reports.document import model as m
from reports.document.draft import Ref, at

_TABLE = (
    Col("/title", title="signal"),
    Col("/status", "word:verdict"),
    Col("/score", "figures"),
    Col("/quality", "figures"),
    Col("/places", "integer"),
    Col("/operating_point"),
)
_RATIOS = (
    Col("/title", title="signal"),
    Col("/log10_lr", "signed:2", "log_lr"),
    Col("/bounds", "between:signed:2"),
    Col("/support", "word:support"),
    Col("/favours"),
)
_SILENT = (Col("/title", title="signal"), Col("/reason", title="why"), Col("/notes"))
_MODELS = (
    Col("/id", title="weight"),
    Col("/used_by", "list"),
    Col("/licence"),
    Col("/commercial_use", "yes_no", "commercial"),
    Col("/sha256", "hash"),
    Col("/source"),
)


def signals(page: Passages) -> None:
    """Every signal that took part."""
    page.heading("signals", "signals.title")
    page.text(page.say("signals.intro"))
    page.table("signals-all", page.say("signals.table"), "/signals", _TABLE)
    page.lists["calibrated"] = [s for s in page.held("/signals") if s["log10_lr"] is not None]
    if page.lists["calibrated"]:
        title, note = page.say("signals.ratios"), page.say("signals.ratios_note")
        page.table("ratios", title, "/calibrated", _RATIOS, note=note)
    for n, signal in enumerate(page.held("/check/signals")):
        _signal(page, n, signal)


def _signal(page: Passages, n: int, signal: Json) -> None:
    where, row = f"/check/signals/{n}", f"/signals/{n}"
    page.heading(
        anchor("signal", signal["name"]),
        "signals.one",
        level=3,
        title=at(f"{row}/title"),
        status=at(f"{row}/status", "word:verdict"),
    )
    page.text((page.draft.shown(at(f"{where}/reason/text")),))
    page.points(_points(page, n, signal))
    own = [k for k, series in enumerate(page.held("/series")) if series["of"] == n]
    if signal["status"] == "review":
        for k in own:
            chart(page, f"/series/{k}", anchor("series", signal["name"], k))
    else:
        page.points(_told(page, f"/series/{k}") for k in own)


def _points(page: Passages, n: int, signal: Json) -> Iterator[m.Inline]:
    where, row = f"/check/signals/{n}", f"/signals/{n}"
    yield _score(page, where, signal)
    if signal["operating_point"]:
        yield page.say("signals.operating_point", text=at(f"{where}/operating_point"))
    yield _ratio(page, where, row)
    notes = [
        (page.draft.shown(at(f"{where}/quality_notes/{k}")),)
        for k in _each(signal, "quality_notes")
    ]
    if signal["quality"] is not None:
        quality = page.say("signals.quality", quality=at(f"{where}/quality", "plain"))
        yield joined([quality, *notes])
    elif notes:
        yield joined(notes)
    if signal["evidence"]:
        count, first = at(f"{row}/places", "integer"), at(f"{row}/first_s", "clock")
        yield page.say("signals.places", n=count, first=first)
    for k in _each(signal, "limits"):
        yield page.say("signals.unseen", text=at(f"{where}/limits/{k}"))
    yield joined(_bearing(page, where, row, signal))


def _each(signal: Json, name: str) -> range:
    return range(len(signal[name]))


def _score(page: Passages, where: str, signal: Json) -> m.Inline:
    meaning, score = at(f"{where}/score_meaning"), at(f"{where}/score", "plain")
    if signal["score"] is None:
        return page.say("signals.meaning", meaning=meaning) if signal["score_meaning"] else ()
    if not signal["score_meaning"]:
        return page.say("signals.score_bare", score=score)
    return page.say("signals.score", score=score, meaning=meaning)


def _ratio(page: Passages, where: str, row: str) -> m.Inline:
    found = likelihood(page, row)
    if not found:
        return page.say("signals.uncalibrated")
    calibration = f"{where}/calibration"
    return page.say(
        "signals.likelihood",
        ratio=found,
        first=at(f"{calibration}/hypotheses/0"),
        second=at(f"{calibration}/hypotheses/1"),
        record=at(f"{calibration}/record"),
    )


def _bearing(page: Passages, where: str, row: str, signal: Json) -> Iterator[m.Inline]:
    asked = (at(f"{where}/questions/{k}", "word:question_name") for k in _each(signal, "questions"))
    yield page.say(
        "signals.bears",
        questions=listed(page, asked),
        cause=at(f"{row}/cause"),
        id=at(f"{where}/model/id"),
        version=at(f"{where}/model/version"),
    )
    for k, question in enumerate(signal["questions"]):
        if signal["status_by_question"][question] != signal["status"]:
            yield page.say(
                "signals.apart",
                question=at(f"{where}/questions/{k}", "word:question_name"),
                status=at(f"{where}/status_by_question/{question}", "word:verdict"),
            )
    if signal["strength"] == "supporting":
        yield page.say("signals.supporting")


def chart(page: Passages, where: str, name: str) -> None:
    """A measurement over time. `where`: pointer to an entry of `/series`."""
    held = page.held(where)
    title = page.say("signals.chart", title=at(f"{where}/title"), name=at(f"{where}/name"))
    lines: tuple[m.Line, ...] = ()
    if held["threshold"] is not None:
        lines = (m.Line(at=f"{where}/threshold", label=page.say("signals.threshold")),)
    page.draft.add(
        m.Chart(
            id=name,
            kind="lines",
            title=title,
            caption=joined(_caption(page, where, held)),
            rows=f"{where}/points",
            x=page.draft.column("interview.column_time", "/time_s", "clock"),
            value=m.Column(title=_value_title(page, where, held), at="/value", show="plain"),
            lines=lines,
            empty=page.say("signals.nothing"),
        )
    )


def _value_title(page: Passages, where: str, held: Json) -> m.Inline:
    unit = held["unit"] and held["unit"] not in held["name"]
    return (page.draft.shown(at(f"{where}/unit" if unit else f"{where}/name")),)


def _told(page: Passages, where: str) -> m.Inline:
    """A measurement over time in words."""
    return page.say("signals.measured", name=at(f"{where}/name"), told=_ends(page, where))


def _ends(page: Passages, where: str) -> m.Inline:
    """The lowest and the highest value of a measurement, and its threshold."""
    held = page.held(where)
    if held["lowest"] is None:
        return page.say("signals.nothing")
    fillings: dict[str, Ref] = {}
    for end in ("lowest", "highest"):
        fillings[end] = at(f"{where}/{end}/value", "plain")
        fillings[f"{end}_time"] = at(f"{where}/{end}/time_s", "clock")
    said = [page.say("signals.ends", **fillings)]
    if held["threshold"] is not None:
        said.append(page.say("signals.threshold_at", threshold=at(f"{where}/threshold", "plain")))
    if held["unit"]:
        said.append(page.say("signals.unit", unit=at(f"{where}/unit")))
    return joined(said)


def _caption(page: Passages, where: str, held: Json) -> Iterator[m.Inline]:
    yield _ends(page, where)
    if any(point["value"] is None for point in held["points"]):
        yield page.say("signals.gap")
    if held["all"] > held["shown"]:
        some = at(f"{where}/shown", "integer")
        yield page.say("signals.fewer", some=some, all=at(f"{where}/all", "integer"))


def silent(page: Passages) -> None:
    """The signals that reached no conclusion, with the reason."""
    page.heading("inconclusive", "silent.title")
    page.lists["silent"] = [s for s in page.held("/signals") if s["status"] == "inconclusive"]
    if page.lists["silent"]:
        page.table("silent", page.say("silent.table"), "/silent", _SILENT)
    else:
        page.text(page.say("silent.all"))


def models(page: Passages, none: str) -> None:
    """The weights that took part, with their licences. `none`: the text where there are none."""
    page.draft.heading("models", "interview.models.title")
    if page.held("/models"):
        title = page.draft.say("interview.models.table")
        page.table("weights", title, "/models", _MODELS)
    else:
        page.text(page.draft.say(f"interview.{none}"))
