"""The receiver in docs/webhooks.md takes what we send, once, and nothing else."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime, timedelta
from http.server import HTTPServer
from pathlib import Path
from typing import Any

import pytest

from audit.ids import new_id
from audit.webhooks import CheckCancelled, Secret, Sender, TargetRules, message

PAGE = Path(__file__).resolve().parents[3] / "docs" / "webhooks.md"
SECRET = Secret.parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")


def test_the_documented_receiver(capsys: pytest.CaptureFixture[str]) -> None:
    source = re.search(r"```python\n(import base64.*?)```", PAGE.read_text(), re.DOTALL)
    assert source is not None
    sample: dict[str, Any] = {"__name__": "sample"}
    exec(compile(source[1], "docs/webhooks.md", "exec"), sample)  # noqa: S102
    told = message(CheckCancelled(check_id=new_id("chk")), datetime.now(UTC))
    sender = Sender(TargetRules(http_loopback=True))
    now = datetime.now(UTC)
    attempts = [
        (SECRET, now),
        (SECRET, now),
        (Secret.generate(), now),
        (SECRET, now - timedelta(minutes=6)),
    ]
    with HTTPServer(("127.0.0.1", 0), sample["Receiver"]) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}/"
        statuses = [sender.send(url, told, [s], sent_at=t).status for s, t in attempts]
        server.shutdown()
        thread.join()
    assert statuses == [204, 204, 401, 401]
    assert sample["seen"] == {told.id}
    assert capsys.readouterr().out.count("check.cancelled") == 1
