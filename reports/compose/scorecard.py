"""The scorecard as a document: what detectors miss and whom they flag, worst first."""

from __future__ import annotations

from typing import Any

from reports.compose.passages import Col, Passages, anchor, begun
from reports.compose.scorecard_facts import Json, facts
from reports.document import model as m
from reports.document.draft import Issue, at

AREA = "scorecard"


def _rate(name: str) -> tuple[Col, ...]:
    """A rate of answers: its value, errors, trials and interval."""
    return (
        Col(f"/{name}/value", "percent", name, empty="no_answer"),
        Col(f"/{name}/errors", "integer", "errors"),
        Col(f"/{name}/of", "integer", "of"),
        Col(f"/{name}/interval", "between:percent:1", "interval"),
    )


_ATTACK = (
    Col("/title", title="species"),
    Col("/strength", "plain"),
    Col("/condition", "plain"),
    Col("/trained_on", "word:scorecard_seen", "seen"),
    Col("/presentations", "integer"),
    Col("/apcer_strict/value", "percent", "apcer_strict"),
    Col("/apcer_strict/interval", "between:percent:1", "interval"),
    *_rate("apcer"),
    Col("/apnrr/value", "percent", "apnrr"),
    Col("/sources", "integer"),
    Col("/persons", "integer"),
)
_BONA_FIDE = (
    Col("/corpus", "plain"),
    Col("/condition", "plain"),
    Col("/presentations", "integer"),
    *_rate("bpcer"),
    Col("/above_limit", "yes_no", "above_limit"),
    Col("/bpcer_strict/value", "percent", "bpcer_strict"),
    Col("/bpnrr/value", "percent", "bpnrr"),
    Col("/sources", "integer"),
    Col("/persons", "integer"),
)
_SPLIT = (
    Col("/axis", "word:scorecard_axis"),
    Col("/level", "plain"),
    Col("/seen", "word:scorecard_seen"),
    Col("/attacks", "integer"),
    Col("/bona_fide", "integer"),
    Col("/auc", "decimals:3"),
    Col("/auc_interval", "between:decimals:3", "interval"),
    Col("/eer", "percent"),
    Col("/eer_interval", "between:percent:1", "interval"),
    Col("/why", "plain"),
)
_ABSTAINED = (
    Col("/kind", "word:scorecard_kind"),
    Col("/reason", "plain"),
    Col("/count", "integer"),
    Col("/of", "integer"),
    Col("/share", "percent"),
)
_GROUP = (
    Col("/corpus", "plain"),
    Col("/group", "plain"),
    Col("/presentations", "integer"),
    *_rate("bpcer")[:3],
    Col("/overall", "percent"),
    Col("/ratio", "ratio"),
    Col("/interval", "between:ratio"),
    Col("/judged", "word:scorecard_judged"),
)
_MISSING = (Col("/what"), Col("/why"))


def compose(card: Json, issue: Issue, *, language: m.Language = "en") -> m.Document:
    """The document of scorecard.json, as plain JSON."""
    page = begun("scorecard", AREA, facts(card), language)
    _answer(page)
    _reading(page)
    for n, detector in enumerate(page.held("/detectors")):
        _detector(page, f"/detectors/{n}", detector)
    page.heading("missing", "all_missing.title")
    page.table("missing-list", page.say("all_missing.table"), "/card/missing", _MISSING)
    return page.draft.finish(
        f"{AREA}.title",
        issue,
        size=at("/card/size", "word:scorecard_size"),
        trials=at("/card/trials/test", "integer"),
        sha256=at("/card/trials/sha256", "hash"),
    )


def _answer(page: Passages) -> None:
    """The first screen: the worst of everything, with counts."""
    if page.held("/worst_attack") is None:
        page.text(page.say("lead.no_attacks"), lead=True)
    else:
        where = "/worst_attack"
        page.text(
            page.say(
                "lead.attacks",
                title=at(f"{where}/title"),
                detector=at(f"{where}/detector"),
                errors=at(f"{where}/apcer_strict/errors", "integer"),
                of=at(f"{where}/apcer_strict/of", "integer"),
                rate=at(f"{where}/apcer_strict/value", "percent"),
                interval=at(f"{where}/apcer_strict/interval", "between:percent:1"),
            ),
            page.say(
                "lead.flags",
                n=at("/above", "integer"),
                all=at("/sets", "integer"),
                limit=at("/card/limits/false_flags", "percent:0"),
            ),
            lead=True,
        )
    page.notice("limit", "limits")
    page.table("worst-attacks", page.say("worst.attacks"), "/worst_attacks", (
        Col("/detector"), *_ATTACK[:1], *_ATTACK[3:12],
    ))  # fmt: skip
    page.table("worst-flags", page.say("worst.flags"), "/worst_flags", (
        Col("/detector"), *_BONA_FIDE[:10],
    ))  # fmt: skip


def _reading(page: Passages) -> None:
    page.heading("reading", "reading.title")
    page.points(
        [
            page.say("reading.attacks"),
            page.say("reading.bona_fide"),
            page.say("reading.answers"),
            page.say(
                "reading.intervals",
                level=at("/card/confidence", "percent:0"),
                rounds=at("/card/rounds", "integer"),
            ),
            page.say("reading.seen"),
            page.say("reading.groups", limit=at("/card/limits/differential", "ratio")),
        ]
    )


def _detector(page: Passages, where: str, detector: Json) -> None:
    name = detector["name"]
    page.heading(anchor("detector", name), "detector.title", name=at(f"{where}/name"))
    _overall(page, where, detector)
    _attacks(page, where, detector)
    if detector["bona_fide"]:
        _table(page, where, "bona_fide", _BONA_FIDE)
    if detector["discrimination"]:
        _table(page, where, "discrimination", _SPLIT, head=2)
    if detector["likelihood"] is not None:
        _likelihood(page, where, name)
    for part, columns in (("abstention", _ABSTAINED), ("groups", _GROUP), ("missing", _MISSING)):
        if detector[part]:
            _table(page, where, part, columns, head=2 if part != "missing" else 1)


def _overall(page: Passages, where: str, detector: Json) -> None:
    sentences = [page.say("detector.trials", trials=at(f"{where}/trials", "integer"))]
    if detector["overall"] is not None and detector["overall"]["bpcer"]["value"] is not None:
        flags = f"{where}/overall/bpcer"
        sentences.append(
            page.say(
                "detector.flags",
                errors=at(f"{flags}/errors", "integer"),
                of=at(f"{flags}/of", "integer"),
                rate=at(f"{flags}/value", "percent"),
                interval=at(f"{flags}/interval", "between:percent:1"),
            )
        )
    if detector["cost"] is not None:
        cost = f"{where}/cost"
        sentences.append(
            page.say(
                "detector.cost",
                cost=at(f"{cost}/per_unit", "figures:3"),
                most=at(f"{cost}/per_unit_95", "figures:3"),
                trials=at(f"{cost}/trials", "integer"),
            )
        )
    page.text(*sentences)


def _attacks(page: Passages, where: str, detector: Json) -> None:
    name = detector["name"]
    if detector["species"]:
        column = page.draft.column
        page.draft.add(
            m.Chart(
                id=anchor(name, "species"),
                kind="intervals",
                title=page.say("species.chart"),
                caption=page.say("species.caption"),
                rows=f"{where}/species",
                label=column(f"{AREA}.column_species", "/title"),
                value=column(f"{AREA}.column_apcer_strict", "/apcer_strict/value", "percent"),
                low=column(f"{AREA}.column_low", "/apcer_strict/interval/0", "percent"),
                high=column(f"{AREA}.column_high", "/apcer_strict/interval/1", "percent"),
                share=True,
            )
        )
    if detector["held_out"]:
        _table(page, where, "held_out", _ATTACK, head=3)
    if detector["trained_on"]:
        _table(page, where, "trained_on", _ATTACK, head=3)


def _table(
    page: Passages, where: str, part: str, columns: tuple[Col, ...], *, head: int = 1
) -> None:
    """A table of one part of a detector; the note says how to read it."""
    name = page.held(f"{where}/name")
    page.table(
        anchor(name, part),
        page.say(f"{part}.table", name=at(f"{where}/name")),
        f"{where}/{part}",
        columns,
        head=head,
        note=page.say(f"{part}.note"),
    )


def _likelihood(page: Passages, where: str, name: str) -> None:
    held = f"{where}/likelihood"
    page.draft.add(
        m.Figures(
            title=page.say("likelihood.title"),
            items=(
                page.key("likelihood.cllr", at(f"{held}/cllr/value", "decimals:3"),
                         note=page.say("likelihood.range",
                                       interval=at(f"{held}/cllr/interval", "between:decimals:3"))),
                page.key("likelihood.cllr_min", at(f"{held}/cllr_min", "decimals:3")),
                page.key("likelihood.error",
                         at(f"{held}/expected_calibration_error", "decimals:3")),
                page.key("likelihood.attacks", at(f"{held}/attacks", "integer")),
                page.key("likelihood.bona_fide", at(f"{held}/bona_fide", "integer")),
            ),
        )
    )  # fmt: skip
    for made in (_tippett(page), _entropy(page), _reliability(page)):
        page.draft.add(m.Chart(
            id=anchor(name, made["part"]),
            title=page.say(f"{made['part']}.chart", name=at(f"{where}/name")),
            caption=page.say(f"{made['part']}.caption"),
            rows=f"{where}/{made.pop('part')}",
            **made,
        ))  # fmt: skip


def _tippett(page: Passages) -> dict[str, Any]:
    column = page.draft.column
    return {
        "part": "tippett",
        "kind": "steps",
        "x": column(f"{AREA}.column_log10_lr", "/log10_lr", "signed:2"),
        "value": column(f"{AREA}.column_share", "/share", "percent"),
        "series": column(f"{AREA}.column_kind", "/kind", "word:scorecard_kind"),
        "share": True,
    }


def _entropy(page: Passages) -> dict[str, Any]:
    column = page.draft.column
    return {
        "part": "cross_entropy",
        "kind": "lines",
        "x": column(f"{AREA}.column_log10_odds", "/log10_odds", "signed:2"),
        "value": column(f"{AREA}.column_bits", "/bits", "decimals:3"),
        "series": column(f"{AREA}.column_which", "/which", "word:scorecard_entropy"),
    }


def _reliability(page: Passages) -> dict[str, Any]:
    column = page.draft.column
    return {
        "part": "reliability",
        "kind": "points",
        "x": column(f"{AREA}.column_said", "/said", "percent"),
        "value": column(f"{AREA}.column_observed", "/observed", "percent"),
        "label": column(f"{AREA}.column_attacks", "/attacks", "integer"),
        "share": True,
    }
