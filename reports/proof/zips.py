"""Zip archives: written so that they repeat byte for byte, read so that nothing can hide in them.

Only what our own writers make is read: members one after the other from the first byte, then the
directory, then the end with its comment; stored or deflated, without extra fields, encryption,
links, folders or names that lead elsewhere. Everything is bounded before it is unpacked.
"""

from __future__ import annotations

import re
import stat
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from audit.errors import ProofUnreadable

MOST_MEMBERS = 5000
MOST_BYTES = 512 << 20
"""Of all members together, unpacked."""

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_STORED, _DEFLATED = 0, 8
_DAY = 0x21  # 1 January 1980, the first day that the format can write
_UTF8 = 0x800
_NAME = re.compile(r"[^\x00-\x1f\x7f/\\:]{1,120}(/[^\x00-\x1f\x7f/\\:]{1,120}){0,7}")


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive: where it begins, where its bytes are, and how they are packed."""

    name: str
    header: int
    start: int
    packed: int
    size: int
    method: int
    crc: int

    @property
    def end(self) -> int:
        """The position after its last byte."""
        return self.start + self.packed


def write_zip(members: Mapping[str, bytes]) -> bytes:
    """An archive of these members in this order, stored as they are, all of one date.

    Not packed: other versions of the packer write other bytes.
    """
    body, directory = bytearray(), bytearray()
    for name, data in members.items():
        title, crc, at = name.encode(), zlib.crc32(data), len(body)
        common = (20, _UTF8, _STORED, 0, _DAY, crc, len(data), len(data), len(title), 0)
        body += _LOCAL.pack(b"PK\x03\x04", *common) + title + data
        directory += _CENTRAL.pack(
            b"PK\x01\x02", 0x0314, *common, 0, 0, 0, (stat.S_IFREG | 0o644) << 16, at
        )
        directory += title
    count = len(members)
    end = _END.pack(b"PK\x05\x06", 0, 0, count, count, len(directory), len(body), 0)
    return bytes(body + directory + end)


def layout(data: bytes) -> list[Member]:
    """The members of an archive in their order, nothing unpacked.

    Raises:
        ProofUnreadable: it is no archive of the form above; the message names member and field.
    """
    found, at = [], 0
    entries, place = _directory(data)
    for count, (name, fields) in enumerate(entries):
        member = _member(data, name, fields, at)
        if count >= MOST_MEMBERS:
            raise ProofUnreadable(f"the archive has more than {MOST_MEMBERS} members")
        found.append(member)
        at = member.end
    if at != place:
        raise ProofUnreadable("the archive has bytes between its last member and its directory")
    names = [member.name.casefold() for member in found]
    if len(set(names)) != len(names):
        raise ProofUnreadable("the archive has two members of one name")
    if sum(member.size for member in found) > MOST_BYTES:
        raise ProofUnreadable(f"the archive unpacks to more than {MOST_BYTES >> 20} MiB")
    return found


def read_zip(data: bytes, *, stored: bool = False) -> dict[str, bytes]:
    """All members. `stored`: refuse packed ones. Raises `ProofUnreadable`."""
    found = layout(data)
    if stored and any(member.method != _STORED for member in found):
        raise ProofUnreadable("the archive has packed members; ours are stored as they are")
    return {member.name: unpacked(data, member) for member in found}


def unpacked(data: bytes, member: Member) -> bytes:
    """The bytes of one member. Raises `ProofUnreadable` where they are not what its header says."""
    held = data[member.start : member.end]
    if member.method == _DEFLATED:
        held = _inflated(held, member)
    if len(held) != member.size or zlib.crc32(held) != member.crc:
        raise ProofUnreadable(f"the member {member.name} does not have its checksum")
    return held


def _inflated(held: bytes, member: Member) -> bytes:
    reader = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        made = reader.decompress(held, member.size + 1)
    except zlib.error:
        raise ProofUnreadable(f"the member {member.name} cannot be unpacked") from None
    if not reader.eof or reader.unused_data:
        raise ProofUnreadable(f"the member {member.name} does not end where its header says")
    return made


def bare(data: bytes) -> bytes:
    """An archive without its comment, whatever length it has; other bytes are left as they are."""
    end = data.rfind(b"PK\x05\x06", max(0, len(data) - _END.size - 0xFFFF))
    if end < 0 or len(data) < end + _END.size:
        return data
    return data[: end + _END.size - 2] + b"\0\0"


def first_damaged(data: bytes) -> str:
    """The first member that is not whole, going from header to header; "" where none is found."""
    at = 0
    while data[at : at + 4] == b"PK\x03\x04" and at + _LOCAL.size <= len(data):
        fields = _LOCAL.unpack_from(data, at)
        method, crc, packed, size, length, extra = fields[3], *fields[6:]
        name = data[at + _LOCAL.size : at + _LOCAL.size + length].decode("utf-8", "replace")
        start = at + _LOCAL.size + length + extra
        at = start + packed
        held = data[start:at]
        sound = method != _STORED or (len(held) == size and zlib.crc32(held) == crc)
        if not sound or data[at : at + 4] not in (b"PK\x03\x04", b"PK\x01\x02"):
            return name[:120]
    return ""


_Fields = tuple[int, ...]


def _directory(data: bytes) -> tuple[list[tuple[str, _Fields]], int]:
    """Names and fields of the directory's entries, and where it begins."""
    end = data.rfind(b"PK\x05\x06", max(0, len(data) - _END.size - 0xFFFF))
    if end < 0 or len(data) < end + _END.size:
        raise ProofUnreadable("the archive has no end")
    _, disk, first, here, count, size, place, comment = _END.unpack_from(data, end)
    if (disk, first) != (0, 0) or here != count or place + size != end:
        raise ProofUnreadable("the archive's end does not fit its directory")
    if end + _END.size + comment != len(data):
        raise ProofUnreadable("the archive's comment does not have its length")
    entries, at = [], place
    for _ in range(count):
        if at + _CENTRAL.size > end:
            raise ProofUnreadable("the archive's directory is cut off")
        mark, *fields = _CENTRAL.unpack_from(data, at)
        if mark != b"PK\x01\x02":
            raise ProofUnreadable("the archive's directory is not well formed")
        at += _CENTRAL.size
        title = data[at : at + fields[9]]
        at += fields[9]
        entries.append((_name(title), tuple(fields)))
    if at != end:
        raise ProofUnreadable("the archive's directory is not as long as it says")
    return entries, place


def _name(title: bytes) -> str:
    try:
        name = title.decode("utf-8")
    except UnicodeDecodeError:
        raise ProofUnreadable("the archive has a name that is no UTF-8") from None
    steps = name.split("/")
    if not _NAME.fullmatch(name) or any(step.strip(". ") == "" for step in steps):
        raise ProofUnreadable(f"the archive has a member whose name leads elsewhere: {name[:80]!r}")
    return name


def _member(data: bytes, name: str, fields: _Fields, at: int) -> Member:
    """The member that has to begin at `at`."""
    _made, needed, flags, method, time, date, crc, packed, size, length = fields[:10]
    extra, comment, disk, _internal, external, place = fields[10:]
    kind = stat.S_IFMT(external >> 16)
    if kind not in (0, stat.S_IFREG) or external & 0x10:
        raise ProofUnreadable(f"the member {name} is no plain file")
    if extra or comment or disk or flags & ~_UTF8 or method not in (_STORED, _DEFLATED):
        raise ProofUnreadable(f"the member {name} is written in a way that is not read here")
    header = data[at : at + _LOCAL.size]
    wanted = _LOCAL.pack(
        b"PK\x03\x04", needed, flags, method, time, date, crc, packed, size, length, 0
    )
    title = data[at + _LOCAL.size : at + _LOCAL.size + length]
    if place != at or header != wanted or title != name.encode():
        raise ProofUnreadable(f"the member {name} has a header that differs from the directory")
    if method == _STORED and packed != size:
        raise ProofUnreadable(f"the member {name} does not have its size")
    return Member(name, at, at + _LOCAL.size + length, packed, size, method, crc)
