"""What a served API and a worker write, in operation and in trouble, holds no secret."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.crash.fleet import Database, Fleet
from tests.integration.sending import Answer, Sender, film

pytestmark = [pytest.mark.slow, pytest.mark.enable_socket]

MASTER = bytes(range(7, 39))
PASSWORD = "pa55-of-the-database"
_FORM = 'filename="Jane Doe.mp4"'
GIVEN = {
    "FAIRWITNESS_MASTER_KEYS": f"m1:{base64.b64encode(MASTER).decode()}",
    "FAIRWITNESS_API__METRICS_TOKEN": "t0ken-of-the-metrics",
    "FAIRWITNESS_STORAGE__ACCESS_KEY_ID": "access-0f-the-bucket",
    "FAIRWITNESS_STORAGE__SECRET_ACCESS_KEY": "s3cret-of-the-bucket",
    "FAIRWITNESS_API__LOG_LEVEL": "debug",
}
PERSONAL = ("applicant-31337", "Jane Doe", "jane.doe@example.org", "Two or More Races")


def spellings(secret: str | bytes) -> list[bytes]:
    """How a secret could stand in a log."""
    raw = secret if isinstance(secret, bytes) else secret.encode()
    return [raw, raw.hex().encode(), base64.b64encode(raw), base64.urlsafe_b64encode(raw)]


def made(answer: Answer) -> dict[str, Any]:
    assert answer.status in (200, 201, 202), answer.body
    found: dict[str, Any] = answer.json
    return found


def worked(fleet: Fleet, admin: Sender) -> list[str]:
    """A few of everything that has to do with secrets; returns those that were given out."""
    platform = made(admin.ask("POST", "/v1/keys", {"name": "P", "role": "platform"}))
    again = made(admin.ask("POST", f"/v1/keys/{platform['id']}/rotate", {"grace_s": 60}))
    hook = {"url": "http://127.0.0.1:9/jane.doe@example.org", "events": ["*"]}
    endpoint = made(admin.ask("POST", "/v1/webhooks", hook))
    sender = Sender(fleet.port, again["key"])
    system = {
        "name": "S", "vendor": "V", "system_version": "1", "mode": "ai_led",
        "decision_role": "informs",
    }  # fmt: skip
    system_id = made(admin.ask("POST", "/v1/systems", system))["id"]
    person = {"external_ref": PERSONAL[0], "jurisdictions": ["US-NJ"]}
    candidate = made(sender.ask("POST", "/v1/candidates", person))["id"]
    told = {"race_ethnicity": PERSONAL[3], "sex": "Female", "lawful_basis": "legal_obligation"}
    made(sender.ask("PUT", f"/v1/candidates/{candidate}/demographics", told))
    new = {"candidate_id": candidate, "system_id": system_id}
    interview = made(sender.ask("POST", "/v1/interviews", new))["id"]
    made(sender.single(interview, film(300_000, 1), name="Jane%20Doe.mp4"))
    check = {"interview_id": interview}
    made(sender.check(check, film(300_000, 2), disposition=_FORM))
    trouble(sender, again["key"])
    return [platform["key"], again["key"], endpoint["secret"]]


def trouble(sender: Sender, key: str) -> None:
    """Secrets where they do not belong, and broken requests."""
    sender.ask("GET", f"/v1/systems?key={key}&token={PASSWORD}")
    sender.ask("GET", f"/v1/systems/{key}")
    sender.ask("GET", f"/{key}/{PERSONAL[2]}")
    sender.ask("POST", "/v1/candidates", {key: PERSONAL[1], "external_ref": PERSONAL[2]})
    sender.ask("POST", "/v1/candidates", f'{{"a": "{key}'.encode())
    sender.ask("GET", "/v1/systems", headers={"X-Request-Id": f"{key}\u00ff", "Cookie": key})
    Sender(sender.port, key[:-1] + "_").ask("GET", "/v1/systems")
    Sender(sender.port, f"{key} {PASSWORD}").ask("GET", "/v1/systems")


def test_no_secret_in_what_processes_write(tmp_path: Path) -> None:
    database = Database(tmp_path / "pg")
    database.start()
    plain = database.url
    database.url = plain.replace("postgres:@", f"postgres:{PASSWORD}@")
    assert PASSWORD in database.url
    fleet = Fleet(tmp_path, database, 1, tmp_path / "weights")
    fleet.environment |= GIVEN
    try:
        fleet.start("api")
        fleet.start("worker0")
        fleet.wait_ready()
        first = fleet.admin_key()
        admin = Sender(fleet.port, first)
        given_out = worked(fleet, admin)
        tried(admin)
        fleet.kill("database")
        order = {"name": "Late", "role": "auditor"}
        broken = [admin.ask("GET", "/v1/systems"), admin.ask("POST", "/v1/keys", order)]
        assert all(each.status >= 500 for each in broken)
        failed = fleet.command("database", "status")
        assert failed.returncode != 0
    finally:
        fleet.stop()
    outputs = {path.name: path.read_bytes() for path in tmp_path.glob("*.log")}
    outputs["command"] = (failed.stdout + failed.stderr).encode()
    assert all(outputs.values()) and len(outputs) == 3
    assert outputs["api.log"].count(first.encode()) == 1  # printed once, for its owner
    outputs["api.log"] = outputs["api.log"].replace(first.encode(), b"")
    secrets = [*GIVEN.values(), MASTER, PASSWORD, *given_out, first, *PERSONAL]
    secrets.remove("debug")
    secrets += [each.rpartition("_")[2] for each in given_out]
    for secret in secrets:
        for spelling in spellings(secret):
            for name, output in outputs.items():
                assert spelling not in output, f"{secret!r} in {name}"
    lines = outputs["api.log"].splitlines()
    entries = [json.loads(line) for line in lines if line.startswith(b"{")]
    assert len(entries) > 15


def tried(admin: Sender) -> None:
    """Waits until the worker has failed at a check of noise, and at telling nobody of it."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        answer = admin.ask("GET", "/v1/webhooks/deliveries")
        if any(each["attempts"] > 0 for each in made(answer)["items"]):
            return
        time.sleep(0.5)
    raise AssertionError("no delivery was tried")
