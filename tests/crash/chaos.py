"""Work that goes on while everything under it fails: checks, uploads and a flood of requests.

    python -m tests.crash.chaos [--minutes 18] [--seed 1] [--out FILE.json]

Two fleets, one after the other. Over PostgreSQL, with a bucket for media: processes and database
are killed and stall, the line to the database is cut and goes silent, the bucket answers with
errors or not at all, clocks jump by up to an hour. Over SQLite, with all data on a small disk:
processes are killed and stall, and the disk is full. In both some recordings are damaged, and for a
minute ten clients send as fast as they get answers.

Afterwards nothing that was accepted may be lost, nothing may have been done twice in effect, the
ledger has to verify, every stored file has to have its record and every record its file, and all
media have to be erasable. Ends with 1 where one of these is broken.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx

from api.opening import open_store
from audit.operations import leftovers
from audit.settings import Settings
from audit.store import Store
from audit.vault import open_vault
from examples.receiver import Receiver
from tests import media_factory
from tests.crash.fleet import Fleet, fleet
from tests.crash.ordeal import (
    Client,
    await_ends,
    entries,
    interviews,
    subject_of,
)
from tests.crash.troubles import Troublemaker, small_disk, troubles

ENDS = {"finished": "check_finished", "failed": "check_failed", "cancelled": "check_cancelled"}
CLIENTS = 10
CALLERS = 4
ERASED_S = 120.0
DISK_MIB = 96
_WEIGHTS = Path(__file__).resolve().parents[2] / ".weights"


@dataclass
class Outcome:
    """What was done to a fleet, and what came of it.

    Attributes:
        troubles: how often each kind was begun. accepted: registrations of the flood that were
            answered with success. repeats: requests that had to be sent again.
        states: ends of the checks, sound and damaged recordings apart. runs: how often their jobs
            were started. strays: stored files without a record that the daily sweep removed.
        faults: broken invariants.
    """

    fleet: str
    seconds: float = 0.0
    troubles: dict[str, int] = field(default_factory=dict)
    accepted: int = 0
    repeats: int = 0
    states: dict[str, int] = field(default_factory=dict)
    runs: int = 0
    messages: int = 0
    strays: int = 0
    erased: int = 0
    faults: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """The counts, for people."""
        return [
            f"{self.fleet}: {self.seconds:.0f} s",
            *(f"  {count} x {name}" for name, count in sorted(self.troubles.items())),
            f"  checks: {self.states}, in {self.runs} runs; {self.messages} messages",
            f"  flood: {self.accepted} registrations accepted; {self.repeats} requests sent again",
            f"  strays swept: {self.strays}; media erased: {self.erased}",
            *(f"  FAULT {each}" for each in self.faults),
        ]


def damaged(clip: bytes, rng: random.Random) -> bytes:
    """A recording whose header is sound and whose pictures and sound are not."""
    start = clip.index(b"mdat") + 4
    data = bytearray(clip)
    kind = rng.randrange(3)
    if kind == 0:
        data[start:] = bytes(len(data) - start)
    elif kind == 1:
        data[start:] = rng.randbytes(len(data) - start)
    else:
        for _ in range(400):
            data[rng.randrange(start, len(data))] ^= rng.randrange(1, 256)
    return bytes(data)


class Work:
    """Callers that ask for check after check while things fail; several may at once."""

    def __init__(self, running: Fleet, rng: random.Random) -> None:
        self.fleet = running
        self.rng = rng
        self.admin = Client(running, running.admin_key())
        key = self.admin.post("/v1/keys", {"name": "p", "role": "platform"})["key"]
        self.platform = Client(running, key)
        self.sound: list[str] = []
        self.damaged: list[str] = []
        self.media: list[str] = []

    def go_on(self, held: list[str], until: float) -> None:
        """Upload and ask for a check of each interview, one in four damaged, until the time."""
        with tempfile.TemporaryDirectory() as folder:
            clip = media_factory.clip(Path(folder) / "clip.mp4", 2.0).read_bytes()
        for number, interview in enumerate(held):
            if time.monotonic() > until:
                return
            bad = number % 4 == 3
            medium = self._upload(interview, damaged(clip, self.rng) if bad else clip)
            body = {"interview_id": interview, "media_id": medium}
            check = self.platform.post("/v1/checks", body)["id"]
            (self.damaged if bad else self.sound).append(check)
            self.media.append(medium)

    def _upload(self, interview: str, content: bytes) -> str:
        """In two pieces, each from where the service says that it is."""
        body = {"interview_id": interview, "size_bytes": len(content), "name": "clip.mp4"}
        path = f"/v1/uploads/{self.platform.post('/v1/uploads', body)['id']}"
        while (at := self.platform.get(path)["received_bytes"]) < len(content):
            piece = content[at : at + max(1, len(content) // 2)]
            headers = {"Upload-Offset": str(at), "Content-Type": "application/octet-stream"}
            with contextlib.suppress(httpx.HTTPStatusError):  # an earlier try got through
                self.platform.sent("PATCH", path, content=piece, headers=headers)
        medium: str = self.platform.post(f"{path}/complete")["id"]
        return medium


def flood(running: Fleet, key: str, seconds: float) -> dict[str, str]:
    """Registrations by ten clients as fast as they are answered: ids by the reference sent."""
    accepted: dict[str, str] = {}
    until = time.monotonic() + seconds

    def send(number: int) -> None:
        client = Client(running, key)
        count = 0
        while time.monotonic() < until:
            count += 1
            reference = f"flood-{number}-{count}-{uuid.uuid4().hex[:6]}"
            body = {"external_ref": reference, "jurisdictions": ["US-NY-NYC"]}
            accepted[reference] = client.post("/v1/candidates", body)["id"]

    threads = [threading.Thread(target=send, args=(n,)) for n in range(CLIENTS)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return accepted


def chaos(
    running: Fleet, *, seconds: float, flood_s: float, seed: int, disk: Path | None, checks: int
) -> Outcome:
    """Work under trouble for `seconds`, then a calm in which all has to end; what came of it."""
    with Receiver() as receiver:
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        try:
            return _chaos(running, receiver, seconds, flood_s, seed, disk, checks)
        finally:
            receiver.shutdown()


def _chaos(
    running: Fleet,
    receiver: Receiver,
    seconds: float,
    flood_s: float,
    seed: int,
    disk: Path | None,
    checks: int,
) -> Outcome:
    rng = random.Random(seed)
    found = Outcome("PostgreSQL, bucket" if running.database else "SQLite, small disk")
    work = Work(running, rng)
    kinds = ["check.finished", "check.failed", "check.cancelled"]
    made = work.admin.post("/v1/webhooks", {"url": receiver.url, "events": kinds})
    receiver.secret = made["secret"]
    held = interviews(work.admin, work.platform, checks)
    begun = time.monotonic()
    trouble = Troublemaker(troubles(running, rng, disk), rng, seconds=seconds)
    trouble.start()
    accepted: dict[str, str] = {}
    flooding = threading.Thread(
        target=lambda: accepted.update(flood(running, work.platform.key, flood_s))
    )
    callers = [
        threading.Thread(target=work.go_on, args=(held[n::CALLERS], begun + seconds))
        for n in range(CALLERS)
    ]
    for each in [*callers, flooding]:
        each.start()
    for each in [*callers, flooding]:
        each.join()
    trouble.join(max(0.0, seconds - (time.monotonic() - begun)) + 60)
    trouble.stop()
    trouble.join()
    if trouble.error is not None:
        raise trouble.error
    running.wait_ready()
    asked = [*work.sound, *work.damaged]
    await_ends(work.platform, running, asked)
    _await_messages(receiver, running, len(asked))
    found.seconds = time.monotonic() - begun
    found.troubles, found.accepted = trouble.begun, len(accepted)
    found.repeats = work.admin.repeats + work.platform.repeats
    _judge(found, running, work, receiver, accepted)
    return found


def _await_messages(receiver: Receiver, running: Fleet, count: int) -> None:
    """Deliveries that failed are tried again after minutes: up to ten of them."""
    end = time.monotonic() + 600
    while len(receiver.events) < count and time.monotonic() < end:
        running.revive()
        time.sleep(0.5)


def _judge(
    found: Outcome, running: Fleet, work: Work, receiver: Receiver, accepted: dict[str, str]
) -> None:
    keys = {
        role: work.admin.post("/v1/keys", {"name": role, "role": role})["key"]
        for role in ("auditor", "compliance")
    }
    auditor, officer = (Client(running, keys[role]) for role in ("auditor", "compliance"))
    checks = {each["id"]: each for each in auditor.every("/v1/checks")}
    _same(found, "checks", Counter(list(checks)), Counter([*work.sound, *work.damaged]))
    for name, ids in (("sound", work.sound), ("damaged", work.damaged)):
        ends = Counter(f"{name} {checks[each]['state']}" for each in ids if each in checks)
        found.states |= dict(ends)
    for each in work.sound:
        if each in checks and checks[each]["state"] != "finished":
            code = checks[each].get("error_code")
            found.faults.append(f"a check of a sound recording ended as {code}")
    subjects = Counter(each["subject"] for each in auditor.every("/v1/reports"))
    done = [each for each, check in checks.items() if check["state"] == "finished"]
    _same(found, "reports", subjects, Counter(done))
    ended = Counter(
        (e["subject"], e["kind"]) for e in entries(auditor) if e["kind"] in ENDS.values()
    )
    _same(found, "ledger entries", ended, Counter((i, ENDS[c["state"]]) for i, c in checks.items()))
    told = Counter(subject_of(event) for event in receiver.events.values())
    _same(found, "events", told, Counter(list(checks)))
    found.messages = receiver.received
    found.runs = sum(
        int(auditor.get(f"/v1/jobs/{each['job_id']}")["attempts"]) for each in checks.values()
    )
    stored = Counter(
        (each["external_ref"], each["id"])
        for each in officer.every("/v1/candidates")
        if each["external_ref"].startswith("flood-")
    )
    lost = Counter(accepted.items()) - stored
    twice = [ref for ref, count in Counter(ref for ref, _ in stored).items() if count > 1]
    if lost or twice:
        found.faults.append(f"registrations: {lost.total()} lost, {len(twice)} stored twice")
    verified = running.command("ledger", "verify")
    if verified.returncode != 0:
        found.faults.append(f"ledger: {verified.stdout}{verified.stderr}")
    _judge_media(found, running, officer)


def _judge_media(found: Outcome, running: Fleet, officer: Client) -> None:
    """No file without its record, no record without its file, and nothing left after erasure."""
    with _opened(running) as (settings, store):
        vault = open_vault(settings.storage, store.ring)
        found.strays = leftovers.sweep(store, vault, age=timedelta(0))
        recorded = {each["id"] for each in officer.every("/v1/media", state="stored")}
        files = {each.id for each in vault.artefacts() if each.id.startswith("med_")}
        if recorded != files:
            text = f"{len(recorded - files)} records without a file, {len(files - recorded)} others"
            found.faults.append(f"media: {text}")
        for medium in recorded:
            answer = officer.sent("GET", f"/v1/media/{medium}/content")
            if not answer.content:
                found.faults.append(f"media: {medium} cannot be read")
        for medium in recorded:
            officer.sent("DELETE", f"/v1/media/{medium}")
            found.erased += 1
        end = time.monotonic() + ERASED_S  # a job removes the bytes
        while left := {each.id for each in vault.artefacts() if each.id.startswith("med_")}:
            if time.monotonic() > end:
                found.faults.append(f"media: {len(left)} files are left after erasure")
                break
            running.revive()
            time.sleep(0.5)


@contextlib.contextmanager
def _opened(running: Fleet) -> Iterator[tuple[Settings, Store]]:
    with patch.dict(os.environ, running.environment):
        settings = Settings()
        store = open_store(settings)
    try:
        yield settings, store
    finally:
        store.engine.dispose()


def _same(found: Outcome, what: str, there: Counter[Any], wanted: Counter[Any]) -> None:
    missing, extra = wanted - there, there - wanted
    if missing or extra:
        text = f"{what}: {missing.total()} missing, {extra.total()} too many"
        found.faults.append(text)


def both(folder: Path, *, minutes: float, seed: int, weights: Path) -> list[Outcome]:
    """Both fleets, each for half of the time that is not needed to begin and to judge."""
    seconds = max(30.0, (minutes * 60 - 300) / 2)
    flood_s = min(60.0, seconds / 2)
    found: list[Outcome] = []
    with fleet("postgresql", folder / "a", workers=2, weights=weights, apart=True) as running:
        found.append(
            chaos(running, seconds=seconds, flood_s=flood_s, seed=seed, disk=None, checks=60)
        )
    with small_disk(folder / "b", DISK_MIB) as disk:
        floor = {"FAIRWITNESS_STORAGE__FREE_FLOOR_MB": "0"}
        with fleet("sqlite", folder / "b", workers=1, weights=weights, more=floor) as running:
            found.append(
                chaos(running, seconds=seconds, flood_s=flood_s, seed=seed, disk=disk, checks=60)
            )
    return found


def main() -> int:
    """From the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--minutes", type=float, default=18.0)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--weights", type=Path, default=_WEIGHTS)
    parser.add_argument("--folder", type=Path, help="kept, for looking at logs")
    parser.add_argument("--out", type=Path, help="file for the counts, JSON")
    given = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = given.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        found = both(folder, minutes=given.minutes, seed=given.seed, weights=given.weights)
    for each in found:
        sys.stdout.write("\n".join(each.lines()) + "\n")
    if given.out is not None:
        given.out.write_text(json.dumps([asdict(each) for each in found], indent=1) + "\n")
    return 1 if any(each.faults for each in found) else 0


if __name__ == "__main__":
    sys.exit(main())
