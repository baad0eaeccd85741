"""Whether a response fits its challenge: `measured` reads it, `verified` answers."""

from liveness.challenge.reading import measured
from liveness.challenge.verify import Response, verified

__all__ = ["Response", "measured", "verified"]
