"""Ratios of published bias audits under New York's Local Law 144, from their own counts."""

from __future__ import annotations

from typing import Any

import pytest

from fairness.impact import ImpactPolicy, ImpactTable, impact
from fairness.rates import Pair, impact_ratio
from fairness.types import FindingClass, GroupCounts


def audit(*groups: tuple[str, int, int], **policy: Any) -> ImpactTable:
    """Rows (level, selected, assessed)."""
    counts = GroupCounts.of("f", [(name, n, x) for name, x, n in groups])
    return impact(counts, ImpactPolicy(replicates=0, **policy))


def ratios(result: ImpactTable) -> dict[str, float | None]:
    return {
        "/".join(row.group): row.comparison.ratio.value if row.comparison else None
        for row in result.rows
    }


def test_dcwp_selection_example() -> None:
    sex = audit(("Male", 667, 1390), ("Female", 555, 1181))
    assert round(ratios(sex)["Female"] or 0, 3) == 0.979
    white, black, two = ("White", 412, 797), ("Black", 170, 390), ("Small", 7, 17)
    assert round(ratios(audit(white, black))["Black"] or 0, 2) == 0.84
    pair = Pair(7, 17, 215, 412)
    assert round(float(impact_ratio(pair) or 0), 3) == 0.789
    small = audit(("Reference", 215, 412), two)
    assert small.row("Small").finding is FindingClass.SMALL_NUMBERS


def test_hiredscore_2024() -> None:
    sex = audit(("F", 187287, 413984), ("M", 260797, 531604))
    assert ratios(sex)["F"] == pytest.approx(0.922167, abs=5e-7)
    cells = [
        ("Asian Male", 62528, 125088, None),
        ("Asian Female", 42483, 93585, 0.908134),
        ("Black Female", 36584, 80263, 0.911836),
        ("Hispanic Female", 18901, 43871, 0.861883),
        ("White Female", 72921, 161096, 0.905543),
        ("Black Male", 38520, 79835, 0.965237),
        ("Hispanic Male", 27862, 60950, 0.914492),
        ("White Male", 107177, 219137, 0.978424),
    ]
    found = ratios(audit(*(cell[:3] for cell in cells)))
    for name, _, _, published in cells:
        assert found[name] == (None if published is None else pytest.approx(published, abs=5e-7))


def test_staya_dover_2023() -> None:
    sex = audit(("Male", 37, 980), ("Female", 61, 1885))
    assert round(ratios(sex)["Female"] or 0, 4) == 0.8571
    race = audit(
        *(("Hispanic", 4, 65), ("White", 18, 379), ("Black", 12, 130), ("NHPI", 3, 23)),
        *(("Asian", 7, 95), ("AIAN", 0, 0), ("Two", 0, 0)),
    )
    found = ratios(race)
    for name, published in (
        ("Hispanic", 0.4718),
        ("White", 0.3641),
        ("Black", 0.7077),
        ("Asian", 0.5649),
    ):
        assert round(found[name] or 0, 4) == published
    assert found["AIAN"] is None and found["Two"] is None


def test_adp_2024_small_groups_set_no_denominator() -> None:
    result = audit(
        *(("Asian", 268583, 692402), ("Black", 969379, 2374766), ("Hispanic", 678113, 1646306)),
        *(("Two", 154249, 371327), ("White", 1470600, 3587705)),
        *(("AIAN", 20129, 44790), ("NHPI", 12309, 26195)),
        exclude_under_share=0.02,
        justification="under 2 %",
    )
    found = ratios(result)
    assert result.reference == ("Two",)
    for name, published in (
        ("Asian", 0.934),
        ("Black", 0.983),
        ("Hispanic", 0.992),
        ("White", 0.987),
    ):
        assert round(found[name] or 0, 3) == published
    assert found["AIAN"] is None and found["NHPI"] is None
    for name, rate in (("AIAN", 0.449), ("NHPI", 0.470)):
        assert result.row(name).rate.value == pytest.approx(rate, abs=5e-4)
