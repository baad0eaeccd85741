"""The call filter's program, run in a model of the kernel's machine, and libav's small helpers."""

from __future__ import annotations

import math
import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.confined import libav, lockdown
from audit.confined.channel import HEAD, INLINE, PipeChannel, Refused
from audit.confined.entry import SourceFile, serve
from tests.audit.in_process import Inbox

X86, ARM = lockdown.ARCHITECTURES["x86_64"], lockdown.ARCHITECTURES["aarch64"]


def verdict(program: bytes, audit_arch: int, number: int, first: int = 0) -> int:
    """What the program says to a call (classic BPF as in <linux/filter.h>)."""
    data = struct.pack("=iIQQ", number, audit_arch, 0, first)
    accumulator = place = 0
    while True:
        code, if_true, if_false, k = struct.unpack_from("=HBBI", program, place * 8)
        place += 1
        if code == lockdown.RETURN:
            return int(k)
        if code == lockdown.LOAD:
            accumulator = struct.unpack_from("=I", data, k)[0]
        elif code == lockdown.EQUAL:
            place += if_true if accumulator == k else if_false
        else:
            assert code == lockdown.ANY_BIT
            place += if_true if accumulator & k else if_false


@pytest.mark.parametrize("architecture", [X86, ARM])
def test_only_what_is_listed_passes(architecture: tuple[int, int]) -> None:
    arch, column = architecture
    program = lockdown.filter_program(arch, column, pid=4242)
    listed = {numbers[column] for numbers in lockdown.SYSCALLS.values()} - {None}
    special = {lockdown.CLONE[column], lockdown.CLONE3[column], lockdown.TGKILL[column]}
    for number in range(500):
        if number in special:
            continue
        expected = lockdown.ALLOW if number in listed else lockdown.DENY
        assert verdict(program, arch, number) == expected


@pytest.mark.parametrize("architecture", [X86, ARM])
def test_threads_yes_processes_no_signals_to_itself_only(architecture: tuple[int, int]) -> None:
    arch, column = architecture
    program = lockdown.filter_program(arch, column, pid=4242)
    clone, tgkill = lockdown.CLONE[column], lockdown.TGKILL[column]
    assert verdict(program, arch, clone, 0x3D0F00) == lockdown.ALLOW
    assert verdict(program, arch, clone, 17) == lockdown.DENY
    assert verdict(program, arch, lockdown.CLONE3[column]) == lockdown.NO_SYSCALL
    assert verdict(program, arch, tgkill, 4242) == lockdown.ALLOW
    assert verdict(program, arch, tgkill, 1) == lockdown.DENY


def test_another_architecture_is_killed() -> None:
    program = lockdown.filter_program(*X86, pid=1)
    assert verdict(program, 0x40000003, 0) == lockdown.KILL
    assert verdict(program, X86[0], 0x40000000 | 2) == lockdown.DENY


def matrix(turns: int, mirrored: bool) -> bytes:
    """A libav display matrix: mirrored left to right, then turned clockwise."""
    angle = math.radians(90 * turns)
    a, b = round(math.cos(angle)), round(math.sin(angle))
    c, d = -b, a
    if mirrored:
        a, b = -a, -b
    return struct.pack("=9i", *(v << 16 for v in (a, b, 0, c, d, 0, 0, 0)), 1 << 30)


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("mirrored", [False, True])
def test_display_matrices(turns: int, mirrored: bool) -> None:
    assert libav.matrix_turn(matrix(turns, mirrored)) == (turns, mirrored)


@given(st.binary(min_size=30, max_size=40))
def test_any_matrix_gives_a_turn_or_none(data: bytes) -> None:
    turn = libav.matrix_turn(data)
    assert turn is None or turn[0] in range(4)


def test_the_source_reads_like_a_file(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("source") / "a"
    path.write_bytes(bytes(range(100)))
    fd = os.open(path, os.O_RDONLY)
    try:
        source = SourceFile(fd)
        assert source.readable() and source.seekable()
        assert source.read(3) == bytes([0, 1, 2])
        assert source.seek(-2, os.SEEK_END) == 98
        assert source.read() == bytes([98, 99])
        assert source.read(5) == b""
        assert source.seek(10) == 10
        assert source.seek(5, os.SEEK_CUR) == source.tell() == 15
        buffer = bytearray(4)
        assert source.readinto(buffer) == 4
        assert buffer == bytes([15, 16, 17, 18])
    finally:
        os.close(fd)


def test_messages_cross_a_pipe() -> None:
    read_fd, write_fd = os.pipe()
    channel = PipeChannel(read_fd, write_fd)
    channel.send({"kind": "a", "n": 1}, b"12", bytearray(b"34"))
    assert channel.receive() == ({"kind": "a", "n": 1}, b"1234")
    os.close(write_fd)
    with pytest.raises(EOFError):
        channel.receive()
    os.close(read_fd)
    assert HEAD.unpack(HEAD.pack(1, INLINE, 2)) == (1, -1, 2)


def test_work_closes_with_one_word() -> None:
    def refuse() -> None:
        raise Refused("limit", "too much")

    def exhaust() -> None:
        raise MemoryError

    box = Inbox()
    serve(lambda: None, box)
    serve(refuse, box)
    serve(exhaust, box)
    assert [h["kind"] for h in box.headers] == ["end", "refused", "refused"]
    assert [h.get("code") for h in box.headers] == [None, "limit", "memory"]


def test_the_subprocess_imports_neither_numpy_nor_the_product() -> None:
    """Start-up time of every pass, and what a hostile file could reach."""
    script = (
        "import sys; sys.path[:] = sys.argv[1].split(':'); "
        "import audit.confined.entry, audit.confined.headers, audit.confined.sound, "
        "audit.confined.frames; print(*sys.modules)"
    )
    path = ":".join([str(Path(__file__).parents[2]), *(p for p in sys.path if p)])
    command = [sys.executable, "-I", "-S", "-c", script, path]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "cv2", "pydantic", "audit.errors", "audit.facts"} & set(loaded)
    ours = {name for name in loaded if name.startswith("audit")}
    assert all(name == "audit" or name.startswith("audit.confined") for name in ours)
