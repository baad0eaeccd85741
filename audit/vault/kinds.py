"""What content is, from its first bytes: the containers and images that the product reads, by the
names that libav's demuxers have, and names for what people send instead.

Nothing is unpacked or decoded here. Whether a recording can be read to its end, the check says.
"""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from audit.errors import MediaTypeRefused
from audit.vault.names import extension

SNIFF_BYTES = 1 << 16
"""First bytes that decide; fewer only where the whole file is shorter."""


@dataclass(frozen=True, slots=True)
class Content:
    """What the first bytes say.

    Attributes:
        families: what it may be; more than one where a tag hides the sound behind it.
        media_type: the usual media type. text: in words.
    """

    families: frozenset[str]
    media_type: str
    text: str


def content_of(head: bytes) -> Content:
    """What content with these first bytes is.

    Raises:
        MediaTypeRefused: no format that this product reads.
    """
    for recognise in _RECOGNISERS:
        found = recognise(head)
        if found is not None:
            families, media_type, text = found
            return Content(frozenset(families.split()), media_type, text)
    raise MediaTypeRefused(
        f"The content is {_other(head)}, not a recording that can be read. Give a video, audio or "
        "image file in its own format, not packed into another."
    )


def agreed_type(head: bytes, declared: str | None, name: str) -> str:
    """The media type of content whose declared type and name's extension do not contradict it.

    Raises:
        MediaTypeRefused: it is no media, or one of them does.
    """
    content = content_of(head)
    wanted = declared_type(declared, name)
    for said, families in wanted:
        if not families & content.families:
            raise MediaTypeRefused(
                f"The content is {content.text}, but the upload says {said}. Send the file that "
                "was meant, or say what it is."
            )
    types = [said for said, _ in wanted if "/" in said]
    return types[0] if types else content.media_type


def declared_type(declared: str | None, name: str) -> list[tuple[str, frozenset[str]]]:
    """What type and extension say, as far as they say anything, before any byte has come.

    Raises:
        MediaTypeRefused: one of them names something that is not media that can be read.
    """
    wanted = []
    media_type = (declared or "").partition(";")[0].strip().lower()
    if media_type not in ("", "application/octet-stream"):
        wanted.append((media_type, _families(TYPES.get(media_type), "media type", media_type)))
    suffix = extension(name)
    if suffix in SUFFIXES or suffix in _other_suffixes():
        wanted.append((suffix, _families(SUFFIXES.get(suffix), "file name extension", suffix)))
    return wanted


def suffix(media_type: str) -> str:
    """A usual extension of a media type, with its dot; "" where it has none."""
    families = set(TYPES.get(media_type, "").split())
    kind = media_type.partition("/")[0]
    for name, (family, kinds) in _SUFFIX_TABLE.items():
        if families & set(family.split()) and kind in kinds.split():
            return name
    return ""


def _families(found: str | None, what: str, said: str) -> frozenset[str]:
    if found is None:
        shown = "".join(c for c in said if c.isprintable())[:60]
        raise MediaTypeRefused(
            f"The {what} '{shown}' is none of media that can be read. Give a video, audio or image "
            "file."
        )
    return frozenset(found.split())


_Found = tuple[str, str, str] | None


def _iso(head: bytes) -> _Found:
    """ISO/IEC 14496-12 files and QuickTime: a size and the name of a first box."""
    size, name = int.from_bytes(head[:4], "big"), head[4:8]
    if name == b"ftyp" and size >= 16:
        return _BRANDS.get(head[8:12]) or _BRANDS.get(head[8:11], _MP4)
    if name in (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot") and (size >= 8 or size < 2):
        return _QUICKTIME
    return None


_MP4: tuple[str, str, str] = ("mov", "video/mp4", "an MP4 file")
_QUICKTIME: tuple[str, str, str] = ("mov", "video/quicktime", "a QuickTime file")
_BRANDS: dict[bytes, tuple[str, str, str]] = {
    b"qt  ": _QUICKTIME,
    b"M4A ": ("mov", "audio/mp4", "an M4A file"),
    b"M4B ": ("mov", "audio/mp4", "an M4A file"),
    b"3gp": ("mov", "video/3gpp", "a 3GP file"),
    b"3g2": ("mov", "video/3gpp2", "a 3GP2 file"),
    b"avif": ("mov", "image/avif", "an AVIF image"),
    b"avis": ("mov", "image/avif", "an AVIF image"),
    b"heic": ("mov", "image/heic", "a HEIC image"),
    b"heix": ("mov", "image/heic", "a HEIC image"),
    b"mif1": ("mov", "image/heif", "a HEIF image"),
}


def _matroska(head: bytes) -> _Found:
    if not head.startswith(b"\x1aE\xdf\xa3"):
        return None
    found = re.search(rb"\x42\x82[\x81-\x88](webm|matroska)", head[:128])
    if found is None:
        return None
    if found.group(1) == b"webm":
        return "matroska", "video/webm", "a WebM file"
    return "matroska", "video/x-matroska", "a Matroska file"


def _riff(head: bytes) -> _Found:
    if head[:4] not in (b"RIFF", b"RF64", b"BW64"):
        return None
    return {
        b"AVI ": ("avi", "video/x-msvideo", "an AVI file"),
        b"WAVE": ("wav", "audio/wav", "a WAV file"),
        b"WEBP": ("webp_pipe", "image/webp", "a WebP image"),
    }.get(head[8:12])


def _aiff(head: bytes) -> _Found:
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return "aiff", "audio/aiff", "an AIFF file"
    return None


def _magic(head: bytes) -> _Found:
    for start, found in _MAGICS.items():
        if head.startswith(start):
            return found
    return None


_MAGICS: dict[bytes, tuple[str, str, str]] = {
    b"OggS": ("ogg", "audio/ogg", "an Ogg file"),
    b"fLaC": ("flac", "audio/flac", "a FLAC file"),
    b"caff\0\1": ("caf", "audio/x-caf", "a CAF file"),
    b"FLV\1": ("flv", "video/x-flv", "an FLV file"),
    b"#!AMR\n": ("amr", "audio/amr", "an AMR file"),
    b"#!AMR-WB\n": ("amr", "audio/amr-wb", "an AMR file"),
    b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb": ("w64", "audio/x-w64", "a Wave64 file"),
    b"\0\0\1\xba": ("mpeg", "video/mpeg", "an MPEG program stream"),
    b"\0\0\1\xb3": ("mpegvideo", "video/mpeg", "MPEG video"),
    b"\xff\xd8\xff": ("jpeg_pipe", "image/jpeg", "a JPEG image"),
    b"\x89PNG\r\n\x1a\n": ("png_pipe apng", "image/png", "a PNG image"),
    b"GIF87a": ("gif", "image/gif", "a GIF image"),
    b"GIF89a": ("gif", "image/gif", "a GIF image"),
    b"II*\0": ("tiff_pipe", "image/tiff", "a TIFF image"),
    b"MM\0*": ("tiff_pipe", "image/tiff", "a TIFF image"),
}


def _bmp(head: bytes) -> _Found:
    """`BM` alone is too little: the size of the second header follows at byte 14."""
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in (
        12,
        40,
        52,
        56,
        64,
        108,
        124,
    ):
        return "bmp_pipe", "image/bmp", "a BMP image"
    return None


def _netpbm(head: bytes) -> _Found:
    found = re.match(rb"P([1-7])\s+(?:#[^\n]*\n\s*)*(?:\d+\s+\d+|WIDTH)", head[:512])
    if found is None:
        return None
    family = {b"1": "pbm", b"4": "pbm", b"2": "pgm", b"5": "pgm", b"7": "pam"}
    name = family.get(found.group(1), "ppm")
    return f"{name}_pipe", "image/x-portable-anymap", "a Netpbm image"


def _transport(head: bytes) -> _Found:
    """ISO/IEC 13818-1: packets of 188 bytes (192 or 204 with extras), each starting with 0x47."""
    for size, start in ((188, 0), (192, 4), (204, 0)):
        marks = head[start : start + 5 * size : size]
        if marks == b"\x47" * 5:
            return "mpegts", "video/mp2t", "an MPEG transport stream"
    return None


def _tagged(head: bytes) -> _Found:
    """ID3v2 tags stand before MP3, and some writers put them before AAC and FLAC."""
    if not head.startswith(b"ID3") or len(head) < 10:
        return None
    a, b, c, d = head[6:10]
    behind = head[10 + (a << 21 | b << 14 | c << 7 | d) :].lstrip(b"\0")
    if not behind:
        return "mp3 aac flac", "audio/mpeg", "sound behind an ID3 tag"
    return _frames(behind) or _magic(behind)


def _frames(head: bytes) -> _Found:
    """Two MPEG audio or ADTS frames, one right behind the other."""
    for length, found in (
        (_adts_length, ("aac", "audio/aac", "AAC sound")),
        (_mpeg_length, ("mp3", "audio/mpeg", "MP3 sound")),
    ):
        first = length(head)
        if first and length(head[first:]):
            return found
    return None


def _adts_length(head: bytes) -> int:
    """Bytes of an ADTS frame (ISO/IEC 13818-7), or 0."""
    if len(head) < 7 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0 or head[2] >> 2 & 15 > 12:
        return 0
    length = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    return length if length > 7 else 0


def _mpeg_length(head: bytes) -> int:
    """Bytes of an MPEG audio frame (ISO/IEC 11172-3, 13818-3), or 0."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return 0
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    rate_at, sampling = head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or layer == 4 or rate_at in (0, 15) or sampling == 3:
        return 0
    kbits = _KBITS[version == 3, layer][rate_at - 1]
    hertz = (44100, 48000, 32000)[sampling] >> {3: 0, 2: 1, 0: 2}[version]
    padding = head[2] >> 1 & 1
    if layer == 1:
        return (12_000 * kbits // hertz + padding) * 4
    return (72_000 if layer == 3 and version != 3 else 144_000) * kbits // hertz + padding


_LOW_1 = (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256)
_LOW_23 = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_KBITS: dict[tuple[bool, int], tuple[int, ...]] = {
    (True, 1): tuple(range(32, 449, 32)),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): _LOW_1,
    (False, 2): _LOW_23,
    (False, 3): _LOW_23,
}
"""Bit rates by (MPEG-1, layer) and the header's number less one."""


_RECOGNISERS: tuple[Callable[[bytes], _Found], ...] = (
    _iso,
    _matroska,
    _riff,
    _aiff,
    _magic,
    _tagged,
    _transport,
    _frames,
    _bmp,
    _netpbm,
)

_OTHERS: tuple[tuple[bytes, str], ...] = (
    (b"PK\3\4", "a ZIP archive or an Office document"),
    (b"PK\5\6", "a ZIP archive"),
    (b"PK\7\x08", "a ZIP archive"),
    (b"\x1f\x8b", "gzip-compressed data"),
    (b"BZh", "bzip2-compressed data"),
    (b"\xfd7zXZ\0", "xz-compressed data"),
    (b"\x28\xb5\x2f\xfd", "zstandard-compressed data"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Office document"),
    (b"%PDF", "a PDF document"),
    (b"{\\rtf", "an RTF document"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"\xca\xfe\xba\xbe", "a program"),
    (b"\xfe\xed\xfa", "a program"),
    (b"\xcf\xfa\xed\xfe", "a program"),
    (b"\xce\xfa\xed\xfe", "a program"),
    (b"\0asm", "a program"),
    (b"#!", "a script"),
    (b"#EXTM3U", "a playlist"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "a Windows Media file"),
)


def _other(head: bytes) -> str:
    for start, text in _OTHERS:
        if head.startswith(start):
            return text
    if head[257:262] == b"ustar":
        return "a tar archive"
    start = head[:512].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"<"):
        return "an HTML or XML document"
    if not head.strip(b"\0"):
        return "nothing but zeros" if head else "empty"
    return "in no known format"


_TYPE_LINES = """
mov: video/mp4 audio/mp4 video/quicktime video/x-m4v audio/x-m4a audio/m4a video/3gpp audio/3gpp
mov: video/3gpp2 audio/3gpp2 image/avif image/heic image/heif application/mp4
matroska: video/webm audio/webm video/x-matroska audio/x-matroska video/matroska audio/matroska
avi: video/x-msvideo video/avi video/msvideo video/vnd.avi
mpeg mpegvideo mpegts: video/mpeg
mpegts: video/mp2t
wav w64: audio/wav audio/x-wav audio/wave audio/vnd.wave
w64: audio/x-w64
mp3: audio/mpeg audio/mp3
aac: audio/aac audio/x-aac audio/aacp
ogg: audio/ogg video/ogg application/ogg audio/opus audio/vorbis
flac: audio/flac audio/x-flac
amr: audio/amr audio/amr-wb
aiff: audio/aiff audio/x-aiff
caf: audio/x-caf
flv: video/x-flv
jpeg_pipe: image/jpeg image/jpg
png_pipe apng: image/png image/apng
webp_pipe: image/webp
tiff_pipe: image/tiff
bmp_pipe: image/bmp image/x-ms-bmp
gif: image/gif
pgm_pipe ppm_pipe pbm_pipe pam_pipe: image/x-portable-anymap image/x-portable-pixmap
pgm_pipe: image/x-portable-graymap
pbm_pipe: image/x-portable-bitmap
"""

_SUFFIX_TABLE: dict[str, tuple[str, str]] = {
    ".mp4": ("mov", "video application"),
    ".m4a": ("mov", "audio"),
    ".avif": ("mov", "image"),
    ".webm": ("matroska", "video audio"),
    ".avi": ("avi", "video"),
    ".mpg": ("mpeg mpegvideo mpegts", "video"),
    ".wav": ("wav", "audio"),
    ".w64": ("w64", "audio"),
    ".mp3": ("mp3", "audio"),
    ".aac": ("aac", "audio"),
    ".ogg": ("ogg", "audio video application"),
    ".flac": ("flac", "audio"),
    ".amr": ("amr", "audio"),
    ".aiff": ("aiff", "audio"),
    ".caf": ("caf", "audio"),
    ".flv": ("flv", "video"),
    ".jpg": ("jpeg_pipe", "image"),
    ".png": ("png_pipe apng", "image"),
    ".webp": ("webp_pipe", "image"),
    ".tiff": ("tiff_pipe", "image"),
    ".bmp": ("bmp_pipe", "image"),
    ".gif": ("gif", "image"),
    ".pnm": ("pgm_pipe ppm_pipe pbm_pipe pam_pipe", "image"),
}
"""The extension that a decrypted file gets, by family and the first half of its media type."""

_MORE_SUFFIXES = {
    "mov": ".mov .m4v .m4b .3gp .3gpp .3g2 .qt .mj2 .heic .heif",
    "matroska": ".mkv .mka",
    "mpeg mpegvideo mpegts": ".mpeg .m2v .vob",
    "mpegts": ".ts .m2ts .mts",
    "wav w64": ".wave",
    "ogg": ".oga .ogv .opus .spx",
    "aiff": ".aif .aifc",
    "jpeg_pipe": ".jpeg .jpe",
    "png_pipe apng": ".apng",
    "tiff_pipe": ".tif",
    "pgm_pipe": ".pgm",
    "ppm_pipe": ".ppm",
    "pbm_pipe": ".pbm",
    "pam_pipe": ".pam",
}

TYPES: dict[str, str] = {
    media_type: line.partition(":")[0]
    for line in _TYPE_LINES.split("\n")
    for media_type in line.partition(":")[2].split()
}
"""Families by media type."""

SUFFIXES: dict[str, str] = {name: family for name, (family, _) in _SUFFIX_TABLE.items()} | {
    name: family for family, names in _MORE_SUFFIXES.items() for name in names.split()
}
"""Families by extension."""


@lru_cache(maxsize=1)
def _other_suffixes() -> frozenset[str]:
    """Extensions that the standard library knows, without what the system adds, and of archives."""
    known = mimetypes.MimeTypes(filenames=()).types_map[True]
    more = (
        ".gz .bz2 .xz .zst .7z .rar .tgz .docx .xlsx .pptx .odt .ods .apk .iso .dmg .msi .cmd .ps1"
    )
    return frozenset(known) | frozenset(more.split())
