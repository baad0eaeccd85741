"""The published audits that the ACLU transcribed: figures known from elsewhere must come out."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.published_audits import END, START, Checked, audits, main, report
from fairness.published import Code, Recomputes, check_publication


@pytest.fixture(scope="module")
def data(shared_data: Path) -> Path:
    return shared_data / "fairness" / "ll144" / "ll144_published_audits_slim.csv"


@pytest.fixture(scope="module")
def checked(data: Path) -> dict[str, Checked]:
    return {name: Checked(read, check_publication(read)) for name, read in audits(data)}


def test_figures_of_the_earlier_reality_check(checked: dict[str, Checked]) -> None:
    text = "\n".join(report(list(checked.values())))
    assert text.startswith("116 audits, ")
    assert "| audits with a ratio | 115 | 115 |" in text
    assert "| audits with a ratio below 0.8 | 59 | 59 |" in text
    assert "| audits with a ratio above 1 | 61 | 61 |" in text
    assert "| audits all of whose ratios fit one or the other | 40 of 115 | 39 |" in text
    assert "highest printed rate | 101 of 525 | 101 of 527 |" in text


def test_every_audit_gets_one_of_three_answers(checked: dict[str, Checked]) -> None:
    answers = [each.result.recomputes for each in checked.values()]
    assert len(answers) == 116
    assert set(answers) == set(Recomputes)


def test_hiredscore_2024_to_nine_digits(checked: dict[str, Checked]) -> None:
    each = checked["hiredscore_hiredscore_unknown_2024_audit_1"]
    compared = 0
    for table, result in zip(each.read.tables, each.result.tables, strict=True):
        assert result.recomputes is Recomputes.YES
        for row, found in zip(table.rows, result.rows, strict=True):
            assert found.ratio is not None
            assert found.ratio[0] == pytest.approx(float(row.ratio.value or 0), abs=5.1e-10)
            compared += 1
    assert compared == 17
    codes = [found.code for found in each.result.inconsistencies]
    assert codes.count(Code.ROW_IN_OTHER_TABLE) == 2


def test_staya_dover_2023(checked: dict[str, Checked]) -> None:
    each = checked["staya_inc_dover_varun_ganesan_2023_audit_1"]
    tables = {table.table: table for table in each.result.tables}
    race = tables["race_ethnicity (Selection)"]
    assert race.recomputes is Recomputes.YES
    assert race.ratios_checked == 5
    ratios = {row.category: row.ratio for row in race.rows if row.ratio}
    assert ratios["White"][0] == pytest.approx(0.3641, abs=5e-5)
    assert ratios["Native Hawaiian or Pacific Islander"] == (1.0, 1.0)


def test_adp_2024_top(checked: dict[str, Checked]) -> None:
    each = checked["adp_adp_blds_llc_2024_audit_2"]
    race = next(t for t in each.result.tables if t.table == "race_ethnicity (Selection, top)")
    assert race.recomputes is Recomputes.YES
    assert [row.category for row in race.rows if row.excluded] == [
        "Native American or Alaska Native",
        "Native Hawaiian or Pacific Islander",
    ]
    repeated = [f for f in each.result.inconsistencies if f.code is Code.NUMBERS_REPEATED]
    assert len(repeated) == 1


def test_command_writes_the_table(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "table.md"
    assert main(["--data", str(data), "--out", str(out)]) == 0
    assert out.read_text(encoding="utf-8") == capsys.readouterr().out
    assert main(["--data", str(tmp_path / "absent.csv")]) == 2


def test_the_page_holds_the_table(checked: dict[str, Checked]) -> None:
    page = (Path(__file__).parents[2] / "docs" / "fairness" / "published.md").read_text("utf-8")
    table = page.partition(START)[2].partition(END)[0]
    assert table.strip() == "\n".join(report(list(checked.values()))).strip()
