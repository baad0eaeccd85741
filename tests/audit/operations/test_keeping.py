"""How long artefacts are kept: their system's days, the defaults, and laws beside them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from audit import clocks
from audit.operations import places
from audit.operations.keeping import duties, kept, terms

STORED = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_the_defaults_are_short_and_name_known_clocks() -> None:
    assert {name: term.days for name, term in terms().items()} == {
        "media": 30,
        "references": 365,
        "reports": 1461,
        "demographics": 1461,
        "tables": 90,
    }
    assert clocks.find(terms()["references"].destroy_by or "").direction == "act_by"


@pytest.mark.parametrize(
    ("artefact", "days", "places", "until", "rule", "sooner"),
    [
        ("media", None, (), STORED + timedelta(days=30), "default", None),
        ("media", 7, ("US-IL",), STORED + timedelta(days=7), "system", None),
        ("media", None, ("US-CA",), datetime(2030, 11, 23, 8, tzinfo=UTC), "ca_crd.records", None),
        ("media", 30, ("US-CA",), STORED + timedelta(days=30), "system", "ca_crd.records"),
        ("media", None, ("BR",), STORED + timedelta(days=30), "default", None),
        ("references", None, ("US-IL",), STORED + timedelta(days=365), "default", None),
        (
            "references",
            2000,
            ("US-IL",),
            datetime(2029, 11, 23, 6, tzinfo=UTC),
            "bipa.destroy",
            None,
        ),
        ("references", 2000, ("DE",), STORED + timedelta(days=2000), "system", None),
        ("reports", None, ("US-CA",), STORED + timedelta(days=1461), "ca_crd.records", None),
    ],
)
def test_until_when_something_is_kept(
    artefact: str,
    days: int | None,
    places: tuple[str, ...],
    until: datetime,
    rule: str,
    sooner: str | None,
) -> None:
    found = kept(artefact, STORED, days=days, places=places)
    assert (found.rule, found.sooner_than) == (rule, sooner)
    # A law of four years ends with the last day in that place, some hours after 1,461 days.
    assert abs(found.until - until) <= timedelta(hours=20)


def test_biometric_references_go_three_years_after_the_last_contact() -> None:
    late = STORED + timedelta(days=100)
    first = kept("references", STORED, days=5000, places=("US-IL",), last_contact=STORED)
    second = kept("references", STORED, days=5000, places=("US-IL",), last_contact=late)
    assert second.until - first.until == timedelta(days=100)


def test_duties_are_those_that_bind_where_the_candidate_is() -> None:
    found = [clock.id for clock in duties(["media", "scores"], ("US-CA", "US-IL", "BR"), STORED)]
    assert found == ["ca_crd.records"]
    before = datetime(2025, 9, 1, tzinfo=UTC)
    assert duties(["media"], ("US-CA",), before) == ()


def test_places_without_a_calendar_are_told_apart() -> None:
    given = ("US-IL", "BR", "DE-BY")
    assert places.known(given) == ("US-IL", "DE-BY")
    assert places.unknown(given) == ("BR",)
