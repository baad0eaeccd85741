"""The active challenge of a live session: what is asked, what comes back, how the two are tied.

Nothing here looks at a recording: `liveness.challenge` does, and `audit.operations.challenges`
keeps the state. See docs/challenge.md.
"""

from audit.challenges.binding import binding_of
from audit.challenges.plan import KINDS, Cue, Kind, Plan, draw, new_nonce, shown_code
from audit.challenges.result import Camera, ChallengeResult, CueResult, Outcome, Verdict
from audit.challenges.telemetry import Telemetry

__all__ = [
    "KINDS",
    "Camera",
    "ChallengeResult",
    "Cue",
    "CueResult",
    "Kind",
    "Outcome",
    "Plan",
    "Telemetry",
    "Verdict",
    "binding_of",
    "draw",
    "new_nonce",
    "shown_code",
]
