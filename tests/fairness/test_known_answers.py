"""Published and reference values on real data; `reference_values.json` entry by entry."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fairness.accuracy import AccuracyTable, GroupAccuracy, Measure, accuracy
from fairness.bootstrap import Resampling
from fairness.impact import ImpactPolicy, ImpactTable, impact
from fairness.power import expected_impact
from fairness.rates import Pair, cohens_h, impact_ratio, odds_ratio, phi, rate_difference
from fairness.significance import chi_square, fisher, mid_p, pooled_z
from fairness.strata import stratified_test
from fairness.types import FindingClass, GroupCounts, LabelCounts
from tests.fairness.test_strata import UCB_PAIRS

pytestmark = pytest.mark.shared_data
FEW = Resampling(replicates=50)


@pytest.fixture(scope="module")
def folder(shared_data: Path) -> Path:
    return shared_data / "fairness"


@pytest.fixture(scope="module")
def known(folder: Path) -> dict[str, Any]:
    values: dict[str, Any] = json.loads((folder / "reference_values.json").read_text())
    return values


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def ratios(result: ImpactTable) -> dict[str, float | None]:
    return {
        "/".join(row.group): row.comparison.ratio.value if row.comparison else None
        for row in result.rows
    }


def audit(*groups: tuple[str, int, int], **policy: Any) -> ImpactTable:
    """Rows (level, selected, assessed)."""
    counts = GroupCounts.of("f", [(name, n, x) for name, x, n in groups])
    return impact(counts, ImpactPolicy(replicates=0, **policy))


def test_every_entry_is_covered_here(known: dict[str, Any]) -> None:
    assert set(known) == {
        *("morris2017_via_GGLuca", "ugesp_qa_1979", "audit_ai_readme", "audit_ai_cmh_notebook"),
        *("lawstat_blackhire", "UCBAdmissions_R_docs", "compas_propublica", "ricci"),
        *("adult_train", "iopsych_aiEst"),
    }


def test_morris(known: dict[str, Any]) -> None:
    entry = known["morris2017_via_GGLuca"]
    run = entry["run_of_package"]
    pair = Pair(
        entry["min_pass"],
        entry["min_pass"] + entry["min_fail"],
        entry["maj_pass"],
        entry["maj_pass"] + entry["maj_fail"],
    )
    z, chi2 = pooled_z(pair), chi_square(pair)
    assert z is not None and chi2 is not None
    assert z.z == pytest.approx(entry["published_z"], abs=5e-7)
    assert z.p_value == pytest.approx(entry["published_p_two"], abs=5e-9)
    assert impact_ratio(pair) == Fraction(run["impact_ratio"]).limit_denominator(100)
    assert chi2.statistic == pytest.approx(run["chi2"], abs=5e-7)
    assert fisher(pair, alternative="less") == pytest.approx(run["fisher_one_tail"], abs=5e-9)
    assert mid_p(pair).lower == pytest.approx(run["lancaster_midp_one_tail"], abs=5e-8)
    assert abs(phi(pair) or 0) == pytest.approx(run["phi"], abs=5e-8)
    assert abs(rate_difference(pair) or 0) == pytest.approx(run["abs_diff"])
    assert odds_ratio(pair) == pytest.approx(run["odds_ratio"])
    assert fisher(pair) == pytest.approx(entry["base_R_fisher_two_sided"], abs=5e-6)
    # The package's h leaves the square root out (2*asin(p)); Cohen's is .8449.
    assert run["h"] == pytest.approx(2 * (np.arcsin(0.6) - np.arcsin(0.2)), abs=5e-8)
    assert abs(cohens_h(pair) or 0) == pytest.approx(0.8449, abs=5e-5)


def test_ugesp_questions_and_answers(known: dict[str, Any]) -> None:
    entry = known["ugesp_qa_1979"]
    result = audit(*((name, round(100 * rate), 100) for name, rate in entry["rates"].items()))
    found = ratios(result)
    below = []
    for name, published in entry["published_ratio"].items():
        assert found[name] == pytest.approx(published)
        comparison = result.row(name).comparison
        if comparison is not None and comparison.below_four_fifths:
            below.append(name)
    assert below == entry["published_flag"]


def test_audit_ai_readme(known: dict[str, Any]) -> None:
    entry = known["audit_ai_readme"]
    published = {name: round(0.001 * count, 3) for name, count in entry["pass"].items()}
    result = audit(*((name, count, entry["n_each"]) for name, count in entry["pass"].items()))
    assert result.reference == ("Black",)
    assert min(v for v in ratios(result).values() if v) == pytest.approx(
        entry["published_ratio"], abs=5e-4
    )
    assert result.homogeneity is not None and result.homogeneity.p_value > 0.05
    assert {name: result.row(name).rate.value for name in published} == pytest.approx(published)


def test_audit_ai_cmh_notebook(known: dict[str, Any]) -> None:
    entry = known["audit_ai_cmh_notebook"]
    result = stratified_test(
        [Pair(c, c + d, a, a + b) for (a, b), (c, d) in entry["tables_row0_row1"]]
    )
    assert result.odds_ratio.value == pytest.approx(entry["common_or"], rel=1e-12)
    assert result.cmh is not None and result.breslow_day is not None
    assert result.cmh.statistic == pytest.approx(entry["cmh_chi2"], rel=1e-12)
    assert result.cmh.p_value == pytest.approx(entry["cmh_p"], rel=1e-9)
    assert result.breslow_day.statistic == pytest.approx(entry["breslow_day"], rel=1e-9)
    assert result.breslow_day.p_value == pytest.approx(entry["bd_p"], rel=1e-9)


def test_lawstat_blackhire(folder: Path, known: dict[str, Any]) -> None:
    entry = known["lawstat_blackhire"]
    pairs = []
    for row in rows(folder / "lawstat" / "blackhire.csv"):
        a, b, c, d = (int(row[k]) for k in ("black_hired", "black_not", "white_hired", "white_not"))
        pairs.append(Pair(a, a + b, c, c + d))
    result = stratified_test(pairs)
    assert result.cmh is not None and result.cmh_corrected is not None
    assert result.cmh.statistic == pytest.approx(entry["cmh_chi2_no_correction"], abs=5e-6)
    assert result.cmh.df == entry["df"]
    assert result.cmh_corrected.statistic == pytest.approx(
        entry["base_R_with_correction"], abs=5e-3
    )
    assert result.odds_ratio.value == pytest.approx(entry["mh_or"], abs=5e-6)
    interval = result.odds_ratio.interval
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx(entry["or_ci95"], abs=5e-7)
    whole = [sum(getattr(p, k) for p in pairs) for k in ("x1", "n1", "x2", "n2")]
    assert odds_ratio(Pair(*whole)) == pytest.approx(entry["pooled_or"], abs=5e-6)


def test_ucb_admissions(known: dict[str, Any]) -> None:
    entry = known["UCBAdmissions_R_docs"]
    result = stratified_test(UCB_PAIRS)
    assert result.cmh_corrected is not None and result.odds_ratio.interval is not None
    assert result.cmh_corrected.statistic == pytest.approx(
        entry["mantelhaen_chi2_corrected"], abs=5e-5
    )
    assert result.cmh_corrected.p_value == pytest.approx(entry["p"], abs=5e-5)
    assert result.odds_ratio.value == pytest.approx(entry["common_or"], abs=5e-8)
    bounds = (result.odds_ratio.interval.low, result.odds_ratio.interval.high)
    assert bounds == pytest.approx(entry["ci95"], abs=5e-8)


def test_compas(folder: Path, known: dict[str, Any]) -> None:
    entry = known["compas_propublica"]
    data = rows(folder / "compas" / "compas-scores-two-years.csv")
    assert len(data) == entry["n"]
    cells = Counter((r["race"], r["score_text"] != "Low", r["two_year_recid"] == "1") for r in data)
    races = {"African-American": "Black", "Caucasian": "White"}
    table = accuracy(label_counts(list(races), cells), how=FEW)
    for group in table.groups:
        published = entry[races[group.group[0]]]
        for measure, name in (
            (Measure.FALSE_POSITIVE_RATE, "FPR"),
            (Measure.FALSE_NEGATIVE_RATE, "FNR"),
        ):
            value = group.measures[measure].value
            assert value is not None and 100 * value == pytest.approx(published[name], abs=5e-3)


def label_counts(names: list[str], cells: Counter[tuple[str, bool, bool]]) -> LabelCounts:
    """From counts of (group, positive decision, positive label)."""
    kinds = ((True, True), (True, False), (False, True), (False, False))
    parts = [np.array([cells[name, *kind] for name in names], np.int64) for kind in kinds]
    return LabelCounts(("f",), tuple((n,) for n in names), *parts, np.zeros(len(names), np.int64))


def test_ricci(folder: Path, known: dict[str, Any]) -> None:
    entry = known["ricci"]
    cells = Counter(
        (r["Position"], r["Race"], float(r["Combine"]) >= 70)
        for r in rows(folder / "algofairness" / "ricci.csv")
    )
    found = {}
    for position in ("Captain", "Lieutenant"):
        counted = {
            race: [
                cells[position, race, True],
                cells[position, race, True] + cells[position, race, False],
            ]
            for race in "WBH"
        }
        assert counted == entry[position]
        found[position] = audit(*((race, *part) for race, part in counted.items()))
        assert found[position].reference == ("W",)
        assert {row.finding for row in found[position].rows if row.comparison} <= {
            FindingClass.ADVERSE,
            FindingClass.SMALL_NUMBERS,
        }
    assert ratios(found["Captain"])["B"] == entry["ratio_captain_B"]
    assert ratios(found["Lieutenant"])["B"] == pytest.approx(entry["ratio_lt_B"], abs=5e-5)
    assert ratios(found["Lieutenant"])["H"] == pytest.approx(entry["ratio_lt_H"], abs=5e-4)


def test_adult(folder: Path, known: dict[str, Any]) -> None:
    data = rows(folder / "algofairness" / "adult.csv")
    cells = Counter((row["sex"], row["income-per-year"] == ">50K") for row in data)
    result = audit(
        *(
            (name, cells[name, True], cells[name, True] + cells[name, False])
            for name in ("Male", "Female")
        )
    )
    for name, published in known["adult_train"].items():
        assert result.row(name).rate.value == pytest.approx(published, abs=5e-7)


def test_expected_impact_of_iopsych(known: dict[str, Any]) -> None:
    """Its cut comes from a root finder with a tolerance of 1e-4, hence the digits."""
    for entry in known["iopsych_aiEst"]:
        result = expected_impact(entry["d"], rate=entry["sr"], minority_share=entry["pct_minority"])
        assert result.ratio == pytest.approx(entry["ai"], abs=5e-6)
        assert result.majority_rate == pytest.approx(entry["sr_majority"], abs=1e-5)
        assert result.minority_rate == pytest.approx(entry["sr_minority"], abs=1e-5)


def test_bloomberg_disparate_impact_ratios(folder: Path) -> None:
    """Eight groups of 1,000 rankings for each job and model: 64 published ratios."""
    path = folder / "bloomberg_gpt_hiring" / "data" / "output" / "performance_ranking.csv"
    tables: dict[tuple[str, str], list[dict[str, str]]] = {}
    for row in rows(path):
        tables.setdefault((row["job"], row["model"]), []).append(row)
    checked = 0
    for part in tables.values():
        persons = [round(int(r["top"]) / float(r["selection_rate"])) for r in part]
        counts = [(r["demo"], int(r["top"]), n) for r, n in zip(part, persons, strict=True)]
        found = ratios(audit(*counts))
        for row in part:
            published = float(row["disparate_impact_ratio"])
            assert (found[row["demo"]] or 1.0) == pytest.approx(published, rel=1e-9)
            checked += 1
    assert checked == 64


# Aequitas -----------------------------------------------------------------------------------------

AEQUITAS = {
    "fpr": Measure.FALSE_POSITIVE_RATE,
    "fnr": Measure.FALSE_NEGATIVE_RATE,
    "for": Measure.FALSE_OMISSION_RATE,
    "fdr": Measure.FALSE_DISCOVERY_RATE,
    "pprev": Measure.SELECTION_RATE,
}


def number(text: str) -> float | None:
    return None if text in ("", "NA", "NaN") else float(text)


def aequitas_tables(folder: Path) -> Iterator[tuple[list[dict[str, str]], list[dict[str, str]]]]:
    """(input rows, expected rows) of every pair of files."""
    place = folder / "aequitas" / "tests" / "test_artifacts" / "test_bias_report"
    for path in sorted(place.glob("expected_output_*.csv")):
        number_ = path.stem.rsplit("_", 1)[1]
        yield rows(place / f"test_{number_}.csv"), rows(path)


def aequitas_labels(data: list[dict[str, str]], attribute: str) -> LabelCounts:
    cells = Counter((r[attribute], float(r["score"]) >= 1, r["label_value"] == "1") for r in data)
    return label_counts(sorted({r[attribute] for r in data}), cells)


def test_aequitas_expected_files(folder: Path) -> None:
    """Counts, rates and disparities of twelve files, all attributes; 0/0 is absent in both."""
    checked = 0
    for data, expected in aequitas_tables(folder):
        for row in expected:
            attribute = row["attribute_name"]
            labels = aequitas_labels(data, attribute)
            reference = row.get("reference_group") or "High"
            table = accuracy(labels, reference=(reference,), how=FEW)
            groups = {g.group[0]: g for g in table.groups}
            checked += check_group(groups[row["attribute_value"]], row)
            checked += check_disparities(groups[row["attribute_value"]], row)
            if "ppr" in row and "not_class" not in data[0]:
                checked += check_share_of_selected(table, row)
    assert checked > 300


def check_group(group: GroupAccuracy, row: dict[str, str]) -> int:
    assert group.labelled == int(row["group_size"])
    counted = {
        "tp": group.measures[Measure.TRUE_POSITIVE_RATE].count,
        "fp": group.measures[Measure.FALSE_POSITIVE_RATE].count,
        "fn": group.measures[Measure.FALSE_NEGATIVE_RATE].count,
        "tn": group.measures[Measure.TRUE_NEGATIVE_RATE].count,
        "pp": group.measures[Measure.SELECTION_RATE].count,
        "group_label_pos": group.measures[Measure.BASE_RATE].count,
    }
    assert counted == {name: int(row[name]) for name in counted}
    known = {name: measure for name, measure in AEQUITAS.items() if name in row}
    for name, measure in known.items():
        published = number(row[name])
        value = group.measures[measure].value
        assert value == (published if published is None else pytest.approx(published))
    return len(counted) + len(known)


def check_share_of_selected(table: AccuracyTable, row: dict[str, str]) -> int:
    """Aequitas' ppr: the group's part of all that were selected (one file sums two attributes)."""
    selected = {g.group[0]: g.measures[Measure.SELECTION_RATE].count for g in table.groups}
    total, published = sum(selected.values()), number(row["ppr"])
    share = selected[row["attribute_value"]] / total if total else None
    assert share == (published if published is None else pytest.approx(published))
    return 1


def check_disparities(group: GroupAccuracy, row: dict[str, str]) -> int:
    checked = 0
    for name, measure in AEQUITAS.items():
        column = f"{name}_disparity"
        if column not in row or not group.gaps:
            continue
        published, ratio = number(row[column]), group.gaps[measure].ratio.value
        assert ratio == (published if published is None else pytest.approx(published))
        checked += 1
    return checked
