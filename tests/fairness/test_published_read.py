"""Reading published tables: forms that are understood, and errors for those that are not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from audit.errors import DataInvalid
from fairness.published import Recomputes, check
from fairness.published_categories import RACES, Who, race_of, sex_of, who
from fairness.published_read import MOST_BYTES, read
from tests.fairness.published_tables import DCWP_SELECTION


def write(tmp_path: Path, text: str, name: str = "audit.csv") -> Path:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Female", Who("Female", None)),
        ("Women", Who("Female", None)),
        ("Asian (Not Hispanic or Latino)", Who(None, "Asian")),
        ("Non-Hispanic White Male", Who("Male", "White")),
        ("Female / Two or More Races", Who("Female", "Two or More Races")),
        ("Male - Hispanic or Latino", Who("Male", "Hispanic or Latino")),
        ("American Indian or Alaska Native", Who(None, RACES[5])),
        ("Native Hawaiian or Other Pacific Islander", Who(None, RACES[3])),
        ("Missing/Unknown", Who("unknown", "unknown")),
        ("Total", Who("total", "total")),
        ("40 and older", Who(None, None, "40 and older")),
    ],
)
def test_categories(text: str, expected: Who) -> None:
    assert who(text) == expected


def test_sex_and_race_cells() -> None:
    assert [sex_of(text) for text in ("F", "male", "Nonbinary", "", "All")] == [
        "Female",
        "Male",
        "Nonbinary",
        None,
        "total",
    ]
    assert race_of("Black (non-Hispanic)") == "Black or African American"
    assert race_of("Other") == "Other"


def test_json_forms_read_like_csv(tmp_path: Path) -> None:
    rows = [
        {"sex": "Male", "applicants": 100, "selected": 40, "rate": 0.40, "impact_ratio": 1.00},
        {"sex": "Female", "applicants": 100, "selected": 20, "rate": "20%", "impact_ratio": ".50"},
    ]
    csv = write(
        tmp_path,
        "sex,applicants,selected,rate,impact_ratio\nMale,100,40,0.40,1.00\nFemale,100,20,20%,.50\n",
    )
    expected = check(csv)
    for data in (rows, {"rows": rows}, {"tables": [{"table": "sex", "rows": rows}]}):
        # json.dumps drops the zeros of 0.40; the text keeps them.
        text = json.dumps(data).replace("0.4,", "0.40,").replace("1.0}", "1.00}")
        got = check(write(tmp_path, text, "audit.json"))
        assert got.tables == expected.tables
        assert got.recomputes is Recomputes.YES


def test_json_unknown_of_audit_and_of_table(tmp_path: Path) -> None:
    rows = [{"sex": "Male", "applicants": 1, "rate": "100%"}]
    audit = read(write(tmp_path, json.dumps({"unknown": 250, "rows": rows}), "a.json"))
    assert audit.unknown.whole == 250
    text = json.dumps(
        {"tables": [{"table": "sex", "unknown": 7, "basis": "scoring", "rows": rows}]}
    )
    (table,) = read(write(tmp_path, text, "b.json")).tables
    assert (table.unknown.whole, table.scoring) == (7, True)


def test_delimiters_marks_and_blank_lines(tmp_path: Path) -> None:
    text = "sex;applicants;selected\n\nMale;1,000;40\n\nFemale;1,000;20\n"
    (table,) = read(write(tmp_path, "\ufeff" + text)).tables
    assert table.assessed == 2000
    file = tmp_path / "wide.csv"
    file.write_bytes(text.replace(";", "\t").encode("utf-16"))
    assert read(file).tables[0].assessed == 2000


def test_percent_headers_and_plain_percent_numbers(tmp_path: Path) -> None:
    for head in ("Selection Rate (%)", "% Selected", "rate"):
        text = f"sex,applicants,{head},impact ratio\nMale,1000,48.2,1.00\nFemale,1000,47.1,0.98\n"
        (table,) = read(write(tmp_path, text)).tables
        assert [float(row.rate.value or 0) for row in table.rows] == [0.482, 0.471], head


def test_scoring_is_read_from_the_column_name(tmp_path: Path) -> None:
    (table,) = read(write(tmp_path, "sex,scoring rate\nMale,.5\n")).tables
    assert table.scoring is True
    (table,) = read(write(tmp_path, "sex,Selection Rate\nMale,.5\n")).tables
    assert table.scoring is False


def test_variants_are_tables_of_their_own(tmp_path: Path) -> None:
    text = "variant,sex,rate\ntop,Male,.5\ntop,Female,.4\nboth,Male,.7\nboth,Female,.8\n"
    tables = read(write(tmp_path, text)).tables
    assert [table.name for table in tables] == ["sex (top)", "sex (both)"]


def test_own_dimensions_are_kept(tmp_path: Path) -> None:
    text = "table,category,applicants,selected,impact_ratio\n"
    text += "Age,Under 40,100,50,1.00\nAge,40 and older,100,40,.80\n"
    audit = check(write(tmp_path, text))
    assert audit.tables[0].dimension == "age"
    assert audit.tables[0].recomputes is Recomputes.YES


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a text table"),
        ("sex,rate\n", "no row below the header"),
        ("name,value\na,b\n", "no column names the categories"),
        ("sex,colour\nMale,red\n", "nothing to check"),
        ("sex,rate,Selection Rate\nMale,1,1\n", "two columns mean 'rate'"),
        ("sex,rate\nMale,=1+1\n", "row 2, column 'rate': '=1\\+1' is not a number"),
        ("sex,Scoring Rate\nMale,.5\nFemale,high\n", "row 3, column 'Scoring Rate'"),
        ("sex,selected\nMale,1,234\n", "line 2: 3 cells under 2 column"),
        ("sex,rate\n,.5\n", "row 2: names no category"),
        ("sex,rate\nTotal,.5\n", "row 2: a row of totals must say in which table"),
        ("sex,rate,excluded\nMale,.5,maybe\n", "row 2, column 'excluded': 'maybe' is neither"),
        ("table,sex,rate,unknown\nsex,Male,.5,3\nsex,Female,.5,4\n", "row 3, column 'unknown'"),
        ('sex,rate\n"Male,.5\n', "not readable CSV"),
        ("sex,rate\nMale,\0\n", "not a text table"),
        ("sex,rate\nMale,1e400000000\n", "row 2, column 'rate'"),
    ],
)
def test_malformed_csv_names_row_and_column(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataInvalid, match=message):
        check(write(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ('{"rows": 3}', "needs 'rows'"),
        ('{"tables": 3}', "'tables' must be a list"),
        ('{"tables": [3]}', "needs 'rows'"),
        ("[3]", "row 1: must be an object"),
        ('[{"sex": "Male", "rate": NaN}]', "NaN is not a number in JSON"),
        ('[{"sex": "Male", "rate": [1]}]', "row 1, rate: must be a number or text"),
        ('[{"sex": "Male"}]', "nothing to check"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_malformed_json(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataInvalid, match=message):
        check(write(tmp_path, text, "audit.json"))


def test_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(DataInvalid, match="cannot be read"):
        check(tmp_path / "absent.csv")
    latin = tmp_path / "latin.csv"
    latin.write_bytes("sex,rate\nM\xe4nnlich,.5\n".encode("latin-1"))
    with pytest.raises(DataInvalid, match="save the file as UTF-8"):
        check(latin)
    large = tmp_path / "large.csv"
    with large.open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    with pytest.raises(DataInvalid, match="a published table is small"):
        check(large)


def test_one_long_line_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataInvalid):
        check(write(tmp_path, "sex,rate" + "x" * 1_000_000))


def test_string_paths_are_taken(tmp_path: Path) -> None:
    assert check(str(write(tmp_path, DCWP_SELECTION))).source.endswith("audit.csv")


def test_a_table_with_hundreds_of_categories_is_refused(tmp_path: Path) -> None:
    rows = "".join(f"team,group {i},{i + 1},0.5,1.00\n" for i in range(201))
    with pytest.raises(DataInvalid, match="201 categories"):
        check(write(tmp_path, "table,category,applicants,rate,ratio\n" + rows))
