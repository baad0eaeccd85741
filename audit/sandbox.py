"""Runs one named task over one input in a subprocess that can do nothing else.

The subprocess gets the input as an inherited, read-only descriptor and answers over a pipe. Its
memory, CPU time and output are bounded, it can write no file, and once its imports are done it can
open neither file nor socket nor start a process (docs/media.md says what holds on which system).
This side bounds the time it waits, and treats what arrives as hostile.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import math
import mmap
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from audit.confined.channel import HEAD, HEADER_BYTES, INLINE, SLOTS, head
from audit.errors import AuditError, MediaLimitExceeded, MediaUnreadable, SandboxFailed

if TYPE_CHECKING:
    from audit.settings import Limits

PIPE_BYTES = 1 << 20
"""Wanted pipe size: Linux lets any user ask for this much; elsewhere the system's size stays."""

STDERR_BYTES = 4096
TEXT_CHARACTERS = 600

BOOTSTRAP = (
    "import json, sys; config = json.loads(sys.argv[1]); sys.path[:] = config['path']; "
    "from audit.confined.entry import main; main(config)"
)

LOADER_VARIABLES = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH")
"""Kept in the otherwise empty environment: some Python installations do not start without."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one run may use.

    Attributes:
        memory_mb: address space, MiB. cpu_s: CPU seconds.
        wall_s: seconds spent waiting for the subprocess, in all; time that the caller takes between
            messages does not count. stall_s: seconds of waiting for one more byte.
        output_mb: all messages together, MiB. message_mb: one message's payload, MiB.
        slot_bytes: size of messages that go through shared memory; 0 = none do.
    """

    memory_mb: int
    cpu_s: float
    wall_s: float
    stall_s: float
    output_mb: int = 256
    message_mb: int = 64
    slot_bytes: int = 0

    @classmethod
    def of(
        cls,
        limits: Limits,
        *,
        duration_s: float = 0.0,
        output_mb: int = 256,
        slot_bytes: int = 0,
    ) -> Bounds:
        """The bounds that `limits` set for a recording of `duration_s`."""
        return cls(
            memory_mb=limits.memory_mb,
            cpu_s=limits.cpu_s_base + limits.cpu_s_per_minute * duration_s / 60.0,
            wall_s=limits.wall_s,
            stall_s=limits.stall_s,
            output_mb=output_mb,
            slot_bytes=slot_bytes,
        )


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the subprocess; `payload` are raw bytes, shape (n,)."""

    header: dict[str, Any]
    payload: NDArray[np.uint8]


def run(
    task: str,
    request: Mapping[str, Any],
    *,
    source: int | None,
    bounds: Bounds,
    body: bytes = b"",
    feed: Iterable[bytes] = (),
) -> Generator[Message, None, None]:
    """Messages of `task` ("module:function") over the open descriptor `source`, as they come.

    `request` is JSON, `body` raw bytes that go with it; each item of `feed` reaches the task as one
    more message. Closing the generator kills the subprocess; it never outlives this process.

    Raises:
        MediaUnreadable: the task refused the input, or the decoder crashed on it.
        MediaLimitExceeded: a bound was hit.
        SandboxFailed: the subprocess could not start or broke its protocol.
    """
    child = _Child(task, source, bounds)
    try:
        child.offer(_requests(request, body, feed))
        yield from child.messages()
    finally:
        child.end()


def call(task: str, request: Mapping[str, Any], *, source: int | None, bounds: Bounds) -> Message:
    """The single message of a task that answers once; see `run`."""
    with contextlib.closing(run(task, request, source=source, bounds=bounds)) as messages:
        answers = list(messages)
    if len(answers) != 1:
        raise SandboxFailed(f"The task {task} answered {len(answers)} times instead of once.")
    return answers[0]


def _requests(
    request: Mapping[str, Any], body: bytes, feed: Iterable[bytes]
) -> Iterator[memoryview]:
    yield from (head(request, len(body)), memoryview(body))
    for item in feed:
        yield from (head({}, len(item)), memoryview(item))


class _Child:
    """The subprocess, its pipes and its clock."""

    def __init__(self, task: str, source: int | None, bounds: Bounds) -> None:
        self._task = task
        self._bounds = bounds
        self._waited_s = 0.0
        self._received = 0
        self._stderr = b""
        self._queue: Iterator[memoryview] = iter(())
        self._pending: memoryview | None = None
        self._selector = selectors.DefaultSelector()
        self._shared = _Shared(bounds.slot_bytes)
        self._out, out_child = os.pipe()
        self._err, err_child = os.pipe()
        in_child, self._in = os.pipe()
        free_child, self._free = os.pipe()
        try:
            self._process = self._spawn(source, in_child, free_child, out_child, err_child)
        except OSError as error:
            self._close_pipes()
            raise SandboxFailed(f"The decoding process could not be started: {error}") from error
        finally:
            for fd in (out_child, err_child, in_child, free_child):
                os.close(fd)
        for fd in (self._out, self._in):
            _widen(fd)
        for fd in (self._out, self._err, self._in, self._free):
            os.set_blocking(fd, False)
        self._selector.register(self._out, selectors.EVENT_READ)
        self._selector.register(self._err, selectors.EVENT_READ)

    def _spawn(
        self, source: int | None, request_fd: int, free_fd: int, out_fd: int, err_fd: int
    ) -> subprocess.Popen[bytes]:
        config = {
            "path": _search_path(),
            "task": self._task,
            "parent": os.getpid(),
            "memory_bytes": self._bounds.memory_mb << 20,
            "cpu_s": math.ceil(self._bounds.cpu_s),
            "request_fd": request_fd,
            "free_fd": free_fd,
            "shared_fd": self._shared.fd,
            "shared_bytes": self._shared.size,
        }
        shared = (self._shared.fd,) if self._shared.size else ()
        return subprocess.Popen(
            [sys.executable, "-I", "-S", "-B", "-c", BOOTSTRAP, json.dumps(config)],
            stdin=subprocess.DEVNULL if source is None else source,
            stdout=out_fd,
            stderr=err_fd,
            pass_fds=(request_fd, free_fd, *shared),
            env={k: os.environ[k] for k in LOADER_VARIABLES if k in os.environ},
            cwd="/",
            start_new_session=True,
        )

    def offer(self, queue: Iterator[memoryview]) -> None:
        """Messages for the subprocess, written as it takes them."""
        self._queue = queue
        self._pending = next(queue, None)
        if self._pending is not None:
            self._selector.register(self._in, selectors.EVENT_WRITE)

    def messages(self) -> Iterator[Message]:
        """Messages up to the closing one."""
        while True:
            header_bytes, slot, payload_bytes = HEAD.unpack(self._exactly(HEAD.size).tobytes())
            self._admit(header_bytes, payload_bytes)
            header = self._header(self._exactly(header_bytes))
            message = Message(header, self._payload(slot, payload_bytes))
            kind = header.get("kind")
            if kind == "end":
                return
            if kind == "refused":
                raise self._refusal(str(header.get("code")), str(header.get("text", "")))
            if kind != "ready":
                yield message

    def _payload(self, slot: int, size: int) -> NDArray[np.uint8]:
        if slot == INLINE:
            return self._exactly(size)
        payload = self._shared.take(slot, size)
        with contextlib.suppress(BrokenPipeError, BlockingIOError):
            os.write(self._free, b"x")
        return payload

    def _admit(self, header_bytes: int, payload_bytes: int) -> None:
        bounds = self._bounds
        self._received += header_bytes + payload_bytes
        if header_bytes > HEADER_BYTES or payload_bytes > bounds.message_mb << 20:
            raise SandboxFailed("The decoding process sent a message of impossible size.")
        if self._received > bounds.output_mb << 20:
            raise MediaLimitExceeded(
                f"Reading the file gave more than {bounds.output_mb} MiB of output, more than its "
                "length explains. Give a file whose headers state its true size and rate."
            )

    def _header(self, text: NDArray[np.uint8]) -> dict[str, Any]:
        try:
            header = json.loads(text.tobytes())
        except ValueError as error:
            raise SandboxFailed("The decoding process sent a message that is not JSON.") from error
        if not isinstance(header, dict):
            raise SandboxFailed("The decoding process sent a message without a header.")
        return header

    def _exactly(self, size: int) -> NDArray[np.uint8]:
        data = np.empty(size, dtype=np.uint8)
        view = data.data
        done = 0
        since = time.monotonic()
        while done < size:
            got = self._read_into(view[done:])
            if got is None:
                self._wait(time.monotonic() - since)
            elif got == 0:
                raise self._failure()
            else:
                done += got
                since = time.monotonic()
        return data

    def _read_into(self, view: memoryview) -> int | None:
        try:
            return os.readv(self._out, [view])
        except BlockingIOError:
            return None

    def _wait(self, stalled_s: float) -> None:
        """Sleep until a pipe moves; write what the subprocess takes, keep its last words."""
        left_s = min(self._bounds.stall_s - stalled_s, self._bounds.wall_s - self._waited_s)
        if left_s <= 0:
            raise self._too_slow(stalled_s)
        before = time.monotonic()
        for key, _ in self._selector.select(left_s):
            if key.fd == self._in:
                self._write()
            elif key.fd == self._err:
                self._listen()
        self._waited_s += time.monotonic() - before

    def _write(self) -> None:
        try:
            while self._pending is not None:
                written = os.write(self._in, self._pending)
                rest = self._pending[written:]
                self._pending = rest if rest.nbytes else next(self._queue, None)
        except BlockingIOError:
            return
        except BrokenPipeError:
            self._pending = None
        self._selector.unregister(self._in)

    def _listen(self) -> None:
        with contextlib.suppress(BlockingIOError):
            data = os.read(self._err, STDERR_BYTES)
            self._stderr = (self._stderr + data)[-STDERR_BYTES:]
            if not data:
                with contextlib.suppress(KeyError):
                    self._selector.unregister(self._err)

    def _too_slow(self, stalled_s: float) -> AuditError:
        if stalled_s >= self._bounds.stall_s:
            return MediaLimitExceeded(
                f"Reading the file made no progress for {self._bounds.stall_s:g} s and was "
                "stopped. Re-encode the file, or raise FAIRWITNESS_LIMITS__STALL_S."
            )
        return MediaLimitExceeded(
            f"Reading the file took longer than {self._bounds.wall_s:g} s and was stopped. "
            "Give a shorter file, or raise FAIRWITNESS_LIMITS__WALL_S."
        )

    def _refusal(self, code: str, text: str) -> AuditError:
        words = "".join(c if c.isprintable() else " " for c in text)[:TEXT_CHARACTERS]
        if code == "memory":
            return self._out_of_memory()
        if code == "limit":
            return MediaLimitExceeded(words)
        return MediaUnreadable(words)

    def _out_of_memory(self) -> AuditError:
        return MediaLimitExceeded(
            f"Reading the file needed more than {self._bounds.memory_mb} MiB of memory and was "
            "stopped. Give a file with smaller frames, or raise FAIRWITNESS_LIMITS__MEMORY_MB."
        )

    def _failure(self) -> AuditError:
        """Why the subprocess ended without a closing message."""
        try:
            code = self._process.wait(timeout=self._bounds.stall_s)
        except subprocess.TimeoutExpired:
            return SandboxFailed("The decoding process closed its pipe and went on running.")
        for _ in range(STDERR_BYTES):
            before = len(self._stderr)
            self._listen()
            if len(self._stderr) == before:
                break
        if code == -signal.SIGXCPU:
            return MediaLimitExceeded(
                f"Reading the file needed more than {self._bounds.cpu_s:.0f} CPU seconds and was "
                "stopped. Re-encode the file, or raise FAIRWITNESS_LIMITS__CPU_S_PER_MINUTE."
            )
        if code == -signal.SIGKILL:
            return MediaLimitExceeded(
                "The system stopped the process that read the file, probably for lack of memory."
            )
        words = self._stderr.decode("utf-8", "replace").strip()
        last = words.splitlines()[-1][:TEXT_CHARACTERS] if words else ""
        if "MemoryError" in last or "Cannot allocate memory" in last:
            return self._out_of_memory()
        if code < 0:
            name = signal.Signals(-code).name if -code in signal.valid_signals() else str(code)
            return MediaUnreadable(
                f"The decoder crashed on the file ({name}). Re-encode the file and try again."
            )
        return SandboxFailed(f"The decoding process ended with code {code}: {last or 'no message'}")

    def end(self) -> None:
        """Kill the subprocess if it still runs, and reap it."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._close_pipes()

    def _close_pipes(self) -> None:
        self._selector.close()
        self._shared.close()
        for fd in (self._out, self._err, self._in, self._free):
            with contextlib.suppress(OSError):
                os.close(fd)
        self._out = self._err = self._in = self._free = -1


class _Shared:
    """Slots of memory that the subprocess writes and this process copies from.

    `size` is 0 where none is wanted or the system has no anonymous files.
    """

    def __init__(self, slot_bytes: int) -> None:
        self.fd = -1
        self.size = 0
        create = getattr(os, "memfd_create", None)
        if slot_bytes and create is not None:
            self.size = SLOTS * slot_bytes
            self.fd = create("fairwitness-frames")
            os.truncate(self.fd, self.size)
            self._map = mmap.mmap(self.fd, self.size)
            self._slots = np.frombuffer(self._map, dtype=np.uint8).reshape(SLOTS, slot_bytes)

    def take(self, slot: int, size: int) -> NDArray[np.uint8]:
        """A copy of the first `size` bytes of a slot."""
        if not (self.size and 0 <= slot < SLOTS and size <= self._slots.shape[1]):
            raise SandboxFailed("The decoding process named memory that it does not have.")
        return self._slots[slot, :size].copy()

    def close(self) -> None:
        """Give the memory back."""
        if self.size:
            del self._slots
            self._map.close()
            os.close(self.fd)
            self.size = 0


def _search_path() -> list[str]:
    """Where the subprocess finds modules: as here, without the working directory's short form."""
    root = str(Path(__file__).resolve().parent.parent)
    return list(dict.fromkeys([root, *(p for p in sys.path if p)]))


def _widen(fd: int) -> None:
    setting = getattr(fcntl, "F_SETPIPE_SZ", None)
    if setting is not None:
        with contextlib.suppress(OSError):
            fcntl.fcntl(fd, setting, PIPE_BYTES)
