"""The part of an audit that is about events, ways of interviewing, and what the tool replaced."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from audit.errors import DataInvalid
from fairness.audit_tables import policy_of
from fairness.cube import Cube
from fairness.human_loop import EventTable, event_disparity
from fairness.result import AuditSettings, GainAudit
from fairness.settings_compared import SettingsCompared, compare_settings
from fairness.types import GroupCounts, Note
from fairness.validity_gain import compare_tools

SETTING_AXES = ("mode", "coached")
# The ways of interviewing, from most to least of the tool in them, that are compared as tools.
_TOOL_MODES = ("ai_led", "ai_assisted", "hybrid")
_EARLIER_MODE = "human_led"

Features = tuple[str, ...]


def event_tables(cube: Cube, features: Features, settings: AuditSettings) -> Iterator[EventTable]:
    """Every kind of event that the data tell about; overrides by their direction."""
    policy = policy_of(settings)
    for kind in cube.events_kept:
        if kind == "overridden":
            for name, counts in _overrides(cube, features):
                yield event_disparity(name, counts, policy=policy)
        else:
            yield event_disparity(kind, cube.events(features, kind), policy=policy)


def _overrides(cube: Cube, features: Features) -> Iterator[tuple[str, GroupCounts]]:
    """What the tool would have done is the outcome, turned round where it was overridden."""
    chosen = cube.events(features, "overridden", where={"outcome": "selected"})
    passed_over = cube.events(features, "overridden", where={"outcome": "not_selected"})
    for name, done, other in (
        ("overridden_up", chosen, passed_over),
        ("overridden_down", passed_over, chosen),
    ):
        yield (
            name,
            replace(
                done,
                assessed=done.selected + other.assessed - other.selected,
                unknown_assessed=done.unknown_selected
                + other.unknown_assessed
                - other.unknown_selected,
                basis=f"event:{name}",
            ),
        )


def settings_compared(
    cube: Cube, features: Features, settings: AuditSettings
) -> Iterator[SettingsCompared | Note]:
    """Selection under each way of interviewing, and coached against not."""
    for axis in SETTING_AXES:
        levels = cube.levels(axis)
        if len(levels) < 2:
            continue
        try:
            by_setting = {x: cube.counts(features, where={axis: x}) for x in levels}
        except DataInvalid as error:
            text = f"{' x '.join(features)} by {axis} was not computed: {error}."
            yield Note("settings_not_kept", text, {"axis": axis})
            continue
        kept = {x: c for x, c in by_setting.items() if c.assessed.sum()}
        if len(kept) >= 2:
            yield compare_settings(axis, kept, alpha=settings.alpha, level=settings.level)


def validity_gains(cube: Cube, settings: AuditSettings) -> Iterator[GainAudit | Note]:
    """Does a score predict performance better where the tool led than where people led?"""
    modes = [m for m in _TOOL_MODES if m in cube.levels("mode")]
    if _EARLIER_MODE not in cube.levels("mode") or not modes or not cube.moment_tables:
        return
    for score in cube.scores:
        for mode in modes:
            try:
                tool, earlier = (
                    cube.moments((), score, where={"mode": m}) for m in (mode, _EARLIER_MODE)
                )
            except DataInvalid as error:
                text = f"The validity of {score} by mode was not computed: {error}."
                yield Note("gain_not_kept", text, {"score": score})
                break
            if tool.n.sum() and earlier.n.sum():
                gain = compare_tools(tool, earlier, alpha=settings.alpha, level=settings.level)
                yield GainAudit(
                    f"{score}, {_words(mode)}", f"{score}, {_words(_EARLIER_MODE)}", gain
                )


def _words(mode: str) -> str:
    return mode.replace("ai_", "AI-").replace("human_", "human-")
