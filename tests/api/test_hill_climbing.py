"""An attacker that climbs on answers of the API, which ends before it arrives; and by how much."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from audit.detectors import operating_point
from audit.interview import Floats
from audit.operations import comparisons
from audit.operations.comparisons import Band, Found
from audit.operations.tries import MOST_A_DAY
from audit.store import Store
from benchmarks.hill_climb import Climber, answer_of, face, queries
from identity.face_scale import scale_for
from tests.api.conftest import Frame
from tests.evidence import TENANT, Shelf

A_MINUTE = 12
SEED = 3
"""An attacker that needs more than a day's answers: see `test_without_a_limit_it_arrives`."""


class Refused(Exception):
    """The API gave no answer."""


class Served:
    """The API as an attacker sees it, and a worker that answers for the vector it sends.

    The attacker may send any picture; that its picture gives the very vector that it wants is
    granted to it.
    """

    def __init__(self, web: Frame, target: Floats) -> None:
        service = web.service
        shelf = Shelf(service.settings, service.store, service.vault, service.intake)
        candidate, interview, consent = shelf.interview()
        assert consent is not None
        self.web, self.target = web, target
        self.base = f"/v1/identities/{candidate.id}"
        self.media = shelf.recording(interview).id
        self.key = web.key_of("platform")
        self.answers = 0
        self.waited: list[int] = []
        self.last: Any = None
        body = {"media_id": shelf.reference(candidate).id, "consent_id": consent.id}
        made = web.send("POST", f"{self.base}/references", self.key, json=body)
        self.reference = made.json()["id"]
        self._scale = scale_for("dlib_resnet", operating_point("identity", "face_reference"))

    def ask(self, vector: Floats) -> str:
        """One answer; raises `Refused`. A quota of the key is stepped around with another key."""
        body = {"media_id": self.media}
        self.last = self.web.send("POST", f"{self.base}/comparisons", self.key, json=body)
        if self.last.json().get("code") == "rate_limited":
            self.waited.append(int(self.last.headers["retry-after"]))
            self.key = self.web.key_of("platform")
            self.last = self.web.send("POST", f"{self.base}/comparisons", self.key, json=body)
        if self.last.status_code != 202:
            raise Refused
        self._work(self.last.json()["id"], vector)
        shown = self.web.send("GET", self.last.headers["location"], self.key).json()
        self.answers += 1
        [band] = shown["bands"]
        assert set(band) == {"reference_id", "modality", "answer", "support", "reason"}
        return f"{band['answer']}/{band['support']}"

    def _work(self, comparison: str, vector: Floats) -> None:
        answer, _, support = answer_of(float(vector @ self.target), self._scale).partition("/")
        band = Band(
            reference_id=self.reference,
            modality="face",
            answer=answer,
            support=support,  # type: ignore[arg-type]
        )
        with self.web.service.store.unit(TENANT) as unit:
            comparisons.begin(unit, comparison)
            comparisons.finish(unit, comparison, Found(bands=(band,)))


@pytest.fixture
def web(light_store: Store, frame_of: Callable[..., Frame]) -> Frame:
    return frame_of(light_store, comparisons_per_minute=A_MINUTE)


def test_without_a_limit_it_arrives() -> None:
    """The attack works: bands lead there in some hundreds of answers, and yes/no in far more."""
    needed = [queries(seed, yes_no=False, most=4000) for seed in range(2, 5)]
    arrived = sorted(each for each in needed if each is not None)
    assert len(arrived) == 3
    assert np.median(arrived) > 5 * MOST_A_DAY
    assert (needed[SEED - 2] or 0) > 5 * MOST_A_DAY
    assert queries(SEED, yes_no=True, most=200) is None


def test_through_the_api_it_is_stopped(web: Frame) -> None:
    rng = np.random.default_rng(SEED)
    target, start = face(rng), face(rng)
    served = Served(web, target)
    climber = Climber(start, rng)
    with pytest.raises(Refused):
        climber.climb(served.ask, 4000)
    assert served.answers == MOST_A_DAY
    assert served.waited and min(served.waited) >= 1
    problem = served.last.json()
    assert (served.last.status_code, problem["code"]) == (429, "too_many_tries")
    assert str(MOST_A_DAY) in problem["detail"]
    fresh = web.key_of("platform")  # another key of the same tenant is no way around
    again = web.send("POST", f"{served.base}/comparisons", fresh, json={"media_id": served.media})
    assert again.json()["code"] == "too_many_tries"
