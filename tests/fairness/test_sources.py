"""Tables of any kind are read as they are, or refused in bounded time with a reason."""

from __future__ import annotations

import resource
import time
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import sqlalchemy

from audit.errors import DataInvalid
from fairness.builder import cube_of
from fairness.rows import Rows, open_rows
from fairness.sources import Database
from fairness.spec import AuditSpec, load_spec

SPEC: dict[str, Any] = {
    "outcome": {"column": "out", "selected": ["y"], "not_selected": ["n"]},
    "features": [{"name": "group", "column": "who"}],
}
HEADER = "who,out\n"


def spec(**changes: Any) -> AuditSpec:
    return load_spec({**SPEC, **changes})


def written(tmp_path: Path, content: str | bytes, name: str = "d.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def groups(data: Any, **changes: Any) -> dict[str, tuple[int, int]]:
    counts = cube_of(data, spec(**changes)).counts(("group",))
    return {
        g: (int(n), int(x))
        for (g,), n, x in zip(counts.groups, counts.assessed, counts.selected, strict=True)
    }


def refused(data: Any, **changes: Any) -> str:
    with pytest.raises(DataInvalid) as caught:
        cube_of(data, spec(**changes))
    return str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"])
def test_encodings_are_told_from_the_bytes(encoding: str, tmp_path: Path) -> None:
    text = HEADER + "Frau Müller,y\nHerr Çelik,n\n" * 3
    path = written(tmp_path, text.encode(encoding))
    with open_rows(path, spec()) as rows:
        assert rows.levels("group") == ("Frau Müller", "Herr Çelik")
        guessed = [n.facts["encoding"] for n in rows.notes if n.code == "encoding_guessed"]
    assert guessed == (["cp1252"] if encoding in ("cp1252", "latin-1") else [])


def test_bytes_of_no_code_page_are_read_as_latin_1(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER.encode() + b"\x81\xe9,y\n")
    with open_rows(path, spec()) as rows:
        assert rows.levels("group") == ("\x81é",)


def test_a_given_encoding_is_taken_and_checked(tmp_path: Path) -> None:
    path = written(tmp_path, (HEADER + "Ж,y\n").encode("koi8-r"))
    assert groups(path, csv={"encoding": "koi8-r"}) == {"Ж": (1, 1)}
    assert "not ascii throughout" in refused(path, csv={"encoding": "ascii"})
    assert "not the name" in refused(path, csv={"encoding": "klingon"})
    assert "not an encoding of text" in refused(path, csv={"encoding": "base64"})
    bare = written(tmp_path, (HEADER + "a,y\n").encode("utf-16-le"), "bare.csv")
    assert "zero bytes" in refused(bare)
    assert groups(bare, csv={"encoding": "utf-16-le"}) == {"a": (1, 1)}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_told_from_the_rows(delimiter: str, tmp_path: Path) -> None:
    rows = [["who", "out"], ['"a, b; c"', "y"], ["plain", "n"]]
    text = "\r\n".join(delimiter.join(r) for r in rows)
    assert groups(written(tmp_path, text)) == {"a, b; c": (1, 1), "plain": (1, 0)}


def test_a_separator_line_and_line_breaks_in_fields_are_read(tmp_path: Path) -> None:
    path = written(tmp_path, 'sep=;\nwho;out\n"a\nb";y\n')
    assert groups(path) == {"a\nb": (1, 1)}


def test_formulas_are_text(tmp_path: Path) -> None:
    cells = ["=1+1", '"=HYPERLINK(""http://example.invalid"",""x"")"', "@SUM(A1)", "-2+3"]
    path = written(tmp_path, HEADER + "".join(f"{c},y\n" for c in cells))
    found = groups(path)
    assert set(found) == {"=1+1", '=HYPERLINK("http://example.invalid","x")', "@SUM(A1)", "-2+3"}


def test_names_with_quotes_are_names(tmp_path: Path) -> None:
    path = written(tmp_path, '"a ""b"" \'c\'",out\n"x\'); DROP TABLE keyed; --",y\n')
    feature = {"name": "group", "column": "a \"b\" 'c'"}
    assert groups(path, features=[feature]) == {"x'); DROP TABLE keyed; --": (1, 1)}


def test_an_endless_line_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "line.csv"
    with path.open("wb") as file:
        file.write(HEADER.encode() + b"a" * 2**20)
        for _ in range(9):
            file.write(b"a" * 2**20)
        # The rest of the five gigabytes is a hole: it is never read.
        file.truncate(5 * 2**30)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    assert "line longer than 8 MiB" in refused(path)
    assert time.perf_counter() - start < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


def test_a_hole_of_five_gigabytes_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "zeros.csv"
    with path.open("wb") as file:
        file.truncate(5 * 2**30)
    start = time.perf_counter()
    assert "zero bytes" in refused(path)
    assert time.perf_counter() - start < 5


def test_a_long_quoted_field_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER + '"' + ("x" * 1000 + "\n") * 3000 + '",y\n')
    message = refused(path, limits={"line_mb": 1})
    assert "d.csv" in message


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "is empty"),
        ("who,out\n", "no rows"),
        ("\n\n", "header"),
        ("who,out,who\na,y,b\n", "two columns named 'who'"),
        ("who,out\na,y\nb\n", "line 3: 1 fields where the header has 2"),
        ('who,out\n"a,y\n', "quoted field"),
        ("Who,outcome\na,y\n", "no column 'out' (did you mean 'outcome'?)"),
        (b"PK\x03\x04rest", "spreadsheet"),
        (b"\x1f\x8brest", "compressed"),
        (b"PAR1rest", "Parquet"),
        (b"ARROW1rest", "Arrow"),
        (b"SQLite format 3\x00", "sqlite:///"),
    ],
)
def test_broken_files_are_refused(content: str | bytes, why: str, tmp_path: Path) -> None:
    assert why in refused(written(tmp_path, content))


def test_paths_that_hold_no_table_are_refused(tmp_path: Path) -> None:
    assert "not there" in refused(tmp_path / "nothing.csv")
    assert "no Parquet" in refused(tmp_path)
    assert "'query'" in refused("postgresql://host/db")
    assert "is no table" in refused(42)


def test_parts_of_a_parquet_folder_are_one_table(tmp_path: Path) -> None:
    for i, word in enumerate("yn"):
        pd.DataFrame({"who": ["a"], "out": [word]}).to_parquet(tmp_path / f"part*{i}.parquet")
    assert groups(tmp_path) == {"a": (2, 1)}


def test_columns_that_hold_no_words_are_refused() -> None:
    nested = pa.table({"who": [["a"]], "out": ["y"]})
    assert "varchar[]" in refused(nested)


def test_frames_of_mixed_values_are_words() -> None:
    frame = pd.DataFrame({"who": [1, "x", None, True], "out": ["y", "y", "n", "n"]})
    assert groups(frame) == {"1": (1, 1), "true": (1, 0), "x": (1, 1)}
    lazy = pl.LazyFrame({"who": ["a"], "out": ["y"], "more": [1]})
    assert groups(lazy) == {"a": (1, 1)}
    twice = pd.DataFrame([["a", "b", "y"]], columns=["who", "who", "out"])
    assert "two columns" in refused(twice)
    categories = pd.DataFrame({"who": pd.Categorical(["a", "b"]), "out": ["y", "n"]})
    assert groups(categories) == {"a": (1, 1), "b": (1, 0)}


@pytest.fixture
def database(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'd.sqlite'}"
    engine = sqlalchemy.create_engine(url)
    with engine.begin() as link:
        link.execute(sqlalchemy.text("CREATE TABLE t (who TEXT, out INTEGER, fit REAL)"))
        rows = [{"w": w, "o": i % 2, "f": i / 3} for i, w in enumerate("abab" * 20)]
        link.execute(sqlalchemy.text("INSERT INTO t VALUES (:w, :o, :f)"), rows)
        link.execute(sqlalchemy.text("INSERT INTO t VALUES (NULL, 1, NULL)"))
    engine.dispose()
    return url


def test_a_query_is_read_in_batches(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fairness.sources._BATCH", 7)
    outcome = {"column": "out", "selected": [1], "not_selected": [0]}
    changes = {"outcome": outcome, "scores": [{"name": "fit", "column": "fit"}]}
    query = "SELECT * FROM t"
    cube = cube_of(Database(database, query), spec(**changes))
    counts = cube.counts(("group",))
    assert counts.assessed.tolist() == [40, 40]
    assert (counts.unknown_assessed, counts.unknown_selected) == (1, 1)
    assert cube.median("fit").value == (39 / 3 + 40 / 3) / 2
    assert cube_of(database, spec(**changes, query=query)).counts(("group",)).assessed.sum() == 80


@pytest.mark.parametrize(
    ("url", "query", "why"),
    [
        (None, "SELECT none FROM t", "no such column"),
        (None, "SELECT who FROM t", "no column 'out'"),
        (None, "CREATE TABLE u (x)", "no rows"),
        ("nonsense://user:secret@host/db", "SELECT 1", "cannot be queried"),
        ("not a url", "SELECT 1", "cannot be queried"),
    ],
)
def test_queries_that_fail_say_why(database: str, url: str | None, query: str, why: str) -> None:
    message = refused(Database(url or database, query))
    assert why in message
    assert "secret" not in message


def test_the_url_is_not_shown() -> None:
    assert "secret" not in repr(Database("postgresql://u:secret@h/d", "SELECT 1"))


def test_the_hash_is_of_the_bytes(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER + "a,y\n")
    with open_rows(path, spec()) as rows:
        assert isinstance(rows, Rows)
        assert rows.sha256() == "8d51c16cce6470cc8a9b69d1455541c0b767de0697e54749b234c7f40e4e2647"
    with open_rows(pd.DataFrame({"who": ["a"], "out": ["y"]}), spec()) as rows:
        assert rows.sha256() is None


def test_nothing_is_left_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    path = written(tmp_path, HEADER + "a,y\n")
    cube_of(path, spec())
    refused(written(tmp_path, HEADER + "a,maybe\n"))
    assert list((tmp_path / "scratch").iterdir()) == []
