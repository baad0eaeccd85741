"""What the limited subprocess can and cannot do."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from audit import sandbox
from audit.errors import MediaLimitExceeded, MediaUnreadable, SandboxFailed
from audit.sandbox import Bounds
from audit.settings import Limits

TASKS = "tests.audit.confined_tasks"
BOUNDS = Bounds(memory_mb=512, cpu_s=20, wall_s=60, stall_s=30)
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the system has no call filter")


def run(name: str, bounds: Bounds = BOUNDS, **request: object) -> list[sandbox.Message]:
    return list(sandbox.run(f"{TASKS}:{name}", request, source=None, bounds=bounds))


def children() -> set[int]:
    """Processes whose parent is this one, zombies included."""
    found = set()
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError, IndexError):
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(fields[1]) == os.getpid():
                found.add(int(entry.name))
    return found


@pytest.fixture(autouse=True)
def no_child_left() -> Iterator[None]:
    if sys.platform != "linux":
        yield
        return
    before = children()
    yield
    assert children() <= before


def test_request_and_body_reach_the_task_and_come_back() -> None:
    task = f"{TASKS}:echo"
    body = bytes(range(256)) * 4096
    with contextlib.closing(
        sandbox.run(task, {"a": [1, "zwei"]}, source=None, bounds=BOUNDS, body=body)
    ) as messages:
        (answer,) = messages
    assert answer.header["a"] == [1, "zwei"]
    assert answer.payload.tobytes() == body


def test_the_task_reads_its_input_without_moving_our_offset(tmp_path: Path) -> None:
    path = tmp_path / "input"
    path.write_bytes(b"some bytes")
    with path.open("rb") as file:
        answer = sandbox.call(f"{TASKS}:read_all", {}, source=file.fileno(), bounds=BOUNDS)
        assert file.tell() == 0
    assert answer.payload.tobytes() == b"some bytes"
    assert answer.header["size"] == 10


def test_what_is_fed_arrives_in_order() -> None:
    items = [bytes([n]) * (n * 100_000) for n in range(8)]
    messages = sandbox.run(
        f"{TASKS}:fed", {"items": len(items)}, source=None, bounds=BOUNDS, feed=items
    )
    assert [m.payload.tobytes() for m in messages] == items


@pytest.mark.parametrize("slot_bytes", [0, 300_000])
def test_payloads_arrive_unchanged_with_and_without_shared_memory(slot_bytes: int) -> None:
    bounds = Bounds(memory_mb=512, cpu_s=20, wall_s=60, stall_s=30, slot_bytes=slot_bytes)
    messages = run("stream", bounds, items=40, size=250_000)
    assert [m.header["number"] for m in messages] == list(range(40))
    for number, message in enumerate(messages):
        assert message.payload.shape == (250_000,)
        assert np.all(message.payload == number % 251)


@LINUX
def test_the_task_can_open_nothing_start_nothing_and_sees_an_empty_environment(
    tmp_path: Path,
) -> None:
    path = tmp_path / "input"
    path.write_bytes(b"bytes")
    with path.open("rb") as file:
        message = sandbox.call(f"{TASKS}:attempts", {}, source=file.fileno(), bounds=BOUNDS)
    assert "done" not in message.header["answers"].values(), message.header["answers"]
    assert not {k for k in message.header["environment"] if k not in sandbox.LOADER_VARIABLES} - {
        "LC_CTYPE"
    }
    assert not Path("/tmp/fairwitness-escape").exists()


def test_threads_are_allowed() -> None:
    (message,) = run("thread")
    assert message.header["done"] == 1


@LINUX
def test_a_memory_bomb_ends_with_a_clear_error() -> None:
    bounds = Bounds(memory_mb=256, cpu_s=20, wall_s=60, stall_s=30)
    with pytest.raises(MediaLimitExceeded, match=r"256 MiB of memory.*MEMORY_MB"):
        run("memory", bounds)


def test_an_endless_loop_ends_with_its_cpu_time() -> None:
    bounds = Bounds(memory_mb=512, cpu_s=1, wall_s=60, stall_s=30)
    with pytest.raises(MediaLimitExceeded, match="CPU seconds"):
        run("spin", bounds)


def test_a_task_that_says_nothing_is_stopped() -> None:
    bounds = Bounds(memory_mb=512, cpu_s=20, wall_s=60, stall_s=2.0)
    with pytest.raises(MediaLimitExceeded, match="no progress for 2 s"):
        run("sleep", bounds)


def test_a_task_that_never_ends_is_stopped() -> None:
    bounds = Bounds(memory_mb=512, cpu_s=20, wall_s=2.0, stall_s=30)
    with pytest.raises(MediaLimitExceeded, match="longer than 2 s"):
        run("chatter", bounds)


def test_a_flood_of_output_is_stopped() -> None:
    bounds = Bounds(memory_mb=512, cpu_s=20, wall_s=60, stall_s=30, output_mb=1)
    with pytest.raises(MediaLimitExceeded, match="more than 1 MiB of output"):
        run("stream", bounds, items=100, size=100_000)


def test_a_crash_is_the_files_fault_and_says_so() -> None:
    with pytest.raises(MediaUnreadable, match=r"crashed.*SIGSEGV"):
        run("crash")


def test_a_fault_of_ours_is_ours() -> None:
    with pytest.raises(SandboxFailed, match="RuntimeError: a fault of ours"):
        run("fault")


def test_a_task_that_does_not_exist_is_our_fault() -> None:
    with pytest.raises(SandboxFailed, match="no_such"):
        run("no_such")


@pytest.mark.parametrize(
    ("code", "error"), [("limit", MediaLimitExceeded), ("unreadable", MediaUnreadable)]
)
def test_refusals_keep_their_words_but_nothing_unprintable(
    code: str, error: type[Exception]
) -> None:
    with pytest.raises(error) as caught:
        run("refuse", code=code)
    assert str(caught.value).startswith("No [31m good. ")
    assert len(str(caught.value)) <= sandbox.TEXT_CHARACTERS


@pytest.mark.parametrize(
    "how",
    [
        "not json",
        "no object",
        "huge header",
        "huge payload",
        "no such slot",
        "slot too small",
        "cut short",
    ],
)
def test_a_broken_protocol_never_passes(how: str) -> None:
    bounds = Bounds(memory_mb=512, cpu_s=20, wall_s=60, stall_s=30, slot_bytes=1 << 20)
    with pytest.raises(SandboxFailed):
        run("garbage", bounds, how=how)


def test_one_answer_is_asked_for() -> None:
    with pytest.raises(SandboxFailed, match="answered 3 times"):
        sandbox.call(f"{TASKS}:stream", {"items": 3, "size": 1}, source=None, bounds=BOUNDS)


@LINUX
def test_closing_early_ends_the_process() -> None:
    messages = sandbox.run(f"{TASKS}:sleep", {}, source=None, bounds=BOUNDS)
    pid = next(messages).header["pid"]
    assert Path(f"/proc/{pid}").exists()
    messages.close()
    assert not Path(f"/proc/{pid}").exists()


@LINUX
def test_the_process_dies_with_its_parent() -> None:
    script = textwrap.dedent(
        f"""
        import sys, time
        from audit import sandbox
        bounds = sandbox.Bounds(memory_mb=512, cpu_s=20, wall_s=60, stall_s=60)
        messages = sandbox.run("{TASKS}:spin_after_hello", {{}}, source=None, bounds=bounds)
        print(next(messages).header["pid"], flush=True)
        time.sleep(60)
        """
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert Path(f"/proc/{pid}").exists()
        parent.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 20
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not Path(f"/proc/{pid}").exists()


def test_bounds_grow_with_the_recording() -> None:
    limits = Limits(cpu_s_base=10, cpu_s_per_minute=6)
    assert Bounds.of(limits).cpu_s == 10
    assert Bounds.of(limits, duration_s=600).cpu_s == 70
