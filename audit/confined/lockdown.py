"""Taking rights away from this process before it touches a hostile file.

Order: die with the parent, bound resources, import everything, then forbid new descriptors and all
but a few system calls. Where the system offers less (macOS has no seccomp), the limits it
does offer still hold, and `Lockdown` says which.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import struct
import sys

PR_SET_PDEATHSIG = 1
PR_SET_SECCOMP = 22
PR_SET_NO_NEW_PRIVS = 38
SECCOMP_MODE_FILTER = 2

LOAD, EQUAL, ANY_BIT, RETURN = 0x20, 0x15, 0x45, 0x06
ALLOW, DENY, NO_SYSCALL, KILL = 0x7FFF0000, 0x00050001, 0x00050026, 0x80000000
"""Actions of <linux/seccomp.h>: allow, fail with EPERM, fail with ENOSYS, kill the process."""

CLONE_THREAD = 0x00010000

ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
"""`AUDIT_ARCH_*` of <linux/audit.h> and the column of `SYSCALLS`."""

SYSCALLS: dict[str, tuple[int | None, int | None]] = {
    "read": (0, 63),
    "write": (1, 64),
    "close": (3, 57),
    "fstat": (5, 80),
    "poll": (7, None),
    "lseek": (8, 62),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "munmap": (11, 215),
    "brk": (12, 214),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "pread64": (17, 67),
    "readv": (19, 65),
    "writev": (20, 66),
    "sched_yield": (24, 124),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "nanosleep": (35, 101),
    "getpid": (39, 172),
    "exit": (60, 93),
    "gettimeofday": (96, 169),
    "getrusage": (98, 165),
    "times": (100, 153),
    "getppid": (110, 173),
    "sigaltstack": (131, 132),
    "gettid": (186, 178),
    "time": (201, None),
    "futex": (202, 98),
    "sched_getaffinity": (204, 123),
    "set_tid_address": (218, 96),
    "restart_syscall": (219, 128),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115),
    "exit_group": (231, 94),
    "ppoll": (271, 73),
    "set_robust_list": (273, 99),
    "getrandom": (318, 278),
    "membarrier": (324, 283),
    "rseq": (334, 293),
}
"""What a decoder may ask of the kernel: numbers on x86-64 (asm/unistd_64.h) and AArch64
(asm-generic/unistd.h). Everything else fails with EPERM: no file, socket, process or signal."""

CLONE = (56, 220)
CLONE3 = (435, 435)
TGKILL = (234, 131)


def die_with(parent: int) -> None:
    """End this process when the parent (process id) ends, also where that happened just now."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def bound(memory_bytes: int, cpu_s: int) -> None:
    """Limit address space and CPU time, forbid core files and writing to files."""
    _limit("RLIMIT_AS", memory_bytes, memory_bytes)
    _limit("RLIMIT_CPU", cpu_s, cpu_s + 5)
    _limit("RLIMIT_CORE", 0, 0)
    _limit("RLIMIT_FSIZE", 0, 0)


def close_doors() -> bool:
    """Forbid new descriptors and needless system calls. True where the call filter is in force."""
    _limit("RLIMIT_NOFILE", 0, 0)
    _prctl(PR_SET_NO_NEW_PRIVS, 1)
    architecture = ARCHITECTURES.get(os.uname().machine)
    if sys.platform != "linux" or architecture is None:
        return False
    program = filter_program(*architecture, pid=os.getpid())
    count = len(program) // 8
    code = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxP", count, ctypes.addressof(code))
    return _prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.c_char_p(header))


def filter_program(audit_arch: int, column: int, *, pid: int) -> bytes:
    """The classic BPF program of the call filter, for one architecture.

    Threads may be started (some libraries need them), processes not; signals may go to this
    process alone (`abort` needs that).
    """
    rows = [(LOAD, 0, 0, 4), (EQUAL, 1, 0, audit_arch), (RETURN, 0, 0, KILL), (LOAD, 0, 0, 0)]
    for numbers in SYSCALLS.values():
        number = numbers[column]
        if number is not None:
            rows += [(EQUAL, 0, 1, number), (RETURN, 0, 0, ALLOW)]
    rows += [(EQUAL, 0, 1, CLONE3[column]), (RETURN, 0, 0, NO_SYSCALL)]
    rows += _when(CLONE[column], (ANY_BIT, 0, 1, CLONE_THREAD))
    rows += _when(TGKILL[column], (EQUAL, 0, 1, pid))
    rows.append((RETURN, 0, 0, DENY))
    return b"".join(struct.pack("HBBI", *row) for row in rows)


def _when(number: int, test: tuple[int, int, int, int]) -> list[tuple[int, int, int, int]]:
    """Allow call `number` when `test` holds for the low half of its first argument."""
    return [
        (EQUAL, 0, 4, number),
        (LOAD, 0, 0, 16),
        test,
        (RETURN, 0, 0, ALLOW),
        (RETURN, 0, 0, DENY),
    ]


def _limit(name: str, soft: int, hard: int) -> None:
    kind = getattr(resource, name, None)
    if kind is None:
        return
    _, ceiling = resource.getrlimit(kind)
    if ceiling != resource.RLIM_INFINITY:
        soft, hard = min(soft, ceiling), min(hard, ceiling)
    # macOS refuses some limits; those that hold are still worth having.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(kind, (soft, hard))


def _prctl(option: int, *arguments: object) -> bool:
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    values = [ctypes.c_ulong(a) if isinstance(a, int) else a for a in arguments]
    values += [ctypes.c_ulong(0)] * (4 - len(values))
    return bool(libc.prctl(option, *values) == 0)
