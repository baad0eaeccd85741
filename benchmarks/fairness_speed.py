"""A whole fairness audit of many rows beside fairlearn, aequitas and a bare group count.

    python -m benchmarks.fairness_speed [--rows 10000000] [--keep DIR] [--skip NAME ...]

One Parquet file of seeded applications (sex, race, age band, outcome, later label, score) is read
by each contender in a process of its own:

- `count`: DuckDB counts rows per sex, race, age, outcome and label: what any audit must do.
- `fairwitness`: validation, the cube, and for each feature, sex x race and sex x race x age the
  impact by selection and by score above the median: every interval, test and class, with 10,000
  bootstrap replicates per table.
- `metricframe`: fairlearn's MetricFrame over sex x race x age: selection rate, TPR, FPR.
- `aequitas`: its group counts and rates of sex, race and age apart (where it is installed; name
  another interpreter that has it with --aequitas-python).

Ratios are what to quote; times depend on the machine. Peak memory is each process's own.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import duckdb

RACES = ("White", "Black", "Hispanic", "Asian", "Two or more", "NHPI", "AIAN")
MAKE = """
COPY (
  SELECT
    CASE WHEN h % 100 < 48 THEN 'Female' WHEN h % 100 < 97 THEN 'Male' END AS sex,
    list_element(['White', 'White', 'White', 'White', 'White', 'Black', 'Hispanic', 'Asian',
      'Two or more', 'NHPI', 'AIAN', NULL], 1 + ((h // 100) % 12)::INT) AS race,
    CASE WHEN (h // 1200) % 10 < 4 THEN '40 or over' ELSE 'under 40' END AS age,
    CASE WHEN (h // 12000) % 1000 < 300 + 40 * (h % 100 >= 48)::INT THEN 'yes' ELSE 'no' END
      AS moved_on,
    CASE WHEN (h // 12000000) % 10 < 5 THEN 'good' ELSE 'poor' END AS performed,
    ((h // 120000000) % 101)::INT AS score
  FROM (SELECT hash(i + {seed}) // 4 AS h FROM range({rows}) AS r(i))
) TO '{path}' (FORMAT parquet, ROW_GROUP_SIZE 500000)
"""
SPEC = {
    "title": "benchmark",
    "outcome": {"column": "moved_on", "selected": ["yes"], "not_selected": ["no"]},
    "label": {"column": "performed", "good": ["good"], "poor": ["poor"]},
    "scores": [{"name": "score", "column": "score"}],
    "features": [
        {"name": "sex", "column": "sex", "kind": "sex"},
        {"name": "race", "column": "race", "kind": "race_ethnicity"},
        {"name": "age", "column": "age", "kind": "age"},
    ],
    "intersections": [["sex", "race"], ["sex", "race", "age"]],
}
REPLICATES = 10_000


def bare_count(path: Path) -> None:
    """DuckDB's own group count."""
    with duckdb.connect(config={"threads": 2}) as con:
        con.execute(
            "SELECT sex, race, age, moved_on, performed, count(*) FROM read_parquet(?) "
            "GROUP BY ALL",
            [str(path)],
        ).fetchall()


def fairwitness(path: Path) -> None:
    """The cube, then every table by selection and by score."""
    from fairness.builder import cube_of
    from fairness.impact import ImpactPolicy, impact
    from fairness.spec import AuditSpec

    cube = cube_of(path, AuditSpec.model_validate(SPEC))
    policy = ImpactPolicy(replicates=REPLICATES)
    wanted = (("sex", "race", "age"), ("sex", "race"), ("race",), ("sex",), ("age",))
    counts = [
        f for w in wanted for f in (partial(cube.counts, w), partial(cube.scoring, w, "score"))
    ]
    with ThreadPoolExecutor(2) as pool:  # as `fairness.audit` does
        assert len(list(pool.map(lambda counted: impact(counted(), policy), counts))) == 10


def metric_frame(path: Path) -> None:
    """fairlearn's MetricFrame."""
    import pandas as pd
    from fairlearn.metrics import (
        MetricFrame,
        false_positive_rate,
        selection_rate,
        true_positive_rate,
    )

    table = pd.read_parquet(path).dropna()
    metrics = {
        "selection_rate": selection_rate,
        "tpr": true_positive_rate,
        "fpr": false_positive_rate,
    }
    frame = MetricFrame(
        metrics=metrics,
        y_true=(table["performed"] == "good").astype(int),
        y_pred=(table["moved_on"] == "yes").astype(int),
        sensitive_features=table[["sex", "race", "age"]],
    )
    assert len(frame.by_group)


CONTENDERS: dict[str, Callable[[Path], None]] = {
    "count": bare_count,
    "fairwitness": fairwitness,
    "metricframe": metric_frame,
}
AEQUITAS = """
import sys, pandas as pd
from aequitas.group import Group
table = pd.read_parquet(sys.argv[1]).dropna()
data = pd.DataFrame({
    "score": (table["moved_on"] == "yes").astype(int),
    "label_value": (table["performed"] == "good").astype(int),
    **{name: table[name].astype(str).astype(object) for name in ("sex", "race", "age")},
})
crosstab, _ = Group().get_crosstabs(data, attr_cols=["sex", "race", "age"])
assert len(crosstab)
"""


def measured(command: list[str]) -> dict[str, float]:
    """Wall and CPU seconds and peak memory (MB) of a finished process.

    Where the process prints its own figures, those: they leave out its start and its imports.

    Raises:
        SystemExit: the process failed.
    """
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    printed = process.stdout.read() if process.stdout else ""
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command[:4])} ... failed with {process.returncode}")
    outside = {"wall_s": wall, "cpu_s": used.ru_utime + used.ru_stime}
    inside = json.loads(printed) if printed.startswith("{") else {}
    return outside | {"peak_mb": used.ru_maxrss / 1024} | inside


def commands(path: Path, chosen: argparse.Namespace) -> dict[str, list[str]]:
    """What to run for each contender."""
    here = [sys.executable, "-m", "benchmarks.fairness_speed", "--data", str(path), "--run"]
    every = {name: [*here, name] for name in CONTENDERS}
    python = chosen.aequitas_python
    if python is None and importlib.util.find_spec("aequitas") is not None:
        python = sys.executable
    if python is not None:
        every["aequitas"] = [str(python), "-c", AEQUITAS, str(path)]
    return {name: command for name, command in every.items() if name not in chosen.skip}


def empty_process() -> float:
    """Wall seconds of starting Python and what Fairwitness imports: in every run, not its work."""
    code = "import duckdb, numpy, scipy.stats, fairness.builder, fairness.impact"
    return measured([sys.executable, "-c", code])["wall_s"]


def compare(path: Path, chosen: argparse.Namespace) -> None:
    """Run all and print a table."""
    start = empty_process()
    print(f"{chosen.rows:,} rows, {path.stat().st_size / 1e6:.0f} MB of Parquet")
    print(f"start of the process and imports, left out where it can be: {start:.2f} s")
    found = {name: measured(command) for name, command in commands(path, chosen).items()}
    print("contender      wall s    CPU s  peak MB   wall / count   wall / fairwitness")
    bare, own = found["count"]["wall_s"], found["fairwitness"]["wall_s"]
    for name, row in found.items():
        wall = row["wall_s"]
        print(
            f"{name:12s} {wall:8.2f} {row['cpu_s']:8.2f} {row['peak_mb']:8.0f} "
            f"{wall / bare:14.1f} {wall / own:20.2f}"
        )


def inside(name: str, path: Path) -> None:
    """Run one contender in this process, once on few rows so that imports do not count."""
    with tempfile.TemporaryDirectory() as scratch:
        few = Path(scratch) / "few.parquet"
        with duckdb.connect() as con:
            con.execute(MAKE.format(seed=1, rows=250_000, path=few))
        CONTENDERS[name](few)
    began, cpu = time.perf_counter(), time.process_time()
    CONTENDERS[name](path)
    figures = {
        "wall_s": round(time.perf_counter() - began, 3),
        "cpu_s": round(time.process_time() - cpu, 3),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    print(json.dumps(figures), flush=True)


def main(arguments: list[str]) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--keep", type=Path, help="folder in which the input is kept and reused")
    parser.add_argument("--skip", nargs="*", default=[])
    parser.add_argument("--aequitas-python", type=Path)
    parser.add_argument("--data", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--run", choices=list(CONTENDERS), help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.run:
        inside(chosen.run, chosen.data)
        return
    with tempfile.TemporaryDirectory() as scratch:
        path = (chosen.keep or Path(scratch)) / f"applications-{chosen.rows}.parquet"
        if not path.exists():
            with duckdb.connect() as con:
                con.execute(MAKE.format(seed=chosen.seed, rows=chosen.rows, path=path))
        compare(path, chosen)


if __name__ == "__main__":
    main(sys.argv[1:])
