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
        "settings/policies",
        "Policies",
        "What is flagged for a person, who is told and by when; try a change on past results.",
        "policies:read",
    ),
    Part(
        "settings/models",
        "Models and signals",
        "What each network and signal is for: limits, licence, measured errors; what is off.",
        "policies:read",
    ),
    Part(
        "settings/rule-packs",
        "Rule packs",
        "Laws and standards that reports follow, and how each stands today.",
        "reports:read",
    ),
    Part(
        "settings/retention",
        "Retention and holds",
        "How long things are kept, what ends next, and what has to be kept in any case.",
        "retention:read",
    ),
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
    Part(
        "settings/webhooks",
        "Webhooks",
        "Which other systems are told what happens, and what they took.",
        "webhooks:read",
    ),
)
SCOPES = frozenset(part.scope for part in PARTS)
