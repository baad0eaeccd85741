"""Parts that hang cost one thread, and are said to hang."""

from __future__ import annotations

import threading

from api.readiness import Readiness


def test_a_part_that_hangs_is_asked_once() -> None:
    asked: list[str] = []
    release = threading.Event()

    def hangs() -> None:
        asked.append("x")
        release.wait(10)

    readiness = Readiness({"slow": hangs, "quick": lambda: None}, limit_s=0.05)
    assert readiness.look() == {"slow": "does not answer", "quick": "ok"}
    assert readiness._look()["slow"] == "does not answer"
    release.set()
    readiness._asked["slow"].result(5)
    assert readiness._look() == {"slow": "ok", "quick": "ok"}
    assert asked == ["x"]
    readiness.close()
