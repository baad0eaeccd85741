"""Registering over HTTP, for tests of what comes after."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.api.conftest import Frame

SYSTEM = {
    "name": "Structured video interview",
    "vendor": "Example Talent",
    "system_version": "4.2",
    "mode": "ai_led",
    "decision_role": "substantially_assists",
}


def ago(**delta: float) -> str:
    """That long before now, as it is sent."""
    return (datetime.now(UTC) - timedelta(**delta)).isoformat()


class Registrar:
    """Registers as a platform does, of one tenant."""

    def __init__(self, frame: Frame, tenant: str = "acme") -> None:
        self.frame = frame
        self.keys = {
            role: frame.key_of(role, tenant)
            for role in ("admin", "platform", "compliance", "auditor")
        }

    def post(self, role: str, path: str, body: dict[str, Any], status: int = 201) -> Any:
        """The JSON that a POST answers with; the test fails on another status."""
        answer = self.frame.send("POST", path, self.keys[role], json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    def get(self, path: str, role: str = "platform", status: int = 200) -> Any:
        """The JSON that a GET answers with."""
        answer = self.frame.send("GET", path, self.keys[role])
        assert answer.status_code == status, answer.text
        return answer.json()

    def system(self, **changes: Any) -> dict[str, Any]:
        """A new system."""
        return self.post("admin", "/v1/systems", {**SYSTEM, **changes})  # type: ignore[no-any-return]

    def candidate(self, ref: str = "applicant-1", *places: str) -> dict[str, Any]:
        """A new candidate."""
        body = {"external_ref": ref, "jurisdictions": list(places)}
        return self.post("platform", "/v1/candidates", body)  # type: ignore[no-any-return]

    def interview(self, candidate: str, system: str, **more: Any) -> dict[str, Any]:
        """A new interview."""
        body = {"candidate_id": candidate, "system_id": system, **more}
        return self.post("platform", "/v1/interviews", body)  # type: ignore[no-any-return]

    def consent(self, candidate: str, purpose: str, place: str, **more: Any) -> dict[str, Any]:
        """A new consent, given an hour ago."""
        body = {
            "candidate_id": candidate,
            "purpose": purpose,
            "text_version": "v1",
            "jurisdiction": place,
            "given_at": ago(hours=1),
            "reference": "envelope-1",
            **more,
        }
        return self.post("platform", "/v1/consents", body)  # type: ignore[no-any-return]
