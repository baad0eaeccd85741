"""CSV: every bad row is listed by its number, and nothing is written before all were checked."""

from __future__ import annotations

import io
import tracemalloc
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.ats import CsvFormat, CsvImport, OutcomeEvent, Source, default_words, import_csv
from audit.errors import OutcomeInvalid
from audit.records.register import OutcomeClass

WORDS = default_words(Source.CSV)
HEADING = "candidate,job,stage,outcome,occurred_at"
GOOD = "c-1,job-3,Phone screen,advanced,2026-03-01T09:00:00Z"


def load(text: str | bytes, **options: Any) -> tuple[CsvImport, list[OutcomeEvent]]:
    written: list[OutcomeEvent] = []
    data = text.encode() if isinstance(text, str) else text
    done = import_csv(io.BytesIO(data), written.append, WORDS, **options)
    return done, written


def refused(text: str | bytes, **options: Any) -> OutcomeInvalid:
    written: list[OutcomeEvent] = []
    data = text.encode() if isinstance(text, str) else text
    with pytest.raises(OutcomeInvalid) as refusal:
        import_csv(io.BytesIO(data), written.append, WORDS, **options)
    assert written == []
    return refusal.value


def test_rows_are_imported() -> None:
    text = f"{HEADING}\n{GOOD}\nc-2,job-3,Interview,Hired,2026-03-02T09:00:00+01:00\n"
    done, written = load(text)
    assert done == CsvImport(2, 2, 0, (), 0, 0)
    assert [e.candidate for e in written] == ["c-1", "c-2"]
    assert written[1].outcome is OutcomeClass.HIRED
    assert written[1].occurred_at == datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
    assert {e.source for e in written} == {Source.CSV}


def test_headings_are_mapped_and_other_columns_are_dropped_unread() -> None:
    text = (
        (
            "\ufeffApplicant ID;Name;E-Mail;Requisition;Step;Decision;Date;Overall;Q 1\r\n"
            'a-1;"Quux; Zelda";zelda@example.com;R7;"Phone\r\nscreen";ja;01.03.2026;71,0;\r\n'
        )
        .replace("01.03.2026", "2026-03-01")
        .replace("71,0", "71.5")
    )
    form = CsvFormat(
        columns={
            "candidate": "applicant id",
            "job": "Requisition",
            "stage": "Step",
            "outcome": "Decision",
            "occurred_at": "DATE",
        },
        scores={"total": "Overall", "q1": "Q 1"},
        delimiter=";",
        zone=ZoneInfo("America/New_York"),
    )
    written: list[OutcomeEvent] = []
    words = WORDS.extended({"ja": OutcomeClass.ADVANCED})
    done = import_csv(io.BytesIO(text.encode()), written.append, words, form=form)
    (event,) = written
    assert (event.candidate, event.job, event.stage) == ("a-1", "R7", "Phone screen")
    assert event.scores == {"total": 71.5}
    assert event.occurred_at == datetime(2026, 3, 1, 5, 0, tzinfo=UTC)
    assert done.dropped == 2
    assert "Zelda" not in repr((written, done))


def test_all_bad_rows_are_listed_by_number_and_nothing_is_imported() -> None:
    text = "\n".join(
        [
            HEADING,
            GOOD,
            "Zelda Quux,job-3,Phone screen,advanced,2026-03-01T09:00:00Z",
            "",
            "c-3,job-3,Phone screen,passed,soon",
            "c-4,job-3",
            GOOD,
            "c-5,job-3,Phone screen,withdrawn,2026-03-01T09:00:00Z",
            "c-6,job-3,Phone screen,withdrawn,2026-03-01T09:00:00Z,more",
        ]
    )
    error = refused(text)
    assert [place for place, _ in error.faults] == [
        "row 3, candidate",
        "row 5, outcome",
        "row 5, occurred_at",
        "row 6, columns",
        "row 7, event_id",
        "row 9, columns",
    ]
    assert "'passed' is not mapped" in dict(error.faults)["row 5, outcome"]
    assert "5 of 7 rows have faults; nothing was imported" in str(error)
    assert "Zelda" not in str(error) + repr(error.faults)
    done, written = load(text, partial=True)
    assert [e.candidate for e in written] == ["c-1", "c-5"]
    assert (done.rows, done.imported, done.faulty) == (7, 2, 5)
    assert done.faults == error.faults


def test_the_list_of_faults_has_a_limit_and_the_count_has_none() -> None:
    rows = "\n".join(f"c {n},job,s,advanced,2026-03-01T09:00:00Z" for n in range(500))
    error = refused(f"{HEADING}\n{rows}\n", most_faults=7)
    assert len(error.faults) == 7
    assert "500 of 500 rows" in str(error)


def test_a_word_that_is_mapped_to_nothing_is_counted_and_not_imported() -> None:
    written: list[OutcomeEvent] = []
    words = WORDS.extended({"screening": None})
    text = f"{HEADING}\n{GOOD}\n{GOOD.replace('advanced', 'Screening')}\n"
    done = import_csv(io.BytesIO(text.encode()), written.append, words)
    assert (done.imported, done.not_outcomes, len(written)) == (1, 1, 1)


def test_the_same_event_id_twice_is_a_fault() -> None:
    text = f"event_id,{HEADING}\ne1,{GOOD}\ne1,{GOOD.replace('c-1', 'c-2')}\n"
    assert [place for place, _ in refused(text).faults] == ["row 3, event_id"]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "no column 'candidate', 'job', 'stage', 'outcome', 'occurred_at'"),
        ("candidate,job,stage,outcome\n", "no column 'occurred_at'"),
        (HEADING.replace(",", ";") + "\n" + GOOD, "separated by something else"),
        (HEADING + ",Job\n" + GOOD + ",x\n", "'job' twice"),
        (HEADING + '\n"c-1,job-3,s,advanced,2026-03-01T09:00:00Z\n', "not CSV"),
        (HEADING + '\n"c-1"x,job-3,s,advanced,2026-03-01T09:00:00Z\n', "row 2 (line 2) is not CSV"),
        (HEADING.encode() + b"\n\xff\xfe,job\n", "line 2 is not UTF-8"),
        ("\n".join([HEADING, GOOD]).encode("utf-16"), "line 1 is not UTF-8"),
        (HEADING + "\nc-\x001,job\n", "zero byte"),
        (HEADING + "\n" + "x" * 70_000 + "\n", "line 2 is longer"),
        (HEADING + '\n"' + ("x" * 1000 + "\n") * 200 + '"\n', "not CSV"),
    ],
)
def test_files_that_are_no_such_table_are_refused(text: str | bytes, part: str) -> None:
    assert part in str(refused(text))


def test_columns_that_were_mapped_have_to_be_there() -> None:
    form = CsvFormat(columns={"decided_by": "Decider"}, scores={"total": "Overall"})
    assert "'Decider', 'Overall'" in str(refused(f"{HEADING}\n{GOOD}\n", form=form))


def test_a_format_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(OutcomeInvalid, match="no such field: name"):
        CsvFormat(columns={"name": "Name"})
    with pytest.raises(OutcomeInvalid, match="comma"):
        CsvFormat(delimiter="|")


def test_a_file_is_read_from_where_it_stands() -> None:
    file = io.BytesIO(f"junk\n{HEADING}\n{GOOD}\n".encode())
    file.readline()
    written: list[OutcomeEvent] = []
    import_csv(file, written.append, WORDS)
    assert len(written) == 1


def test_a_failing_write_stops_the_import() -> None:
    def fails(event: OutcomeEvent) -> None:
        raise KeyError(event.candidate)

    with pytest.raises(KeyError):
        import_csv(io.BytesIO(f"{HEADING}\n{GOOD}\n".encode()), fails, WORDS)


class Rows(io.RawIOBase):
    """A file of many rows that is never in memory as a whole."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.at = 0

    def readline(self, size: int | None = -1, /) -> bytes:
        self.at += 1
        if self.at == 1:
            return f"event_id,{HEADING}\n".encode()
        return f"e{self.at},{GOOD}\n".encode() if self.at <= self.count + 1 else b""

    def tell(self) -> int:
        return self.at

    def seek(self, offset: int, whence: int = 0, /) -> int:
        self.at = offset
        return offset


def test_memory_does_not_grow_with_the_rows_but_for_their_digests() -> None:
    count = 0

    def write(event: OutcomeEvent) -> None:
        nonlocal count
        count += 1

    tracemalloc.start()
    try:
        import_csv(Rows(4000), write, WORDS)  # type: ignore[arg-type]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 4000
    assert peak < 4_000_000


CELLS = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=15)


@given(st.lists(st.lists(CELLS, min_size=1, max_size=7), max_size=6), st.booleans())
def test_any_table_is_imported_or_refused(rows: list[list[str]], partial: bool) -> None:
    text = f"{HEADING}\n{GOOD}\n" + "\n".join(",".join(row) for row in rows)
    written: list[OutcomeEvent] = []
    try:
        done = import_csv(io.BytesIO(text.encode()), written.append, WORDS, partial=partial)
    except OutcomeInvalid:
        assert written == []
    else:
        assert done.imported == len(written)
        assert done.rows == done.imported + done.faulty + done.not_outcomes
