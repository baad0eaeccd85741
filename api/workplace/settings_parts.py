"""The parts of the settings, with the scope that opens each. Navigation and their home read it."""

from __future__ import annotations

from dataclasses import dataclass

HOME_PATH = "settings"


@dataclass(frozen=True, slots=True)
class Part:
    """One part. `path`: within the pages; `scope`: what its first page needs."""

    path: str
    title: str
    about: str
    scope: str


PARTS = (
    Part(
        "settings/users",
        "Users",
        "Who may sign in here, with which role, and who is trained to review.",
        "users:read",
    ),
    Part(
        "settings/keys",
        "Keys",
        "What programs use the API with: made, rolled and revoked.",
        "keys:read",
    ),
)
SCOPES = frozenset(part.scope for part in PARTS)
