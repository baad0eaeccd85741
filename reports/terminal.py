"""What a check or a comparison says on a terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from audit.calibration import band
from audit.result import CheckResult, ComparisonResult
from reports import documents as d
from reports.check_json import check_document, read_document
from reports.comparison import comparison_document, pairs_by_label, read_comparison
from reports.compose.interview_facts import title
from reports.document.values import write

_STYLES = {"review": "bold yellow", "no_indication": "cyan", "inconclusive": "dim"}
_MARKS = {"review": "▲", "no_indication": "–", "inconclusive": "?"}
_PLACES = 3
"""Places named in the summary; the report has all."""


def summary(result: CheckResult) -> Group:
    """Findings, then signals, as two tables; all texts are plain, whatever the file holds."""
    document = read_document(check_document(result))
    parts: list[RenderableType] = [_findings(document.findings), _signals(document.signals)]
    if document.input.problems:
        parts.append(Text(f"Read in part only: {' '.join(document.input.problems)}"))
    if document.failed_signals:
        names = ", ".join(title(name, "en") for name in document.failed_signals)
        parts.append(Text(f"Failed through a fault of this software: {names}", style="bold"))
    parts.append(Text("Nothing here decides about a person.", style="dim"))
    return Group(*parts)


def comparison_summary(result: ComparisonResult) -> Group:
    """Face and voice evidence between recordings, one cell a pair."""
    document = read_comparison(comparison_document(result))
    pairs = pairs_by_label(document)
    table = Table("", show_lines=True)
    for name in document.recordings[1:]:
        table.add_column(Text(name))
    for number_of, row in enumerate(document.recordings[:-1]):
        cells = [
            _pair(pairs.get((row, column))) if place >= number_of else Text("")
            for place, column in enumerate(document.recordings[1:])
        ]
        table.add_row(Text(row, style="bold"), *cells)
    notes = [Text(note.text, style="dim") for note in document.notes]
    legend = Text("log10 LR: above 0 for the same person, below 0 for different persons.")
    return Group(table, *notes, legend)


def _findings(findings: d.Findings) -> Table:
    table = Table("Question", "Finding", "Why", title="Findings", title_justify="left")
    for name, finding in findings:
        reasons = list(dict.fromkeys(reason.text for reason in finding.reasons))[:_PLACES]
        table.add_row(Text(name), _status(finding.verdict), Text("\n".join(reasons)))
    return table


def _signals(signals: list[d.SignalEntry]) -> Table:
    table = Table("Signal", "Status", title="Signals", title_justify="left")
    table.add_column("Score", justify="right")
    table.add_column("log10 LR", justify="right")
    table.add_column("Quality", justify="right")
    table.add_column("Where")
    for signal in signals:
        table.add_row(
            Text(title(signal.name, "en")),
            _status(signal.status),
            write(signal.score, "plain"),
            write(signal.log10_lr, "signed:2"),
            write(signal.quality, "plain"),
            _places(signal),
        )
    return table


def _places(signal: d.SignalEntry) -> str:
    starts = [write(e.start_s, "clock") for e in signal.evidence]
    more = f" and {len(starts) - _PLACES} more" if len(starts) > _PLACES else ""
    return ", ".join(starts[:_PLACES]) + more


def _status(status: str) -> Text:
    return Text(f"{_MARKS[status]} {write(status, 'word:verdict')}", style=_STYLES[status])


def _pair(pair: d.PairEntry | None) -> Text:
    if pair is None:
        return Text("not compared", style="dim")
    return Text("\n").join([_evidence("face", pair.face), _evidence("voice", pair.voice)])


def _evidence(name: str, signal: d.SignalEntry | None) -> Text:
    if signal is None:
        return Text(f"{name}: not compared", style="dim")
    if signal.log10_lr is None or signal.log10_lr_bounds is None:
        return Text.assemble(f"{name}: ", _status(signal.status), " (uncalibrated)")
    bounds = write(signal.log10_lr_bounds, "between:signed:2")
    words = f" {write(signal.log10_lr, 'signed:2')} ({bounds}), {support(signal)}"
    return Text.assemble(f"{name}: ", _status(signal.status), words)


def support(signal: d.SignalEntry) -> str:
    """What a signal's likelihood ratio says, in the steps of the verbal scale."""
    calibration = signal.calibration
    if signal.log10_lr is None or calibration == "uncalibrated":
        return "uncalibrated"
    step = band(signal.log10_lr).replace(" ", "_")
    words = write(step, "word:support")
    if step == "no":
        return words
    return f"{words} for “{calibration.hypotheses[0 if signal.log10_lr > 0 else 1]}”"
