"""Search among many templates: this project's galleries beside numpy, faiss and usearch.

    python -m benchmarks.search --out DIR [--rows 1000000] [--dims 128 512] [--skip NAME ...]

Made vectors, drawn anew from a seed, in two kinds:

- `people`: three references of each person. A person is a point of a normal distribution whose
  variances fall as 1/i over the dimensions, away from the origin, as networks for faces give them;
  a reference is that point with noise. Questions are further references of people in the gallery.
- `uniform`: directions drawn uniformly: no structure at all, the worst case for graphs and lists.

Every contender runs in a process of its own with two threads, one question at a time, ten
answers. Recall is the share of the ten best by float32 arithmetic that is found; a row whose cosine
is within 1e-5 of the tenth counts. Times are given by the clock and in seconds of the processor: on
a machine with other work the clock says little. Memory is what the process grew by from before the
index was made, vectors included.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from audit.interview import Floats, Ints
from identity.embeddings import unit

SPACE = "face/made/1/0"
TOP = 10
THREADS = 2
PER_PERSON = 3
NOISE = 0.55
OFFSET = 1.0
BATCH = 16_384
TOLERANCE = 1e-5
Search = Callable[[Floats], Ints]


# --- vectors ----------------------------------------------------------------------------------


def make(kind: str, rows: int, dim: int, questions: int, folder: Path) -> None:
    """Writes `vectors.npy` (rows, dim), `questions.npy` and the rows of each question's person."""
    rng = np.random.default_rng([rows, dim, kind == "people"])
    found = np.lib.format.open_memmap(
        folder / "vectors.npy", mode="w+", dtype=np.float32, shape=(rows, dim)
    )
    spread = (1.0 / np.arange(1, dim + 1, dtype=np.float32)) ** 0.5
    spread /= np.linalg.norm(spread)
    asked = np.sort(rng.choice(rows // PER_PERSON, questions, replace=False))
    points = np.empty((questions, dim), np.float32)
    step = BATCH - BATCH % PER_PERSON
    for first in range(0, rows, step):
        count = min(step, rows - first)
        drawn = rng.standard_normal((count, dim), dtype=np.float32)
        if kind == "people":
            people = rng.standard_normal((-(-count // PER_PERSON), dim), dtype=np.float32) * spread
            people[:, 0] += OFFSET
            here = (asked * PER_PERSON >= first) & (asked * PER_PERSON < first + count)
            points[here] = people[asked[here] - first // PER_PERSON]
            drawn = np.repeat(people, PER_PERSON, axis=0)[:count] + NOISE * spread * drawn
        found[first : first + count] = unit(drawn)
    noise = rng.standard_normal((questions, dim), dtype=np.float32)
    found.flush()
    asked_of = points + NOISE * spread * noise if kind == "people" else noise
    np.save(folder / "questions.npy", unit(asked_of))
    np.save(folder / "asked.npy", asked * PER_PERSON)


def truth(folder: Path) -> tuple[Ints, Floats]:
    """The ten best rows of each question, and the cosine of the tenth, by float32 arithmetic."""
    vectors = np.load(folder / "vectors.npy", mmap_mode="r")
    questions = np.load(folder / "questions.npy")
    scores = np.empty((len(questions), 0), np.float32)
    rows = np.empty((len(questions), 0), np.int64)
    for first in range(0, len(vectors), 4 * BATCH):
        part = questions @ np.asarray(vectors[first : first + 4 * BATCH]).T
        scores = np.concatenate([scores, part], axis=1)
        here = np.broadcast_to(np.arange(first, first + part.shape[1]), part.shape)
        rows = np.concatenate([rows, here], axis=1)
        best = np.argpartition(-scores, TOP, axis=1)[:, :TOP]
        scores = np.take_along_axis(scores, best, axis=1)
        rows = np.take_along_axis(rows, best, axis=1)
    return rows, scores.min(axis=1)


# --- contenders -------------------------------------------------------------------------------


def batches(vectors: Floats) -> Iterator[tuple[int, Floats]]:
    """Parts of the vectors and where they begin."""
    for first in range(0, len(vectors), BATCH):
        yield first, np.array(vectors[first : first + BATCH])


def galleries(vectors: Floats, *, graph: bool = False) -> Search:
    """This project's gallery; every row is an owner of its own, so that answers are rows."""
    from identity.gallery import Gallery, Rules  # usearch and faiss do not bear one another

    rules = Rules(
        owner_rows=1, threads=THREADS, scan_rows=0 if graph else 1 << 40, most_bytes=1 << 40
    )
    gallery = Gallery(SPACE, vectors.shape[1], rules)
    for first, part in batches(vectors):
        names = [str(row) for row in range(first, first + len(part))]
        gallery.add(SPACE, names, names, part)
    return lambda question: np.array(
        [int(hit.row) for hit in gallery.search(SPACE, question, TOP)], np.int64
    )


def plain(vectors: Floats) -> Search:
    """numpy: a product of a matrix with a vector, and a partition."""
    held = np.array(vectors)
    return lambda question: np.argpartition(-(held @ question), TOP)[:TOP]


def faiss_made(factory: str, search: str = "") -> Callable[[Floats], Search]:
    """An index of faiss by the description that its factory takes."""

    def built(vectors: Floats) -> Search:
        import faiss

        faiss.omp_set_num_threads(THREADS)
        index = faiss.index_factory(vectors.shape[1], factory, faiss.METRIC_INNER_PRODUCT)
        if not index.is_trained:
            index.train(np.array(vectors[:: max(1, len(vectors) // 100_000)]))
        for _, part in batches(vectors):
            index.add(part)
        if search:
            faiss.ParameterSpace().set_index_parameters(index, search)
        return lambda question: index.search(question[None, :], TOP)[1][0]

    return built


CONTENDERS: dict[str, Callable[[Floats], Search]] = {
    "gallery, scan": galleries,
    "gallery, graph": lambda vectors: galleries(vectors, graph=True),
    "numpy": plain,
    "faiss Flat": faiss_made("Flat"),
    "faiss SQ8": faiss_made("SQ8"),
    "faiss IVF4096,SQ8 nprobe 64": faiss_made("IVF4096,SQ8", "nprobe=64"),
    "faiss HNSW32 efSearch 512": faiss_made("HNSW32", "efSearch=512"),
}


# --- measuring --------------------------------------------------------------------------------


def measured(name: str, folder: Path) -> dict[str, Any]:
    """One contender, in this process: answers and times."""
    vectors = np.load(folder / "vectors.npy", mmap_mode="r")
    questions = np.load(folder / "questions.npy")
    before = _anonymous()
    clock, cpu = time.perf_counter(), time.process_time()
    search = CONTENDERS[name](vectors)
    built = time.perf_counter() - clock, time.process_time() - cpu
    grown = _anonymous() - before
    answers, times = [], []
    for number, question in enumerate([*questions[:5], *questions]):
        clock, cpu = time.perf_counter(), time.process_time()
        answer = search(question)
        if number >= 5:  # the first five warm caches
            times.append((time.perf_counter() - clock, time.process_time() - cpu))
            answers.append([int(row) for row in answer])
    wall, busy = (np.array(column) * 1e3 for column in zip(*times, strict=True))
    return {
        "contender": name,
        "build_s": round(built[0], 1),
        "build_cpu_s": round(built[1], 1),
        "memory_mb": round(grown / 1e6),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3),
        "wall_ms": [round(float(np.quantile(wall, q)), 2) for q in (0.05, 0.5, 0.95)],
        "cpu_ms": [round(float(np.quantile(busy, q)), 2) for q in (0.05, 0.5, 0.95)],
        "load": round(os.getloadavg()[0], 1),
        "answers": answers,
    }


def _anonymous() -> int:
    """Bytes of this process that no file backs."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) * 1024
    return 0


def recall(answers: list[list[int]], folder: Path) -> tuple[float, float]:
    """Shares of the ten best, and of the references of the person asked for, that were found."""
    vectors = np.load(folder / "vectors.npy", mmap_mode="r")
    questions = np.load(folder / "questions.npy")
    own = np.load(folder / "asked.npy")
    least = np.load(folder / "least.npy")
    found, mates = [], []
    for number, answer in enumerate(answers):
        rows = sorted({row for row in answer if row >= 0})
        scores = np.asarray(vectors[rows]) @ questions[number]
        found.append(min(TOP, int(np.sum(scores >= least[number] - TOLERANCE))) / TOP)
        wanted = range(own[number], own[number] + PER_PERSON)
        mates.append(len(set(rows) & set(wanted)) / PER_PERSON)
    return float(np.mean(found)), float(np.mean(mates))


def run(kind: str, rows: int, dim: int, questions: int, skip: list[str]) -> list[dict[str, Any]]:
    """All contenders over one set of vectors."""
    results = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(kind, rows, dim, questions, folder)
        np.save(folder / "least.npy", truth(folder)[1])
        for contender in CONTENDERS:
            if contender in skip:
                continue
            command = [sys.executable, "-m", "benchmarks.search", "--one", contender, "--in", name]
            threads = {"OMP_NUM_THREADS": str(THREADS), "OPENBLAS_NUM_THREADS": str(THREADS)}
            done = subprocess.run(
                command, env={**os.environ, **threads}, stdout=subprocess.PIPE, check=False
            )
            if done.returncode:
                print(f"{contender}: ended with {done.returncode}", file=sys.stderr)
                continue
            result = json.loads(done.stdout)
            found, mates = recall(result.pop("answers"), folder)
            result |= {"kind": kind, "rows": rows, "dim": dim, "questions": questions}
            result |= {"recall": round(found, 4)}
            if kind == "people":
                result["mates"] = round(mates, 4)
            print(json.dumps(result), flush=True)
            results.append(result)
    return results


def table(results: list[dict[str, Any]]) -> str:
    """The results as Markdown."""
    head = (
        "| vectors | contender | recall of 10 | p50 / p95 clock, ms | p50 / p95 processor, ms | "
        "memory, MB | build: clock / processor, s | load |\n|---|---|---|---|---|---|---|---|\n"
    )
    lines = []
    for r in results:
        wall, cpu = r["wall_ms"], r["cpu_ms"]
        lines.append(
            f"| {r['rows']:,} x {r['dim']} {r['kind']} | {r['contender']} | {r['recall']:.4f} | "
            f"{wall[1]:.1f} / {wall[2]:.1f} | {cpu[1]:.1f} / {cpu[2]:.1f} | {r['memory_mb']:,} | "
            f"{r['build_s']:.0f} / {r['build_cpu_s']:.0f} | {r['load']} |\n"
        )
    return head + "".join(lines)


def main() -> None:
    """Runs from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dims", type=int, nargs="+", default=[128, 512])
    parser.add_argument("--kinds", nargs="+", default=["people", "uniform"])
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--skip", nargs="*", default=[], choices=list(CONTENDERS))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--one", choices=list(CONTENDERS), help=argparse.SUPPRESS)
    parser.add_argument("--in", dest="folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measured(given.one, given.folder)))
        return
    results: list[dict[str, Any]] = []
    for dim in given.dims:
        for kind in given.kinds:
            results += run(kind, given.rows, dim, given.questions, given.skip)
    text = table(results)
    print(text)
    if given.out:
        given.out.mkdir(parents=True, exist_ok=True)
        name = f"search-{given.rows}"
        (given.out / f"{name}.json").write_text(json.dumps(results, indent=1) + "\n")
        (given.out / f"{name}.md").write_text(text)


if __name__ == "__main__":
    main()
