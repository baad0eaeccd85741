"""Archives: ours repeat and read back; hostile ones are refused, bounded, with a name."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib

import pytest

from audit.errors import ProofUnreadable
from reports.proof import zips
from reports.proof.zips import bare, first_damaged, read_zip, write_zip

HELD = {"a.txt": b"one", "folder/b.json": b"{}", "Ä.csv": "ü".encode()}


def other(members: dict[str, bytes], **more: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            for field, value in more.items():
                setattr(info, field, value)
            archive.writestr(info, data)
    return out.getvalue()


def test_ours_read_back_and_repeat() -> None:
    made = write_zip(HELD)
    assert made == write_zip(HELD)
    assert read_zip(made, stored=True) == HELD
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == HELD


def test_packed_archives_of_others_read() -> None:
    made = other({"a.txt": b"one" * 500})
    assert read_zip(made) == {"a.txt": b"one" * 500}
    with pytest.raises(ProofUnreadable, match="packed"):
        read_zip(made, stored=True)


@pytest.mark.parametrize(
    "name", ["../x", "/x", "a//b", "a/../b", "a/./b", "C:x", "a\\b", "folder/", "x\n", ". ", ""]
)
def test_names_that_lead_elsewhere_are_refused(name: str) -> None:
    with pytest.raises(ProofUnreadable, match=r"name|plain file"):
        read_zip(write_zip({name: b"x"}))


def test_two_members_of_one_name_are_refused() -> None:
    with pytest.raises(ProofUnreadable, match="one name"):
        read_zip(write_zip({"report.json": b"x", "Report.JSON": b"y"}))


def test_links_and_encrypted_members_are_refused() -> None:
    link = other({"a": b"/etc/passwd"}, external_attr=(stat.S_IFLNK | 0o777) << 16)
    with pytest.raises(ProofUnreadable, match="plain file"):
        read_zip(link)
    made = bytearray(write_zip({"a": b"x"}))
    made[6] = 1
    made[made.index(b"PK\x01\x02") + 8] = 1
    with pytest.raises(ProofUnreadable, match="not read here"):
        read_zip(bytes(made))


def test_a_bomb_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zips, "MOST_BYTES", 1 << 20)
    with pytest.raises(ProofUnreadable, match="more than 1 MiB"):
        read_zip(other({"a": bytes(2 << 20)}))


def test_a_member_that_unpacks_to_more_than_it_says_is_refused() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(bytes(1 << 20)) + packer.flush()
    small = write_zip({"a": packed})
    lying = bytearray(small)
    for start in (0, small.index(b"PK\x01\x02") + 2):
        struct.pack_into("<H", lying, start + 8, 8)
        struct.pack_into("<L", lying, start + 22, 10)
    with pytest.raises(ProofUnreadable, match="a "):
        read_zip(bytes(lying))


def test_bytes_outside_of_members_are_refused() -> None:
    made = write_zip(HELD)
    at = made.index(b"PK\x01\x02")
    hidden = bytearray(made[:at] + b"hidden" + made[at:])
    struct.pack_into("<L", hidden, len(hidden) - 6, at + 6)
    with pytest.raises(ProofUnreadable, match="between"):
        read_zip(bytes(hidden))
    for broken in (b"x" + made, made[:-1], made[1:], made + b"x", b"", b"PK\x05\x06"):
        with pytest.raises(ProofUnreadable):
            read_zip(broken)


def test_two_entries_over_the_same_bytes_are_refused() -> None:
    made = write_zip({"a": b"x" * 100})
    at = made.index(b"PK\x01\x02")
    entry = made[at:-22]
    twice = (
        made[:at]
        + entry * 2
        + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 2, 2, 2 * len(entry), at, 0)
    )
    with pytest.raises(ProofUnreadable, match="differs from the directory"):
        read_zip(twice)


def test_the_first_damaged_member_is_named() -> None:
    made = write_zip({"a": b"x" * 50, "b": b"y" * 50, "c": b"z" * 50})
    at = made.index(b"yy") + 7
    assert first_damaged(made) == ""
    assert first_damaged(made[:at] + b"!" + made[at + 1 :]) == "b"
    assert first_damaged(made[:at] + made[at + 1 :]) == "b"


def test_an_archive_without_its_comment() -> None:
    made = write_zip(HELD)
    assert bare(made[:-2] + b"\x03\x00abc") == made
    assert bare(made[:-2] + b"\x03\x00") == made
    assert bare(b"nothing") == b"nothing"
