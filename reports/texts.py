"""Texts that go into a report: without paths, control characters or tricks of direction.

Tags come from the file under examination and messages from libraries; both may hold anything.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath

LONGEST = 2000
"""Characters of one text; longer ones are cut."""

HIDDEN = "(path not shown)"

_PATHS = re.compile(
    r"file:/\S+"
    r"|(?<![\w./:])~?/(?:[^\s/'\"<>|]+/)+[^\s/'\"<>|,;)]*"
    r"|(?<!\w)[A-Za-z]:[\\/][^\s'\"<>|]+"
    r"|(?<!\w)\\\\[^\s'\"<>|]+"
)

TECHNICAL_TAGS = frozenset(
    {
        "compatible_brands",
        "creation_time",
        "encoder",
        "encoding_tool",
        "handler_name",
        "language",
        "major_brand",
        "make",
        "minor_version",
        "model",
        "muxing_app",
        "software",
        "vendor_id",
        "writing_app",
        "com.android.version",
        "com.apple.quicktime.make",
        "com.apple.quicktime.model",
        "com.apple.quicktime.software",
    }
)
"""Tags about devices and software. Titles, artists, places and comments can name people."""


@dataclass(frozen=True, slots=True)
class Cleaner:
    """Cleans texts; `replacements` maps known paths to the labels that stand for them."""

    replacements: Mapping[str, str]

    def __call__(self, text: str) -> str:
        """`text` on one line without paths or unseen characters, at most 2,000 characters."""
        for path in sorted(self.replacements, key=len, reverse=True):
            text = text.replace(path, self.replacements[path])
        text = _PATHS.sub(HIDDEN, visible(text))
        return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"

    def tags(self, tags: Mapping[str, str]) -> dict[str, str]:
        """The technical ones among `tags`, cleaned, in order of name."""
        kept = {visible(k): self(v) for k, v in tags.items() if k.lower() in TECHNICAL_TAGS}
        return dict(sorted(kept.items()))


def visible(text: str) -> str:
    """`text` with white space folded, without control, format or surrogate characters."""
    folded = re.sub(r"\s+", " ", text)
    return "".join(c for c in folded if unicodedata.category(c) not in {"Cc", "Cf", "Cs"}).strip()


def label(text: str) -> str:
    """A recording's label: the last part where a path was given."""
    name = PurePath(text.replace("\\", "/")).name if re.search(r"[/\\]", text) else text
    return visible(name) or "recording"
