"""Handlers that tests run, here and in processes that are killed.

As a program: `python -m tests.audit.jobs.deeds URL FOLDER QUEUE...` is a worker until it is killed.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

from audit.errors import DataInvalid
from audit.jobs import Handler, JobContext, JobLost, RetryLater, Worker, enqueue
from audit.records.work import Queue
from audit.settings import Jobs
from audit.store import Store
from tests import databases

QUICK = Jobs(poll_s=0.05, beat_s=0.2, stale_s=1.0, stop_s=2.0)


class Deeds:
    """Handlers that tell what they do in files of a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.order: list[str] = []
        self.go = threading.Event()

    def handlers(self) -> dict[str, Handler]:
        """By kind."""
        return {
            "plain": self.plain,
            "stuck": self.stuck,
            "stalled": self.stalled,
            "fatal": self.fatal,
            "wrong": self.wrong,
            "broken": self.broken,
            "twice": self.twice,
            "patient": self.patient,
            "pausing": self.pausing,
        }

    def tell(self, line: str) -> int:
        """Appends a line to the diary; returns how many times it stands there."""
        with (self.folder / "diary").open("a") as diary:
            diary.write(f"{line}\n")
        return self.told(line)

    def told(self, line: str) -> int:
        """How many times a line stands in the diary."""
        diary = self.folder / "diary"
        return diary.read_text().splitlines().count(line) if diary.exists() else 0

    def effect(self, context: JobContext) -> None:
        """Succeeds with an effect: a job that nobody does."""
        with context.completing() as unit:
            enqueue(unit, kind="effect", subject=context.subject, queue=Queue.GPU)

    def plain(self, context: JobContext) -> None:
        """Succeeds."""
        self.order.append(context.subject)
        context.progress(0.5, "half")
        self.effect(context)

    def stuck(self, context: JobContext) -> None:
        """Ends its first step, and stays in the second one where this is the first attempt."""
        first = context.step("first", lambda: [self.tell("first"), os.getpid()])
        if context.attempt == 1:
            context.step("second", lambda: self.tell("second") and time.sleep(60))
        context.step("third", lambda: self.tell(f"third after {first[1]}"))
        self.effect(context)

    def stalled(self, context: JobContext) -> None:
        """Waits for a file in its first attempt; tells whether its effect was refused."""
        self.tell(f"attempt {context.attempt}")
        while context.attempt == 1 and not (self.folder / "go").exists():
            time.sleep(0.02)
        try:
            self.effect(context)
        except JobLost:
            self.tell("refused")
            raise

    def fatal(self, context: JobContext) -> None:
        """Kills its worker."""
        context.step("begin", lambda: self.tell("begin"))
        self.tell("killed")
        os.kill(os.getpid(), signal.SIGKILL)

    def wrong(self, context: JobContext) -> None:
        """Fails for a reason of its input."""
        context.step("look", lambda: self._refuse("row 3 has no score"))

    def broken(self, context: JobContext) -> None:
        """Fails for a reason of its own, in words that must not be seen."""
        context.step("look", lambda: {}["Ada Lovelace"])

    def twice(self, context: JobContext) -> None:
        """Succeeds at the third try."""
        context.step("once", lambda: self.tell("once"))
        context.step("send", lambda: self._later(context))
        self.effect(context)

    def patient(self, context: JobContext) -> None:
        """Goes on until it is cancelled, lost or released."""
        self.tell("waiting")
        while True:
            context.check_cancelled()
            time.sleep(0.02)

    def pausing(self, context: JobContext) -> None:
        """Waits for the test, and then succeeds, without a look at its row before."""
        self.tell("pausing")
        self.go.wait(20)
        self.effect(context)

    def _later(self, context: JobContext) -> int:
        if context.attempt < 3:
            raise RetryLater(0.05, "not_yet")
        return self.tell("sent")

    def _refuse(self, why: str) -> None:
        raise DataInvalid(why)


def main() -> None:
    """Works until killed."""
    url, folder, *queues = sys.argv[1:]
    store = Store.open(url, databases.master_keys(), pool_size=5)
    deeds = Deeds(Path(folder))
    with Worker(store, QUICK, deeds.handlers(), [Queue(name) for name in queues]):
        threading.Event().wait()


if __name__ == "__main__":
    main()
