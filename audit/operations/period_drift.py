"""The figures of a period beside those of the period before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit.records.period import Drift, Durations, PeriodCounts, Share

FIGURES = (
    "/persons",
    "/interviews/total",
    "/interviews/candidates",
    "/interviews/checked",
    "/decisions/total",
    "/decisions/final",
    "/decisions/person_recorded",
    "/decisions/overridden",
    "/decisions/final_without_review",
    "/decisions/rejected",
    "/decisions/withdrawn",
    "/transparency/explanations",
    "/transparency/disclosures",
    "/transparency/scored_and_told",
    "/consents/media_analysis/covered",
    "/consents/biometric_comparison/covered",
    "/notices/covered",
    "/human_paths/opted_out",
    "/human_paths/held",
    "/human_paths/time_to_human",
    "/reviews/all/opened",
    "/reviews/all/changed",
    "/reviews/all/hours",
    "/flags/raised",
    "/flags/checks_flagged",
    "/incidents/checks_failed",
    "/incidents/jobs_failed",
    "/incidents/deliveries_dead",
)
"""Pointers into the counts. What the numbers can bear is for whoever shows them."""


def drift(now: PeriodCounts, before: PeriodCounts) -> tuple[Drift, ...]:
    """Every figure of both periods, and the difference where both have a value."""
    return tuple(_compared(pointer, at(now, pointer), at(before, pointer)) for pointer in FIGURES)


def at(counts: Any, pointer: str) -> Any:
    """What a pointer leads to. Raises `AttributeError` or `KeyError`."""
    for step in pointer.split("/")[1:]:
        counts = counts[step] if isinstance(counts, Mapping) else getattr(counts, step)
    return counts


def _compared(pointer: str, now: Any, before: Any) -> Drift:
    here, there = _value(now), _value(before)
    shares = isinstance(now, Share)
    return Drift(
        figure=pointer,
        kind="share" if shares else "duration" if isinstance(now, Durations) else "number",
        now=now if shares else None,
        before=before if shares else None,
        now_value=here,
        before_value=there,
        change=None if here is None or there is None else here - there,
    )


def _value(figure: Any) -> float | None:
    if isinstance(figure, Share):
        return figure.count / figure.of if figure.of else None
    if isinstance(figure, Durations):
        return figure.median
    return float(figure)
