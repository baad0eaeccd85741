"""Published audits with known answers, and one small table per inconsistency."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairness.published import Code, Inconsistency, Kind, PublishedAudit, Recomputes, check
from fairness.published_types import KINDS
from tests.fairness import published_tables as published

WORST = (Kind.CONTRADICTION, Kind.DEVIATION)


def checked(tmp_path: Path, text: str) -> PublishedAudit:
    file = tmp_path / "audit.csv"
    file.write_text(text, encoding="utf-8")
    return check(file)


def with_code(audit: PublishedAudit, code: Code) -> list[Inconsistency]:
    return [found for found in audit.inconsistencies if found.code is code]


def only(audit: PublishedAudit, code: Code) -> Inconsistency:
    (found,) = with_code(audit, code)
    return found


def worst(audit: PublishedAudit) -> set[Code]:
    return {found.code for found in audit.inconsistencies if found.kind in WORST}


def sex(*rows: str, head: str = "applicants,selected,rate,impact_ratio") -> str:
    return f"sex,{head}\n" + "\n".join(rows) + "\n"


def race(*rows: str, head: str = "applicants,selected,rate,impact_ratio") -> str:
    return f"race,{head}\n" + "\n".join(rows) + "\n"


def test_every_code_has_a_kind() -> None:
    assert set(KINDS) == set(Code)


def test_dcwp_selection_example_only_fails_to_reconcile(tmp_path: Path) -> None:
    audit = checked(tmp_path, published.DCWP_SELECTION)
    assert [table.recomputes for table in audit.tables] == [Recomputes.YES] * 3
    assert audit.recomputes is Recomputes.NO
    assert worst(audit) == {Code.TOTALS_DO_NOT_RECONCILE}
    hispanic, whole = with_code(audit, Code.TOTALS_DO_NOT_RECONCILE)
    assert hispanic.text == (
        "Hispanic or Latino: 408 (204 selected) in the race_ethnicity table and 395 (172 selected) "
        "in the intersectional table; 13 persons of unknown category cannot have 32 selected among "
        "them."
    )
    assert whole.printed == "2584"
    assert whole.recomputed == "2571"
    assert not with_code(audit, Code.CATEGORY_MISSING)
    assert set(audit.by_code) == {"totals_do_not_reconcile"}


def test_dcwp_selection_example_ratios(tmp_path: Path) -> None:
    audit = checked(tmp_path, published.DCWP_SELECTION)
    ratios = {
        (table.dimension, row.category): row.ratio for table in audit.tables for row in table.rows
    }
    for key, value in {
        ("sex", "Female"): 0.979337,
        ("race_ethnicity", "Black or African American"): 0.843229,
        ("intersectional", "Female Native American or Alaska Native"): 0.789056,
    }.items():
        low, high = ratios[key] or (0, 0)
        assert low == high == pytest.approx(value, abs=5e-7)
    assert sum(table.ratios_checked for table in audit.tables) == 23
    assert sum(table.rates_checked for table in audit.tables) == 23


def test_dcwp_scoring_example_has_one_truncated_rate(tmp_path: Path) -> None:
    audit = checked(tmp_path, published.DCWP_SCORING)
    assert worst(audit) == set()
    truncated = only(audit, Code.RATE_TRUNCATED)
    assert truncated.category == "Hispanic or Latino"
    assert truncated.printed == "64.2%"
    assert truncated.recomputed == "0.64286"
    assert "18 give 0.64286" in truncated.text
    assert [table.recomputes for table in audit.tables] == [Recomputes.YES] * 2
    assert audit.recomputes is Recomputes.YES
    assert {found.category for found in with_code(audit, Code.CATEGORY_MISSING)} == {
        "Native American or Alaska Native",
        "Two or More Races",
    }


def test_staya_with_empty_and_tiny_groups(tmp_path: Path) -> None:
    audit = checked(tmp_path, published.STAYA)
    assert worst(audit) == set()
    assert {found.category for found in with_code(audit, Code.RATE_OF_NOBODY)} == {
        "Native American or Alaska Native",
        "Two or More Races",
    }
    assert [table.recomputes for table in audit.tables] == [Recomputes.YES] * 2
    empty = [row for table in audit.tables for row in table.rows if row.assessed == 0]
    assert [(row.rate, row.ratio) for row in empty] == [(None, None)] * 2


def test_adp_groups_under_two_percent_set_no_denominator(tmp_path: Path) -> None:
    audit = checked(tmp_path, published.ADP)
    assert worst(audit) == set()
    (table,) = audit.tables
    assert table.recomputes is Recomputes.YES
    assert table.referent == "the highest rate of the table"
    excluded = {row.category for row in table.rows if row.excluded}
    assert excluded == {"Native American or Alaska Native", "Native Hawaiian or Pacific Islander"}
    assert {row.category for row in table.rows if row.ratio is None} == excluded


def test_adp_denominator_taken_from_an_excluded_group(tmp_path: Path) -> None:
    ratios = {".934": ".826", ".983": ".869", ".992": ".877", "1.000": ".884", ".987": ".872"}
    text = published.ADP
    for old, new in ratios.items():
        text = text.replace(f",{old}\n", f",{new}\n")
    audit = checked(tmp_path, text)
    assert len(with_code(audit, Code.EXCLUDED_SETS_DENOMINATOR)) == 5
    assert only(audit, Code.HIGHEST_NOT_ONE).category == "Two or More Races"
    assert audit.recomputes is Recomputes.NO


def test_hiredscore_counts(tmp_path: Path) -> None:
    audit = checked(tmp_path, published.HIREDSCORE)
    assert worst(audit) == set()
    assert [table.recomputes for table in audit.tables] == [Recomputes.YES] * 2
    assert len(with_code(audit, Code.RATE_MISSING)) == 2


@pytest.mark.parametrize("digits", ["22167", "22166", "22168"])
def test_one_unit_in_the_last_place_is_seen(tmp_path: Path, digits: str) -> None:
    text = published.HIREDSCORE.replace(".922167,", f".9{digits},")
    audit = checked(tmp_path, text)
    assert (audit.tables[0].recomputes is Recomputes.YES) is (digits == "22167")


@pytest.mark.parametrize(
    ("rows", "code", "category"),
    [
        (("Male,100,40.5,40%,1", "Female,100,20,20%,.5"), Code.COUNT_NOT_WHOLE, "Male"),
        (("Male,100,101,101%,1", "Female,100,20,20%,.2"), Code.SELECTED_EXCEEDS_ASSESSED, "Male"),
        (("Male,100,N/A,1.31,1", "Female,100,N/A,.20,.15"), Code.RATE_ABOVE_ONE, "Male"),
        (("Male,100,40,41%,1", "Female,100,20,20%,.5"), Code.RATE_MISMATCH, "Male"),
        (("Male,7,,50%,1", "Female,100,20,20%,.4"), Code.RATE_NOT_ATTAINABLE, "Male"),
        (("Male,300,110,36.6%,1", "Female,100,20,20%,.55"), Code.RATE_TRUNCATED, "Male"),
        (("Male,100,40,40%,1.00", "Female,100,20,20%,.61"), Code.RATIO_MISMATCH, "Female"),
        (("Male,100,30,30%,1.00", "Female,100,20,20%,.66"), Code.RATIO_TRUNCATED, "Female"),
        (("Male,100,20,20%,1.00", "Female,100,40,40%,2.00"), Code.RATIO_ABOVE_ONE, "Female"),
        (("Male,100,20,20%,1.00", "Female,100,40,40%,2.00"), Code.WRONG_REFERENT, "Female"),
        (("Male,100,40,40%,N/A", "Female,100,20,20%,.50"), Code.HIGHEST_NOT_ONE, "Male"),
        (("Male,100,40,40%,1.00", "Female,100,20,20%,N/A"), Code.RATIO_MISSING, "Female"),
        (("Male,100,40,40%,1.00", "Female,100,20,,.50"), Code.RATE_MISSING, "Female"),
        (
            ("Male,100,40,40%,1", "Female,9,2,22%,.56", "Male,100,40,40%,1"),
            Code.ROW_REPEATED,
            "Male",
        ),
        (
            ("Male,100,40,40%,1", "Female,9,2,22%,.56", "Male,90,36,40%,1"),
            Code.ROW_REPEATED_DIFFERENTLY,
            "Male",
        ),
        (("Male,5000,40,.8%,1", "Female,5000,40,.8%,1"), Code.NUMBERS_REPEATED, "Female"),
    ],
)
def test_one_inconsistency(
    tmp_path: Path, rows: tuple[str, ...], code: Code, category: str
) -> None:
    audit = checked(tmp_path, sex(*rows))
    assert category in {found.category for found in with_code(audit, code)}
    found = next(each for each in with_code(audit, code) if each.category == category)
    assert found.text.endswith(".")
    assert category in found.text


def test_a_sound_table_recomputes(tmp_path: Path) -> None:
    audit = checked(tmp_path, sex("Male,100,40,40%,1.00", "Female,100,20,20%,.50"))
    assert audit.recomputes is Recomputes.YES
    assert worst(audit) == set()
    assert set(audit.by_code) == {"table_missing", "unknown_count_missing"}


def test_mismatch_tells_printed_recomputed_and_tolerance(tmp_path: Path) -> None:
    audit = checked(tmp_path, sex("Male,100,40,40%,1.00", "Female,100,20,20%,.61"))
    found = only(audit, Code.RATIO_MISMATCH)
    assert (found.table, found.category, found.printed) == ("sex", "Female", ".61")
    assert (found.recomputed, found.low, found.high, found.tolerance) == ("0.5", 0.5, 0.5, 0.005)


def test_rounding_of_printed_rates_is_propagated(tmp_path: Path) -> None:
    """Rates .05 and .06 allow any ratio in [.045/.065, .055/.055]: .70 to 1.00."""
    for ratio, fits in ((".68", False), (".69", True), (".92", True), ("1.00", True)):
        audit = checked(
            tmp_path,
            sex(f"Male,,.05,{ratio}", "Female,,.06,1.00", head="applicants,rate,impact_ratio"),
        )
        assert (not with_code(audit, Code.RATIO_MISMATCH)) is fits, ratio


def test_counts_leave_no_room(tmp_path: Path) -> None:
    """The same rates with counts: only the exact ratio, or that of the rates as printed."""
    for ratio, fits in ((".82", True), (".83", True), (".92", False), (".70", False)):
        audit = checked(tmp_path, sex(f"Male,1000,49,.05,{ratio}", "Female,1000,60,.06,1.00"))
        assert (not with_code(audit, Code.RATIO_MISMATCH)) is fits, ratio


def test_wrong_referent_is_named(tmp_path: Path) -> None:
    audit = checked(
        tmp_path,
        race(
            "White,1000,500,50.0%,1.000",
            "Black or African American,1000,450,45.0%,.900",
            "Asian,1000,550,55.0%,1.100",
            "Hispanic or Latino,1000,400,40.0%,.800",
        ),
    )
    (table,) = audit.tables
    assert table.referent == "the rate of White"
    found = with_code(audit, Code.WRONG_REFERENT)
    assert [each.category for each in found] == [
        "White",
        "Black or African American",
        "Asian",
        "Hispanic or Latino",
    ]
    assert "fits the rate of White as denominator" in found[1].text
    assert found[1].recomputed == "0.81818"
    assert only(audit, Code.RATIO_ABOVE_ONE).category == "Asian"
    assert only(audit, Code.HIGHEST_NOT_ONE).category == "Asian"


def test_small_group_left_out_of_the_denominator_may_print_no_ratio(tmp_path: Path) -> None:
    audit = checked(
        tmp_path,
        race(
            "White,1000,500,50.0%,1.000",
            "Black or African American,1000,450,45.0%,.900",
            "Asian,10,9,90.0%,1.800",
        ),
    )
    assert only(audit, Code.EXCLUDED_HAS_RATIO).category == "Asian"
    assert only(audit, Code.RATIO_ABOVE_ONE).category == "Asian"
    assert not with_code(audit, Code.WRONG_REFERENT)
    assert audit.tables[0].referent == "the highest rate among categories of 2 % and more"


def test_excluded_group_must_be_under_two_percent(tmp_path: Path) -> None:
    rows = ("White,980,490,50%,1.00,no", "Asian,20,15,75%,N/A,yes")
    audit = checked(
        tmp_path, "race,applicants,selected,rate,impact_ratio,excluded\n" + "\n".join(rows)
    )
    assert only(audit, Code.EXCLUDED_TOO_LARGE).category == "Asian"
    audit = checked(
        tmp_path,
        "race,applicants,selected,rate,impact_ratio,excluded\n"
        "White,981,490,50%,1.00,no\nAsian,19,15,79%,excluded,\nBlack,20,10,50%,1.00,\n",
    )
    assert not with_code(audit, Code.EXCLUDED_TOO_LARGE)
    assert [row.excluded for row in audit.tables[0].rows] == [False, True, False]


def test_intersection_may_not_exceed_its_tables(tmp_path: Path) -> None:
    audit = checked(
        tmp_path,
        "sex,race,applicants,selected\n"
        "Male,,100,40\nFemale,,100,40\n,White,120,50\n,Asian,80,30\n"
        "Male,White,60,25\nFemale,White,61,25\nMale,Asian,40,15\nFemale,Asian,39,15\n",
    )
    white = with_code(audit, Code.TOTALS_DO_NOT_RECONCILE)[0]
    assert white.category == "White"
    assert "the parts cannot have more persons than the whole" in white.text


def test_unknown_persons_explain_a_difference_only_up_to_their_number(tmp_path: Path) -> None:
    table = (
        "table,sex,race,applicants,selected,unknown\n"
        "sex,Male,,100,40,{0}\nsex,Female,,100,40,{0}\n"
        "x sex and race,Male,White,95,40,{0}\nx sex and race,Female,White,98,40,{0}\n"
        "race,,White,193,80,{0}\n"
    )
    for unknown, code in ((6, Code.TOTALS_DO_NOT_RECONCILE), (7, Code.TOTALS_DIFFER)):
        audit = checked(tmp_path, table.format(unknown))
        assert "" in {found.category for found in with_code(audit, code)}
    audit = checked(tmp_path, table.format("N/A"))
    assert not with_code(audit, Code.TOTALS_DO_NOT_RECONCILE)
    assert with_code(audit, Code.UNKNOWN_COUNT_MISSING)


def test_tables_with_their_own_unknown_counts_hold_the_same_persons(tmp_path: Path) -> None:
    text = (
        "table,sex,race,applicants,selected\n"
        "sex,Male,,100,40\nsex,Female,,100,40\nsex,unknown,,10,\n"
        "race,,White,190,40\nrace,,unknown,{},\n"
    )
    assert not with_code(checked(tmp_path, text.format(20)), Code.UNKNOWNS_DO_NOT_RECONCILE)
    found = only(checked(tmp_path, text.format(30)), Code.UNKNOWNS_DO_NOT_RECONCILE)
    assert "210 in the sex table, 220 in the race_ethnicity table" in found.text


def test_total_row(tmp_path: Path) -> None:
    rows = ("Male,100,40,40%,1.00", "Female,100,20,20%,.50")
    head = "table,sex,applicants,selected,rate,impact_ratio\n"
    body = "".join(f"sex,{row}\n" for row in rows)
    for n, fits in (("200", True), ("210", True), ("205", False)):
        audit = checked(tmp_path, f"{head}{body}sex,unknown,10,,,\nsex,Total,{n},60,30%,\n")
        assert (not with_code(audit, Code.TOTAL_ROW_MISMATCH)) is fits, n
    assert with_code(
        checked(tmp_path, f"{head}{body}sex,Total,200,59,,\n"), Code.TOTAL_ROW_MISMATCH
    )


def test_more_than_half_cannot_be_above_the_median(tmp_path: Path) -> None:
    head = "applicants,scoring rate,impact_ratio,unknown"
    for unknown, code in ((19, True), (20, False)):
        audit = checked(
            tmp_path,
            sex(f"Male,100,60%,1.00,{unknown}", f"Female,100,50%,.83,{unknown}", head=head),
        )
        assert bool(with_code(audit, Code.SCORING_RATE_IMPOSSIBLE)) is code
    audit = checked(tmp_path, sex("Male,100,60%,1.00,", "Female,100,50%,.83,", head=head))
    assert not with_code(audit, Code.SCORING_RATE_IMPOSSIBLE)
    assert "scoring_unknown" in {note.code for note in audit.not_checked}
    selection = head.replace("scoring", "selection")
    audit = checked(tmp_path, sex("Male,100,60%,1.00,0", "Female,100,50%,.83,0", head=selection))
    assert not with_code(audit, Code.SCORING_RATE_IMPOSSIBLE)


def test_tables_dividing_differently(tmp_path: Path) -> None:
    audit = checked(
        tmp_path,
        "sex,race,applicants,selected,impact_ratio\n"
        "Male,,1000,500,1.000\nFemale,,1000,400,.800\n"
        ",White,1000,400,1.000\n,Asian,1000,500,1.250\n,Black,1000,300,.750\n",
    )
    found = only(audit, Code.CONVENTIONS_DIFFER)
    assert "the highest rate of the table in the sex table" in found.text
    assert "the rate of White in the race_ethnicity table" in found.text


def test_nobody_selected_and_one_group(tmp_path: Path) -> None:
    audit = checked(tmp_path, sex("Male,100,0,0%,N/A", "Female,100,0,0%,N/A"))
    assert audit.recomputes is Recomputes.CANNOT
    assert "no_ratios" in {note.code for note in audit.not_checked}
    audit = checked(tmp_path, sex("Male,100,0,0%,0.00", "Female,100,0,0%,0.00"))
    assert audit.recomputes is Recomputes.CANNOT
    assert checked(tmp_path, sex("Male,100,40,40%,1.00")).recomputes is Recomputes.YES


def test_what_cannot_be_checked_is_said(tmp_path: Path) -> None:
    audit = checked(
        tmp_path, sex("Male,,N/A,1.00", "Female,,N/A,.50", head="applicants,rate,impact_ratio")
    )
    assert audit.recomputes is Recomputes.CANNOT
    assert {note.code for note in audit.not_checked} == {"no_rate"}
    audit = checked(
        tmp_path, sex("Male,,40%,1.00", "Female,,20%,.50", head="applicants,rate,impact_ratio")
    )
    assert audit.recomputes is Recomputes.YES
    assert {note.code for note in audit.not_checked} == {"no_assessed_counts"}
    assert all("because" in note.text for note in audit.not_checked)
