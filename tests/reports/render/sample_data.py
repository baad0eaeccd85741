"""What the sample documents are made of: names, figures, a picture, and sentences over them."""

from __future__ import annotations

import hashlib
import math
import struct
import zlib
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from reports.document import model as m
from reports.document.catalogue import VERSION
from reports.document.pointers import resolve
from reports.document.values import write

RTL_NAMES = ("القبائل العربية", "נשים דתיות מירושלים", "زنان (شاغل)")
LONG_NAMES = (
    "Native Hawaiian or Other Pacific Islander",
    "Donaudampfschifffahrtsgesellschaftskapit",
    "W" * 40,
)
INERT = (
    "</script><script>alert('x')</script>",
    "<img src=x onerror=\"alert('x')\">",
    "\"quoted\" & 'quoted' <!-- comment --> ]]>",
    "javascript:alert(/x/) ${x} {{ x }} {% x %} #set page() \\ *b* _i_ `c`",
    "controls \x01\x07\x0b\x1b\x7f\u0085 end",
    "bidi \u202eevil\u202c \u2066x\u2069 end",
    "separators \u2028 and \u2029 end",
    "combined e\u0301 emoji 👩🏽‍💻 astral 𝔘 Han 漢字かな ไทย हिन्दी",
)
"""Texts that have to stay texts."""


class Maker:
    """Sentences over one set of data."""

    def __init__(self, data: Mapping[str, Any], language: m.Language = "en") -> None:
        self.data = dict(data)
        self.language = language

    def shown(self, at: str, show: str = "text") -> m.Shown:
        """A value as it is written."""
        text = write(resolve(self.data, at), show, self.language)
        return m.Shown(at=at, show=show, text=text)

    def say(self, *pieces: str | tuple[str, str]) -> m.Inline:
        """A sentence; a pair is a pointer and a way of writing."""
        return tuple(p if isinstance(p, str) else self.shown(*p) for p in pieces)

    def document(self, kind: m.Kind, title: str, blocks: list[m.Block], **more: Any) -> m.Document:
        """The document of these data."""
        return m.Document(
            kind=kind,
            id=f"sample-{kind.replace('_', '-')}",
            language=self.language,
            title=(title,),
            issued_at="2026-03-01T09:30:00Z",
            software=m.Software(version="0.1.0", rules=VERSION),
            data=self.data,
            blocks=tuple(blocks),
            **more,
        )


def column(title: str, at: str, show: str = "text", **more: Any) -> m.Column:
    """A column with a plain title."""
    return m.Column(title=(title,), at=at, show=show, **more)


def png(width: int = 160, height: int = 90) -> bytes:
    """A small picture with a gradient, made without a library."""
    rows = b"".join(
        b"\0"
        + b"".join(
            bytes((60 + x * 120 // width, 70 + y * 110 // height, 120)) for x in range(width)
        )
        for y in range(height)
    )
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 0)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )


def attachment() -> m.Attachment:
    """The picture as it belongs to a document."""
    return m.Attachment(
        sha256=hashlib.sha256(png()).hexdigest(),
        media_type="image/png",
        base64=b64encode(png()).decode("ascii"),
    )


GROUPS = (
    ("Women", 410, 82, "adverse"),
    ("Men", 520, 156, None),
    ("Native Hawaiian or Other Pacific Islander", 31, 7, "undetectable"),
    ("Two or More Races", 57, 16, "no_indication"),
    ("Black or African American", 214, 47, "small_numbers"),
    ("Hispanic or Latino", 188, 51, "significant_above_four_fifths"),
)


def group(name: str, persons: int, selected: int, finding: str | None) -> dict[str, Any]:
    """Counts, a rate and a ratio with rough intervals."""
    rate = selected / persons
    half = 1.96 * math.sqrt(rate * (1 - rate) / persons)
    ratio = rate / 0.3
    return {
        "name": name,
        "persons": persons,
        "selected": selected,
        "rate": round(rate, 6),
        "rate_low": round(max(0.0, rate - half), 6),
        "rate_high": round(min(1.0, rate + half), 6),
        "rate_ends": [round(max(0.0, rate - half), 6), round(min(1.0, rate + half), 6)],
        "ratio": None if finding is None else round(ratio, 6),
        "ratio_low": None if finding is None else round(ratio * math.exp(-4 * half), 6),
        "ratio_high": None if finding is None else round(ratio * math.exp(4 * half), 6),
        "why": "it is the reference" if finding is None else None,
        "p": None if finding is None else round(min(1.0, half / 4), 6),
        "standing": "reference" if finding is None else finding.replace("_", " "),
    }


def _scores() -> dict[str, Any]:
    names = ("Women", "Men", "Two or More Races")
    return {
        "spread": [
            {
                "group": name,
                "edge": 10 * n,
                "share": round(math.exp(-((n - 5 - k / 2) ** 2) / 6) / 4.4, 5),
            }
            for k, name in enumerate(names)
            for n in range(11)
        ],
        "sweep": [
            {
                "group": name,
                "cut": cut,
                "ratio": None if cut > 85 else round(1 - 0.004 * (k + 1) * cut, 5),
                "low": None if cut > 85 else round(0.85 - 0.004 * (k + 1) * cut, 5),
                "high": None if cut > 85 else round(1.12 - 0.004 * (k + 1) * cut, 5),
            }
            for k, name in enumerate(names[:2])
            for cut in range(0, 100, 5)
        ],
        "four_fifths": 0.8,
        "cut": 60,
        "ways": [
            {
                "name": f"weights {n}",
                "kind": ("today", "less adverse", "other")[min(n, 2)],
                "ratio": round(0.7 + 0.02 * n + 0.01 * (n % 3), 4),
                "validity": round(0.42 - 0.005 * n + 0.01 * (n % 2), 4),
            }
            for n in range(14)
        ],
        "months": [
            {
                "month": f"2026-{n:02d}",
                "group": name,
                "rate": round(0.2 + 0.02 * n * (k + 1) / 3, 4),
            }
            for n in range(1, 7)
            for k, name in enumerate(names)
        ],
    }


def _recording() -> dict[str, Any]:
    def stretch(lane: str, low: float, high: float, kind: str, number: int | None = None) -> Any:
        return {"lane": lane, "low": low, "high": high, "kind": kind, "number": number}

    return {
        "duration_s": 754.2,
        "stretches": [
            stretch("Face 1 (main)", 0.0, 402.5, "main face"),
            stretch("Face 1 (main)", 410.0, 754.2, "main face"),
            stretch("Face 2", 300.0, 356.4, "other face"),
            stretch("Speech", 4.2, 120.0, "speech"),
            stretch("Speech", 131.0, 390.4, "speech"),
            stretch("Speech", 405.0, 740.0, "speech"),
            stretch("Repeated frames", 212.0, 236.0, "asks for review", 1),
            stretch("Repeated frames", 512.0, 536.0, "matching place"),
            stretch("Mouth and voice", 402.5, 410.0, "asks for review", 2),
            stretch("Mouth and voice", 600.0, 690.0, "inconclusive"),
            stretch("Voice of one person", 0.0, 754.2, "no indication"),
        ],
        "curve": [
            {
                "at": 20.0 * n,
                "value": None if n in (11, 12) else round(0.6 + 0.3 * math.sin(n / 3), 5),
            }
            for n in range(38)
        ],
        "threshold": 0.35,
        "box": [0.42, 0.2, 0.61, 0.75],
    }


def typical_data() -> dict[str, Any]:
    """An audit and a recording."""
    groups = [group(*each) for each in GROUPS]
    return {
        "groups": groups,
        "worst": groups[0],
        "persons": sum(each["persons"] for each in groups),
        "confidence": 0.95,
        "period": {"start": "2025-07-01", "end": "2025-12-31"},
        "source": "a" * 64,
        "nobody": [],
        "field": {"answer": 143, "date": "2026-02-14", "person": "M. Okafor"},
        "scores": _scores(),
        "recording": _recording(),
        "lanes": 5,
    }


def hostile_data() -> dict[str, Any]:
    """Names that break layouts and pages, two hundred groups, nothing, and withheld values."""
    data = typical_data()
    names = [*RTL_NAMES, *LONG_NAMES, *INERT]
    names += [f"Group with the number {n:03d}" for n in range(200 - len(names))]
    findings = ("adverse", None, "small_numbers")
    data["many"] = [
        group(name, 20 + n, 3 + n % 17, findings[n % 3]) for n, name in enumerate(names)
    ]
    for n in (5, 9):
        data["many"][n] |= dict.fromkeys(("rate", "rate_low", "rate_high", "ratio", "p"), None)
        data["many"][n] |= {"rate_ends": [None, None], "why": "fewer than the least count"}
    data["odd"] = data["many"][:14]
    data["names"] = names
    data["series"] = [
        {"name": name, "x": x, "y": None if x == 2 else x * (n + 1) / 40}
        for n, name in enumerate(names[:14])
        for x in range(5)
    ]
    data["one"] = [data["many"][0]]
    data["null"] = [dict.fromkeys(data["many"][0]) | {"why": INERT[0]}]
    data["lanes_of"] = [
        {
            "name": name,
            "low": 10.0 * n,
            "high": None if n == 3 else 10.0 * n + (n % 2),
            "kind": name,
        }
        for n, name in enumerate(names[:14])
    ]
    data["publisher"] = RTL_NAMES[0]
    data["a/b~c"] = {"": 7}
    return data
