"""Checks that are being done while API, workers and database are killed at random moments.

    python -m tests.crash.ordeal --database postgresql --kills 50 --checks 20

Prints what was killed and what came of it, and ends with 1 where a check was lost or done twice.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from examples.receiver import Receiver
from tests import media_factory
from tests.crash.fleet import Fleet, fleet

PATIENCE_S = 600.0
_WEIGHTS = Path(__file__).resolve().parents[2] / ".weights"


@dataclass
class Client:
    """A caller that does not give up: it sends again, with the same Idempotency-Key."""

    fleet: Fleet
    key: str
    repeats: int = 0

    def post(self, path: str, body: object = None, *, content: bytes | None = None) -> Any:
        """The JSON of a POST that is answered, however often it has to be sent."""
        repeat = {"Idempotency-Key": str(uuid.uuid4())}
        return self.sent("POST", path, json=body, content=content, headers=repeat).json()

    def get(self, path: str, **query: Any) -> Any:
        """The JSON of a GET."""
        return self.sent("GET", path, params=query).json()

    def every(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """All items of a list."""
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            more = {"cursor": cursor} if cursor else {}
            page = self.get(path, limit=100, **query, **more)
            found += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return found

    def sent(self, method: str, path: str, **more: Any) -> httpx.Response:
        """The answer to a request, sent again until there is one that is not a fault of ours."""
        headers = {"Authorization": f"Bearer {self.key}", **more.pop("headers", {})}
        more = {name: value for name, value in more.items() if value is not None}
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            with contextlib.suppress(httpx.TransportError):
                url = f"{self.fleet.url}{path}"
                answer = httpx.request(method, url, headers=headers, timeout=30, **more)
                if answer.status_code < 500 and answer.status_code != 429:
                    answer.raise_for_status()
                    return answer
            self.repeats += 1
            time.sleep(0.2)
        raise AssertionError(f"{method} {path} was not answered in {PATIENCE_S:.0f} s")


@dataclass
class Ordeal:
    """What was done, and what came of it."""

    kills: Counter[str] = field(default_factory=Counter)
    checks: int = 0
    finished: int = 0
    reports: int = 0
    done_entries: int = 0
    events: int = 0
    messages: int = 0
    repeats: int = 0
    attempts: int = 0
    faults: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """The counts, for people."""
        killed = ", ".join(f"{count} {name}" for name, count in sorted(self.kills.items()))
        return [
            f"killed: {self.kills.total()} ({killed})",
            f"checks: {self.checks} asked for, {self.finished} finished in {self.attempts} runs",
            f"reports: {self.reports}; ledger entries of their end: {self.done_entries}",
            f"webhooks: {self.events} events in {self.messages} messages",
            f"requests sent again: {self.repeats}",
            *(f"FAULT {each}" for each in self.faults),
        ]


class Killer(threading.Thread):
    """Kills one process after the other and starts each again."""

    def __init__(self, fleet: Fleet, kills: int, rng: random.Random, over: threading.Event) -> None:
        super().__init__(daemon=True)
        self.count: Counter[str] = Counter()
        self.error: BaseException | None = None
        self._fleet, self._kills, self._rng, self._over = fleet, kills, rng, over

    def run(self) -> None:
        """Until all kills are done; what is still to be done then goes on undisturbed."""
        try:
            for _ in range(self._kills):
                time.sleep(self._rng.uniform(0.2, 4.0))
                if self._over.is_set():
                    return
                name = self._rng.choice(self._fleet.names)
                self._fleet.revive()
                self._fleet.kill(name)
                self.count[name] += 1
                time.sleep(self._rng.uniform(0.0, 1.0))
                self._fleet.start(name)
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits
            self.error = error


def endure(fleet: Fleet, *, checks: int, kills: int, seed: int) -> Ordeal:
    """Asks for checks while the killer works, and counts what came of them."""
    with Receiver() as receiver:
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        try:
            return _endure(fleet, receiver, checks=checks, kills=kills, seed=seed)
        finally:
            receiver.shutdown()


def _endure(fleet: Fleet, receiver: Receiver, *, checks: int, kills: int, seed: int) -> Ordeal:
    found = Ordeal(checks=checks)
    admin = Client(fleet, fleet.admin_key())
    platform = Client(fleet, admin.post("/v1/keys", {"name": "p", "role": "platform"})["key"])
    endpoint = admin.post("/v1/webhooks", {"url": receiver.url, "events": ["check.finished"]})
    receiver.secret = endpoint["secret"]
    held = interviews(admin, platform, checks)
    over = threading.Event()
    killer = Killer(fleet, kills, random.Random(seed), over)
    with tempfile.TemporaryDirectory() as folder:
        clip = media_factory.clip(Path(folder) / "clip.mp4", 2.0).read_bytes()
        media = [upload(platform, each, clip) for each in held]
        killer.start()
        asked = [
            platform.post("/v1/checks", {"interview_id": interview, "media_id": medium})["id"]
            for interview, medium in zip(held, media, strict=True)
        ]
        await_ends(platform, fleet, asked)
    killer.join()
    found.kills = killer.count
    if killer.error is not None:
        raise killer.error
    fleet.wait_ready()
    await_ends(platform, fleet, asked)
    await_events(receiver, fleet, checks)
    found.repeats = admin.repeats + platform.repeats
    _count(found, fleet, asked, receiver)
    return found


def interviews(admin: Client, platform: Client, count: int) -> list[str]:
    """Registered interviews of as many candidates, with their consent to the analysis."""
    now = datetime.now(UTC)
    system = admin.post(
        "/v1/systems",
        {
            "name": "Video",
            "vendor": "Vendor",
            "system_version": "1",
            "mode": "ai_led",
            "decision_role": "informs",
        },
    )["id"]
    found: list[str] = []
    for number in range(count):
        candidate = platform.post(
            "/v1/candidates",
            {"external_ref": f"applicant-{number}", "jurisdictions": ["US-NY-NYC"]},
        )["id"]
        platform.post(
            "/v1/consents",
            {
                "candidate_id": candidate,
                "purpose": "media_analysis",
                "text_version": "c1",
                "jurisdiction": "US-NY-NYC",
                "given_at": (now - timedelta(hours=1)).isoformat(),
                "reference": "e1",
                "written": True,
            },
        )
        body = {"candidate_id": candidate, "system_id": system, "held_at": now.isoformat()}
        found.append(platform.post("/v1/interviews", body)["id"])
    return found


def upload(platform: Client, interview: str, content: bytes) -> str:
    """The id of a file that was uploaded in one piece."""
    opened = platform.post(
        "/v1/uploads",
        {"interview_id": interview, "size_bytes": len(content), "name": "clip.mp4"},
    )
    path = f"/v1/uploads/{opened['id']}"
    platform.sent(
        "PATCH",
        path,
        content=content,
        headers={"Upload-Offset": "0", "Content-Type": "application/octet-stream"},
    )
    medium: str = platform.post(f"{path}/complete")["id"]
    return medium


def await_ends(platform: Client, fleet: Fleet, checks: list[str]) -> None:
    """Waits until all checks have ended, whatever ends meanwhile."""
    end = time.monotonic() + PATIENCE_S
    left = list(checks)
    while left:
        if time.monotonic() > end:
            raise AssertionError(f"{len(left)} checks did not end in {PATIENCE_S:.0f} s")
        fleet.revive()
        state = platform.get(f"/v1/checks/{left[-1]}")["state"]
        if state in ("finished", "failed", "cancelled"):
            left.pop()
        else:
            time.sleep(0.3)


def await_events(receiver: Receiver, fleet: Fleet, count: int) -> None:
    """Waits for as many events, two minutes at most."""
    end = time.monotonic() + 120
    while len(receiver.events) < count and time.monotonic() < end:
        fleet.revive()
        time.sleep(0.2)


def _count(found: Ordeal, fleet: Fleet, asked: list[str], receiver: Receiver) -> None:
    """Once in effect: one report, one entry of the end and one event for each check; no more."""
    reader = Client(fleet, fleet.admin_key())
    auditor = Client(fleet, reader.post("/v1/keys", {"name": "a", "role": "auditor"})["key"])
    checks = auditor.every("/v1/checks")
    found.finished = sum(each["state"] == "finished" for each in checks)
    if sorted(each["id"] for each in checks) != sorted(asked):
        found.faults.append(f"{len(checks)} checks are stored, {len(asked)} were asked for")
    subjects = Counter(each["subject"] for each in auditor.every("/v1/reports"))
    found.reports = subjects.total()
    once(found, "report", subjects, asked)
    written = entries(auditor)
    ends = Counter(each["subject"] for each in written if each["kind"] == "check_finished")
    found.done_entries = ends.total()
    once(found, "ledger entry", ends, asked)
    told = Counter(subject_of(event) for event in receiver.events.values())
    found.events, found.messages = told.total(), receiver.received
    once(found, "event", told, asked)
    if receiver.refused:
        found.faults.append(f"{receiver.refused} messages were not genuine")
    verified = fleet.command("ledger", "verify")
    if verified.returncode != 0:
        found.faults.append(f"ledger: {verified.stdout}{verified.stderr}")
    found.attempts = runs(auditor, checks)
    if found.finished != len(asked):
        ended = Counter(f"{each['state']}/{each['error_code']}" for each in checks)
        found.faults.append(f"not all finished: {dict(ended)}")


def once(found: Ordeal, what: str, counts: Counter[str], asked: list[str]) -> None:
    """Notes whatever did not happen exactly once."""
    missing = [each for each in asked if counts[each] == 0]
    twice = [each for each in asked if counts[each] > 1]
    others = set(counts) - set(asked)
    if missing or twice or others:
        text = f"{what}: {len(missing)} missing, {len(twice)} more than once, {len(others)} others"
        found.faults.append(text)


def entries(auditor: Client) -> list[dict[str, Any]]:
    """The whole ledger."""
    found: list[dict[str, Any]] = []
    start: int | None = 0
    while start is not None:
        page = auditor.get("/v1/ledger/entries", **{"from": start, "limit": 500})
        found += page["items"]
        start = page["next_from"]
    return found


def subject_of(event: dict[str, Any]) -> str:
    """The check that an event is about."""
    data = event["data"]
    return str(data.get("check_id") or data.get("id") or data.get("subject"))


def runs(auditor: Client, checks: list[dict[str, Any]]) -> int:
    """How often the jobs of checks were started."""
    return sum(int(auditor.get(f"/v1/jobs/{each['job_id']}")["attempts"]) for each in checks)


def main() -> int:
    """From the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="postgresql")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--checks", type=int, default=20)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--weights", type=Path, default=_WEIGHTS)
    parser.add_argument("--folder", type=Path, help="kept, for looking at logs")
    given = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = given.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        running = stack.enter_context(
            fleet(given.database, folder, workers=given.workers, weights=given.weights)
        )
        found = endure(running, checks=given.checks, kills=given.kills, seed=given.seed)
    sys.stdout.write("\n".join([f"database: {given.database}", *found.lines()]) + "\n")
    return 1 if found.faults else 0


if __name__ == "__main__":
    sys.exit(main())
