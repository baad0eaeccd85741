"""The scorecard's document: traceable, worst first, and apart what was trained on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from audit.canonical import parse_json
from datasets.scorecard.build import scorecard
from datasets.scorecard.model import MissingEntry
from datasets.scorecard.resampling import Plan
from datasets.trials import Trial
from reports.canonical import canonical
from reports.compose.scorecard import compose
from reports.document import model as m
from reports.document.check import faults
from reports.document.draft import Issue
from reports.render.html import render_html
from tests.datasets.made_trials import registry, scored, species, trials
from tests.reports.compose.told import say, told
from tests.reports.render.sealing import sealed

ISSUE = Issue(id="scorecard-test", issued_at="2026-11-23T04:00:00Z")
REGISTRY = registry(
    species("face.swap"), species("face.hard"), species("face.blend", trained_on=True)
)


def card(held: list[Trial]) -> dict[str, Any]:
    made = scorecard(
        held,
        REGISTRY,
        size="given",
        sha256="a" * 64,
        plan=Plan(rounds=50),
        missing=[MissingEntry(what="other_detector", why="No suite.")],
    )
    read: Any = parse_json(canonical(made.model_dump(mode="json")))
    return dict(read)


def rich() -> list[Trial]:
    chance = np.random.default_rng(1)

    def some(mean: float, kind: str, **more: object) -> list[Trial]:
        ratios = chance.normal(mean, 1.0, 30).tolist()
        one = [scored([x], species=kind, log10_lr=round(x, 3), **more)[0] for x in ratios]
        return [
            *one,
            *trials("i", species=kind, reason="too_dark", start=f"{kind}-silent", **more),
        ]

    return [
        *some(-2.0, "", group="a", units=10.0, seconds=0.1),
        *some(1.0, "face.swap", strength="plain", condition="h264-28"),
        *some(-0.5, "face.hard", strength="subtle"),
        *some(4.0, "face.blend"),
    ]


@pytest.fixture(scope="module")
def document() -> m.Document:
    return compose(card(rich()), ISSUE)


def tables(document: m.Document) -> dict[str, m.Table]:
    return {block.id: block for block in document.blocks if isinstance(block, m.Table)}


def rows(document: m.Document, name: str) -> list[Any]:
    held: Any = document.data
    for part in tables(document)[name].rows.split("/")[1:]:
        held = held[int(part)] if isinstance(held, list) else held[part]
    return list(held)


def test_every_figure_comes_from_its_field(document: m.Document) -> None:
    assert faults(document) == []


def test_the_first_sentence_is_the_worst_attack_not_trained_on(document: m.Document) -> None:
    lead = next(b for b in document.blocks if isinstance(b, m.Text) and b.lead)
    assert "Title of face.hard" in say(lead.text)


def test_what_was_trained_on_stands_apart(document: m.Document) -> None:
    assert {r["species"] for r in rows(document, "toy-trained_on")} == {"face.blend"}
    assert {r["species"] for r in rows(document, "toy-held_out")} == {"face.swap", "face.hard"}
    for name in ("worst-attacks",):
        assert "face.blend" not in {r["species"] for r in rows(document, name)}
    charts = {b.id for b in document.blocks if isinstance(b, m.Chart)}
    assert {"toy-species", "toy-tippett", "toy-cross_entropy", "toy-reliability"} <= charts
    assert "no evidence of what it does on other attacks" in " ".join(told(document))


def test_rows_are_worst_first(document: m.Document) -> None:
    rates = [r["apcer_strict"]["value"] for r in rows(document, "toy-held_out")]
    assert rates == sorted(rates, reverse=True)


def test_it_says_what_was_not_measured(document: m.Document) -> None:
    assert "other_detector" in {r["what"] for r in rows(document, "missing-list")}
    assert "People behind some trials" in {r["what"] for r in rows(document, "toy-missing")}


def test_a_bare_scorecard_is_whole_too() -> None:
    for held in (
        trials("iii"),
        trials("iii", species="face.swap"),
        trials("r", species="face.blend"),
    ):
        assert faults(compose(card(held), ISSUE)) == []


def test_it_does_not_advertise(document: m.Document) -> None:
    words = " ".join(told(document)).lower()
    for word in ("state-of-the-art", "robust", "powerful", "reliable", "excellent", "guarantee"):
        assert word not in words


def test_it_renders_as_a_page(document: m.Document) -> None:
    page = render_html(sealed(document)).decode()
    assert "Scorecard of detectors" in page
    assert page.count("<svg") >= 4
