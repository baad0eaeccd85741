"""Bodies that are read as they come: who is waited for, and for how long."""

from __future__ import annotations

from collections.abc import AsyncIterator

import anyio
import anyio.to_thread
import pytest

from api import streaming
from api.streaming import SenderGone


async def taken(sizes: list[int], pause_s: float) -> int:
    """Bytes that were given before the sender was done with, or gone."""
    count = 0

    async def stream() -> AsyncIterator[bytes]:
        for size in sizes:
            await anyio.sleep(pause_s)
            yield bytes(size)

    def work() -> None:
        nonlocal count
        for piece in streaming._pieces(aiter(stream())):
            count += len(piece)

    try:
        await anyio.to_thread.run_sync(work)
    except SenderGone:
        return -count
    return count


@pytest.mark.enable_socket
def test_a_byte_now_and_then_is_no_sender(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "STALL_S", 0.1)
    monkeypatch.setattr(streaming, "PACE_BYTES", 1000)
    assert -20 < anyio.run(taken, [1] * 60, 0.02) < 0
    assert anyio.run(taken, [500] * 20, 0.02) == 10_000
    assert anyio.run(taken, [1], 0.3) == 0  # nothing at all came in time
