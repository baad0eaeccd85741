from __future__ import annotations

import io

import pytest
from rich.console import Console

from reports.terminal import comparison_summary, summary
from tests.reports import material


def printed(renderable: object, width: int = 160) -> str:
    out = io.StringIO()
    Console(file=out, width=width, no_color=True).print(renderable)
    return out.getvalue()


def test_findings_and_signals_are_told() -> None:
    text = printed(summary(material.rich()))
    assert "Needs human review" in text
    assert "A second voice is heard six times." in text
    assert "00:25.2, 00:26.5, 01:23.2 and 3 more" in text
    assert "−1.71" in text
    assert "Nothing here decides about a person." in text


def test_a_reason_is_told_once() -> None:
    text = printed(summary(material.audio_only()))
    findings = text.split("Signals")[0]
    assert findings.count("The recording has no pictures") == 2  # one for each of two questions


def test_partial_files_and_failed_signals_are_told() -> None:
    text = printed(summary(material.partial()))
    assert "Read in part only: The last 12 s could not be decoded" in text
    assert "Failed through a fault of this software: Mouth and sound in step" in text


def test_texts_from_the_file_cannot_steer_the_terminal() -> None:
    text = printed(summary(material.partial()))
    assert "\x1b" not in text
    assert "\u202e" not in text


@pytest.mark.parametrize("width", [60, 80, 200])
def test_any_width_is_kept(width: int) -> None:
    text = printed(summary(material.rich()), width) + printed(
        comparison_summary(material.comparison()), width
    )
    assert max(len(line) for line in text.splitlines()) <= width


def test_the_matrix_gives_ratio_bounds_and_band() -> None:
    text = printed(comparison_summary(material.comparison()), 240)
    assert "face: – No indication +1.90 (−2.00 to +2.00), moderate support" in text
    assert "voice: ? Inconclusive (uncalibrated)" in text
    assert "third.wav: the last second could not be read." in text
