"""A whole integration of an interview platform, with httpx and nothing of ours.

    python -m examples.integration --url http://127.0.0.1:8000 --key fw_... interview.mp4

`--key` is the administrator's key that `fairwitness serve` printed. The script makes keys for the
platform and for compliance, then: system, candidate, notice, consent, interview; upload in parts;
check, with its progress; webhook, verified; report; opt-out, after which the next check is refused;
deletion; ledger, exported and verified offline with `fairwitness ledger verify`.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from examples.receiver import Receiver

PART_BYTES = 1 << 20


class Api:
    """One key's calls. Each failure is raised with the problem's own words."""

    def __init__(self, url: str, key: str) -> None:
        self.http = httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=60
        )

    def get(self, path: str, **query: Any) -> Any:
        """The JSON of a GET."""
        return self._checked(self.http.get(path, params=query)).json()

    def post(self, path: str, body: Any = None) -> Any:
        """The JSON of a POST that is safe to repeat."""
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        answer = self._checked(self.http.post(path, json=body, headers=headers))
        return answer.json() if answer.content else None

    def bytes_of(self, path: str) -> bytes:
        """The body of a GET."""
        return self._checked(self.http.get(path)).content

    def refused(self, path: str, body: Any) -> dict[str, Any]:
        """The problem that a POST is answered with."""
        answer = self.http.post(path, json=body)
        if answer.is_success:
            raise AssertionError(f"POST {path} was not refused")
        problem: dict[str, Any] = answer.json()
        return problem

    def _checked(self, answer: httpx.Response) -> httpx.Response:
        if answer.is_error:
            answer.read()
            raise RuntimeError(f"{answer.request.method} {answer.request.url.path}: {answer.text}")
        return answer


def upload(api: Api, file: Path, interview_id: str) -> str:
    """Uploads a file in parts, once cut off in the middle and resumed; returns the medium's id."""
    content = file.read_bytes()
    opened = api.post(
        "/v1/uploads",
        {
            "interview_id": interview_id,
            "size_bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "name": file.name,
        },
    )
    path = f"/v1/uploads/{opened['id']}"
    offset = 0
    while offset < len(content):
        part = content[offset : offset + PART_BYTES]
        api._checked(
            api.http.patch(
                path,
                content=part,
                headers={
                    "Upload-Offset": str(offset),
                    "Content-Type": "application/octet-stream",
                },
            )
        )
        # After a lost connection a client asks how far it got, and goes on from there.
        offset = int(api._checked(api.http.head(path)).headers["Upload-Offset"])
    medium: str = api.post(f"{path}/complete")["id"]
    return medium


def follow(api: Api, check_id: str) -> Iterator[dict[str, Any]]:
    """The progress of a check, as server-sent events, until it ends."""
    url = f"/v1/checks/{check_id}/events"
    with api.http.stream("GET", url, headers={"Accept": "text/event-stream"}) as stream:
        for line in stream.iter_lines():
            if line.startswith("data:"):
                yield json.loads(line.removeprefix("data:"))


def wait_for(what: str, condition: Any, *, seconds: float = 60) -> Any:
    """What the condition gives as soon as it gives something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"{what} did not come in {seconds:.0f} s")


def run(url: str, admin_key: str, recording: Path, *, say: Any = print) -> dict[str, Any]:
    """The whole integration; returns what a test wants to look at."""
    with contextlib.ExitStack() as stack:
        keys = {"admin": admin_key}
        apis: dict[str, Api] = {}
        for role in ("admin", "platform", "compliance"):
            if role != "admin":
                keys[role] = apis["admin"].post("/v1/keys", {"name": role, "role": role})["key"]
            apis[role] = Api(url, keys[role])
            stack.callback(apis[role].http.close)
        receiver = stack.enter_context(Receiver())
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        stack.callback(receiver.shutdown)
        return _integrate(apis, receiver, recording, say)


def _integrate(
    apis: dict[str, Api], receiver: Receiver, recording: Path, say: Any
) -> dict[str, Any]:
    admin, platform, compliance = apis["admin"], apis["platform"], apis["compliance"]
    endpoint = admin.post("/v1/webhooks", {"url": receiver.url, "events": ["*"]})
    receiver.secret = endpoint["secret"]
    say(f"webhook endpoint {endpoint['id']}")
    candidate, interview = _registered(admin, platform, say)
    checked = _checked(platform, interview["id"], recording, receiver, say)
    medium, report = checked.pop("medium"), checked.pop("report")
    wanted = {"interview_id": interview["id"], "media_id": medium}
    rights = _rights(platform, compliance, candidate["id"], wanted, report["id"], say)
    faults = verify_ledger(compliance)
    say(f"ledger: {faults or 'verified offline'}")
    return checked | rights | {"refused_messages": receiver.refused, "ledger_faults": faults}


def _registered(admin: Api, platform: Api, say: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A system, a candidate who was told and agreed, and an interview."""
    now = datetime.now(UTC)
    system = admin.post(
        "/v1/systems",
        {
            "name": "Structured video interview",
            "vendor": "Example Talent",
            "system_version": "4.2",
            "mode": "ai_assisted",
            "decision_role": "one_of_several",
            "data_types": ["video", "voice"],
            "jurisdictions": ["US-NY-NYC"],
        },
    )
    candidate = platform.post(
        "/v1/candidates",
        {"external_ref": f"applicant-{uuid.uuid4().hex[:12]}", "jurisdictions": ["US-NY-NYC"]},
    )
    interview = platform.post(
        "/v1/interviews",
        {
            "candidate_id": candidate["id"],
            "system_id": system["id"],
            "job": "job-7",
            "stage": "First interview",
            "held_at": now.isoformat(),
            "questions": [{"id": "q1"}, {"id": "q2"}],
        },
    )
    platform.post(
        "/v1/notices",
        {
            "kind": "pre_use",
            "jurisdiction": "US-NY-NYC",
            "text_version": "notice-2026-02",
            "channel": "email",
            "given_at": (now - timedelta(days=21)).isoformat(),
            "candidate_id": candidate["id"],
            "interview_id": interview["id"],
        },
    )
    for purpose in ("media_analysis", "biometric_comparison"):
        platform.post(
            "/v1/consents",
            {
                "candidate_id": candidate["id"],
                "purpose": purpose,
                "text_version": "consent-2026-03",
                "jurisdiction": "US-NY-NYC",
                "given_at": (now - timedelta(hours=1)).isoformat(),
                "reference": "envelope-88321",
                "written": True,
            },
        )
    say(f"candidate {candidate['id']}, interview {interview['id']}")
    return candidate, interview


def _checked(
    platform: Api, interview_id: str, recording: Path, receiver: Receiver, say: Any
) -> dict[str, Any]:
    """Upload, check and follow a recording; take the webhook and read the report."""
    medium = upload(platform, recording, interview_id)
    say(f"medium {medium}")
    check = platform.post("/v1/checks", {"interview_id": interview_id, "media_id": medium})
    states: list[str] = []
    for event in follow(platform, check["id"]):
        states.append(event["state"])
        say(f"  {event['state']:9} {event['progress']:4.0%} {event['stage']}")
    check = platform.get(f"/v1/checks/{check['id']}")
    if check["state"] != "finished":
        raise AssertionError(f"the check ended as {check['state']}: {check['error_detail']}")
    say(f"findings {check['findings']}")

    def arrived() -> dict[str, Any] | None:
        for event in list(receiver.events.values()):
            if event["type"] == "check.finished":
                return event
        return None

    told = wait_for("the webhook", arrived)
    report = platform.get(f"/v1/reports/{check['report_id']}")
    page = platform.bytes_of(f"/v1/reports/{report['id']}/files/html")
    say(f"webhook verified; report of {len(page)} bytes")
    return {
        "medium": medium,
        "report": report,
        "states": states,
        "check": check,
        "webhook": told,
        "page": page,
    }


def _rights(
    platform: Api,
    compliance: Api,
    candidate_id: str,
    wanted: dict[str, str],
    report_id: str,
    say: Any,
) -> dict[str, Any]:
    """Opt out, be refused, ask for deletion, and see the report gone."""
    opt_out = platform.post(
        "/v1/requests",
        {"candidate_id": candidate_id, "kind": "opt_out", "channel": "web form"},
    )
    refusal = platform.refused("/v1/checks", wanted)
    say(f"opted out; the next check is refused: {refusal['code']}")

    deletion = platform.post(
        "/v1/requests",
        {"candidate_id": candidate_id, "kind": "deletion", "channel": "web form"},
    )
    answered = compliance.post(
        f"/v1/requests/{deletion['id']}/answer",
        {
            "answer": "partly_granted",
            "by": "person-12",
            "rationale": "Erased, but for what the law wants kept.",
            "withheld": "Records of notices, consents and requests.",
        },
    )
    gone = platform.http.get(f"/v1/reports/{report_id}/files/html").status_code
    say(f"deletion {answered['state']}; the report answers {gone} now")
    return {
        "opt_out": opt_out,
        "refusal": refusal,
        "deletion": answered,
        "after_deletion": gone,
    }


def verify_ledger(api: Api) -> str:
    """What `fairwitness ledger verify` says of an export, where it says anything; offline."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        heads = api.bytes_of("/v1/ledger/export")
        (folder / "kept.json").write_bytes(heads)
        size = max(head["size"] for head in json.loads(heads)["heads"])
        start: int | None = 0
        with (folder / "entries.jsonl").open("wb") as file:
            while start is not None and start < size:
                page = api.get("/v1/ledger/entries", **{"from": start, "limit": 500})
                for entry in page["items"]:
                    if entry["sequence"] < size:
                        file.write(canonical(entry) + b"\n")
                start = page["next_from"]
        command = [sys.executable, "-m", "api", "ledger", "verify", str(folder)]
        done = subprocess.run(
            [*command, "--heads", str(folder / "kept.json")],
            capture_output=True,
            text=True,
            check=False,
        )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def canonical(value: Any) -> bytes:
    """Canonical JSON (RFC 8785) of values without fractions, which entries are made of."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return text.encode()


def main() -> None:
    """From the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--key", required=True)
    parser.add_argument("recording", type=Path)
    given = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        run(given.url, given.key, given.recording)


if __name__ == "__main__":
    main()
