"""Planted faults in real recordings: found, and located within a second?

    python -m benchmarks.splices --clips ../shared/data/video [--out docs/splices.md] [--quick]

Every clip with a face is altered in six ways, each rendered by two encoders at three rates, and
checked as a user would check it. Beside them stand the untouched clips, rendered the same way: what
they raise are false alarms. Nothing is timed. `--quick` takes every fourth rendering.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import beta

from audit.check import check
from audit.inference import Models
from audit.result import CheckResult
from audit.settings import Settings
from audit.types import Question, Span, Status
from audit.weights import WeightStore
from datasets.attacks.clips import ENCODINGS, Clip, Encoding, make, read_clip, render
from datasets.attacks.held_photo import held_photo
from datasets.attacks.splices import (
    Planted,
    audio_shift,
    dubbed,
    frozen,
    person_change,
    repeated,
)

WITHIN_S = 1.0
MOST_S = 12.0
SIDE = 720
SUFFIXES = {".mp4", ".mpg"}

EXPECTED: dict[str, tuple[str, ...]] = {
    "person_change": ("face_consistency",),
    "dubbed": ("speaker_consistency", "av_sync"),
    "audio_shift": ("av_sync",),
    "repeated": ("frame_loop",),
    "frozen": ("frame_loop",),
    "held_photo": ("presentation_attack",),
}
"""Which signals are meant to see a fault; only they count as finding it."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One rendering to check. `kind` is `untouched` for the clips as they are."""

    clip: Path
    other: Path
    kind: str
    encoding: Encoding
    seed: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the check said about one rendering."""

    clip: str
    group: str
    kind: str
    encoding: str
    found: bool
    located: bool
    abstained: bool
    flagged: tuple[str, ...]
    verdicts: tuple[str, ...]
    note: str


def plant(kind: str, clip: Clip, other: Clip, seed: int) -> Planted:
    """The fault called `kind`, planted in `clip` (with `other` as second person or voice)."""
    rng = np.random.default_rng(seed)
    length = clip.duration_s
    makers: dict[str, Callable[[], Planted]] = {
        "untouched": lambda: Planted(clip, "untouched", Span(0.0, length)),
        "person_change": lambda: person_change(clip, other),
        "dubbed": lambda: dubbed(clip, other, length / 2, length / 2),
        "audio_shift": lambda: audio_shift(clip, float(rng.choice([-0.2, 0.2]))),
        "repeated": lambda: repeated(clip, *_piece(length, 3.0, rng)),
        "frozen": lambda: frozen(clip, *_piece(length, min(2.0, length / 2.5), rng)),
        "held_photo": lambda: _photo(clip, seed),
    }
    return makers[kind]()


def _piece(length: float, wanted: float, rng: np.random.Generator) -> tuple[float, float]:
    size = min(wanted, length)
    return float(rng.uniform(0.0, max(0.0, length - size))), size


def _photo(clip: Clip, seed: int) -> Planted:
    """A still of the clip, printed, held and moved while the clip's sound goes on."""
    still = clip.frames[len(clip.frames) // 3]
    seconds = max(6.0, clip.duration_s)
    frames = np.stack(list(held_photo(still, seconds=seconds, seed=seed)))
    rows, columns = frames.shape[1] // 2 * 2, frames.shape[2] // 2 * 2
    sound = np.resize(clip.audio, round(len(frames) / 25.0 * 48_000))
    made = make(frames[:, :rows, :columns], 25.0, sound)
    return Planted(made, "held_photo", Span(0.0, made.duration_s))


def judge(result: CheckResult, planted: Planted) -> tuple[bool, bool, tuple[str, ...]]:
    """Found by a signal that is meant to see it; located within a second; all flagged signals."""
    flagged = [s for s in result.signals if s.status is Status.REVIEW]
    meant = [s for s in flagged if s.name in EXPECTED.get(planted.kind, ())]
    whole = planted.span.duration_s > result.coverage.duration_s - 2 * WITHIN_S
    starts = {planted.span.start_s} | ({planted.peer.start_s} if planted.peer else set())
    located = any(
        whole or any(abs(e.start_s - start) <= WITHIN_S for start in starts)
        for s in meant
        for e in s.evidence
    )
    return bool(meant), located, tuple(s.name for s in flagged)


def run_trial(trial: Trial) -> Outcome:
    """Make, render and check one file."""
    settings = Settings()
    models = _models(settings)
    clip = read_clip(trial.clip, most_s=MOST_S, max_side=SIDE)
    other = read_clip(trial.other, most_s=MOST_S, max_side=SIDE)
    planted = plant(trial.kind, clip, other, trial.seed)
    with tempfile.TemporaryDirectory() as folder:
        path = render(planted.clip, Path(folder) / "trial", trial.encoding)
        result = check(path, settings, models)
    found, located, flagged = judge(result, planted)
    verdicts = tuple(f.question for f in result.findings if f.verdict is Status.REVIEW)
    seen = [s for s in result.signals if s.name in EXPECTED.get(trial.kind, ())]
    note = "; ".join(f"{s.name}: {s.status} {s.reason.code} {s.score}" for s in seen)
    return Outcome(
        trial.clip.name,
        trial.clip.parent.name.lower().replace("grid/grid", "grid"),
        trial.kind,
        trial.encoding.name,
        found,
        located,
        bool(seen) and all(s.status is Status.INCONCLUSIVE for s in seen),
        flagged,
        tuple(str(v) for v in verdicts),
        note,
    )


_CACHE: dict[str, Models] = {}


def _models(settings: Settings) -> Models:
    if "models" not in _CACHE:
        store = WeightStore(settings.weights_dir)
        _CACHE["models"] = Models(store, threads=1, settings=settings)
    return _CACHE["models"]


def trials(folder: Path, kinds: tuple[str, ...], *, every: int) -> Iterator[Trial]:
    """Each clip, each kind, each encoding; `every` keeps one in so many."""
    clips = sorted(p for p in folder.rglob("*") if p.suffix in SUFFIXES and _has_sound(p))
    number = 0
    for i, clip in enumerate(clips):
        for k, kind in enumerate(kinds):
            for encoding in ENCODINGS:
                number += 1
                if (number + i + k) % every == 0:  # shifted, so that no encoding is left out
                    other = clips[(i + 1 + k) % len(clips)]
                    yield Trial(clip, other, kind, encoding, seed=1000 * i + k)


def _has_sound(path: Path) -> bool:
    return bool(np.any(read_clip(path, most_s=3.0, max_side=64).audio))


def interval(hits: int, total: int) -> str:
    """Clopper-Pearson 95 % interval in percent."""
    low = 0.0 if hits == 0 else float(beta.ppf(0.025, hits, total - hits + 1))
    high = 1.0 if hits == total else float(beta.ppf(0.975, hits + 1, total - hits))
    return f"{100 * low:.0f}-{100 * high:.0f} %"


def table(outcomes: list[Outcome]) -> list[str]:
    """Markdown: rates per fault and encoding, then false alarms of the untouched clips."""
    by_kind: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        by_kind[outcome.kind].append(outcome)
    lines = [
        "| fault | found | 95 % | located within 1 s | inconclusive | missed | worst encoding |",
        "|---|---|---|---|---|---|---|",
    ]
    order = sorted(
        (k for k in by_kind if k != "untouched"),
        key=lambda k: sum(o.located for o in by_kind[k]) / len(by_kind[k]),
    )
    for kind in order:
        rows = by_kind[kind]
        found, located = sum(o.found for o in rows), sum(o.located for o in rows)
        unsure = sum(o.abstained and not o.found for o in rows)
        lines.append(
            f"| {kind} | {found}/{len(rows)} | {interval(found, len(rows))} | "
            f"{located}/{len(rows)} | {unsure} | {len(rows) - found - unsure} | {_worst(rows)} |"
        )
    lines += ["", "| fault | GRID | other clips |", "|---|---|---|"]
    for kind in order:
        cells = [
            [o for o in by_kind[kind] if ("grid" in o.group) is grid] for grid in (True, False)
        ]
        text = " | ".join(f"{sum(o.located for o in c)}/{len(c)} located" for c in cells)
        lines.append(f"| {kind} | {text} |")
    return [*lines, "", *_alarms(by_kind["untouched"])]


def _worst(rows: list[Outcome]) -> str:
    shares: dict[str, list[bool]] = defaultdict(list)
    for row in rows:
        shares[row.encoding].append(row.located)
    name = min(shares, key=lambda e: sum(shares[e]) / len(shares[e]))
    return f"{name} {sum(shares[name])}/{len(shares[name])}"


def _alarms(rows: list[Outcome]) -> list[str]:
    lines = ["| untouched, rendered the same way | flagged | 95 % |", "|---|---|---|"]
    names = sorted({s for names in EXPECTED.values() for s in names})
    for name in names:
        hits = sum(name in o.flagged for o in rows)
        if rows:
            lines.append(f"| signal {name} | {hits}/{len(rows)} | {interval(hits, len(rows))} |")
    for question in Question:
        hits = sum(str(question) in o.verdicts for o in rows)
        if rows:
            lines.append(
                f"| finding {question} | {hits}/{len(rows)} | {interval(hits, len(rows))} |"
            )
    return lines


def main(arguments: list[str]) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--clips", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--kinds", nargs="*", default=["untouched", *EXPECTED])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    chosen = parser.parse_args(arguments)
    every = 4 if chosen.quick else chosen.every
    wanted = list(trials(chosen.clips, tuple(chosen.kinds), every=every))
    outcomes: list[Outcome] = []
    with ProcessPoolExecutor(chosen.workers) as pool:
        for outcome in pool.map(run_trial, wanted):
            outcomes.append(outcome)
            print(
                f"{outcome.kind:14s} {outcome.group}/{outcome.clip} {outcome.encoding:10s} "
                f"found={outcome.found:d} located={outcome.located:d} "
                f"flagged={','.join(outcome.flagged) or '-'}  [{outcome.note}]",
                flush=True,
            )
    lines = table(outcomes)
    print("\n".join(lines))
    if chosen.out:
        clips = len({o.clip for o in outcomes})
        chosen.out.write_text(_page(lines, clips, len(outcomes), every), encoding="utf-8")


def _page(lines: list[str], clips: int, checks: int, every: int) -> str:
    share = f" --every {every}" if every > 1 else ""
    head = f"""# Planted faults: found and located

Made by `python -m benchmarks.splices --clips DIR{share} --out FILE`: {clips} real clips,
{checks} renderings by two encoders (H.264 at CRF 23, 28, 33; VP8 at 1000, 500, 250 kbit/s), each
checked as a user would check it. *Found*: a signal meant for the fault says `review`. *Located*:
its evidence starts within 1 s of the planted place. *Inconclusive*: not found, and every signal
meant for it says that it cannot tell. *Missed*: not found, and one of them says no indication.
Worst first. The clips were in sight when thresholds were set: expect less elsewhere.

"""
    return head + "\n".join(lines) + "\n"


if __name__ == "__main__":
    main(sys.argv[1:])
