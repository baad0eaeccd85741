from __future__ import annotations

import numpy as np
import pytest

from identity.embeddings import unit
from identity.voice_line import HOP, spared


def people(rows: int, foreign: range) -> np.ndarray:
    """Unit vectors of one voice with a little of its own in each, and of another in `foreign`."""
    rng = np.random.default_rng(5)
    one, other = np.eye(32, dtype=np.float32)[:2]
    lines = np.tile(one, (rows, 1)) + 0.02 * rng.standard_normal((rows, 32)).astype(np.float32)
    lines[list(foreign)] += 2 * (other - one)
    return unit(lines)


@pytest.mark.parametrize("first", [40, 41])
@pytest.mark.parametrize("rows", [100, 101])
def test_long_lines_spare_windows_where_the_voice_stays_and_none_where_it_does_not(
    rows: int, first: int
) -> None:
    truth = people(rows, range(first, first + 2))
    asked: list[int] = []

    def embedded(starts: np.ndarray) -> np.ndarray:
        asked.extend((starts // HOP).tolist())
        return truth[starts // HOP]

    found = spared(np.arange(rows) * HOP, embedded)
    assert len(asked) == len(set(asked)) == pytest.approx(0.65 * rows, abs=2)
    assert {first - 1, first, first + 1, first + 2} <= set(asked)
    assert found[asked] == pytest.approx(truth[asked])
    rest = sorted(set(range(rows)) - set(asked))
    assert found[rest] == pytest.approx(unit(truth[np.array(rest) - 1] + truth[np.array(rest) + 1]))
