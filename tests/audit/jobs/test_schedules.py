"""Work that comes round is done once in a period, however many workers see it come."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from audit.jobs import SERVICE_TENANT, every
from audit.jobs.schedules import Clockwork
from audit.records.work import Job, Queue
from audit.store import Page, Store

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NIGHTLY = every("sweep", 86_400, "sweep", at_s=3 * 3600)
MINUTELY = every("seal", 60, "seal")


def jobs(store: Store) -> list[tuple[str, str]]:
    with store.reading(SERVICE_TENANT) as unit:
        items = unit.page(Job, Page(limit=200)).items
    return sorted((job.kind, str(job.dedup_key)) for job in items)


def test_two_workers_enqueue_each_period_once(store: Store) -> None:
    clockworks = [Clockwork(store, [NIGHTLY, MINUTELY]) for _ in range(2)]
    for clockwork in clockworks:
        clockwork.prepare()
    moment = NOON
    store.now = lambda: moment
    for minute in range(3):
        moment = NOON + timedelta(minutes=minute)
        with ThreadPoolExecutor() as pool:
            for turn in [pool.submit(clockwork.tick) for clockwork in clockworks]:
                turn.result()
    kinds = [kind for kind, _ in jobs(store)]
    assert (kinds.count("seal"), kinds.count("sweep"), len(kinds)) == (3, 1, 4)
    with store.reading(SERVICE_TENANT) as unit:
        job = unit.find(Job, kind="sweep")
    assert job and (job.subject, job.queue) == ("sweep", Queue.LIGHT)


def test_a_period_begins_at_its_time_of_day() -> None:
    three = NOON.replace(hour=3)
    first = NIGHTLY.period(three)
    assert NIGHTLY.period(three - timedelta(seconds=1)) == first - 1
    assert NIGHTLY.period(three + timedelta(hours=23, minutes=59)) == first
    assert NIGHTLY.period(three + timedelta(days=1)) == first + 1


def test_ended_jobs_of_long_past_periods_are_deleted(store: Store) -> None:
    clockwork = Clockwork(store, [MINUTELY])
    clockwork.prepare()
    start = datetime(2026, 3, 1, tzinfo=UTC)
    start -= timedelta(minutes=MINUTELY.period(start) % 100)  # a period that clears up
    moment = start
    store.now = lambda: moment
    clockwork.tick()
    with store.system() as connection:
        connection.exec_driver_sql("UPDATE jobs SET state = 'succeeded', finished_at = created_at")
    moment = start + timedelta(minutes=100)
    clockwork.tick()
    assert len(jobs(store)) == 2  # not older than 100 periods yet
    moment = start + timedelta(minutes=200)
    clockwork.tick()
    assert [key for _, key in jobs(store)] == [
        f"every:seal:{MINUTELY.period(start) + periods}" for periods in (100, 200)
    ]
