"""Is it one person from session to session? Faces and voices of a candidate's sessions, in order.

Each trait is a thread of its own: an unlike face with a like voice is a finding that a sum would
hide. Within a trait, sessions are divided among persons by `identity.person_partition`. All
comparisons of one trait share a network, and the same two people: a look-alike is one in every
session. So a change weighs no more than one comparison may (the bounds of its calibration record),
whatever the number of sessions before and after it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import pairwise
from typing import Literal

from audit.calibration import band
from audit.detectors import operating_point
from audit.interview import Floats
from audit.types import Status
from identity.embeddings import similarity, unit
from identity.enrolment import Segment, pooled_segments
from identity.face_scale import scale_for
from identity.grade import Grade
from identity.person_partition import Compare, Division, divide
from identity.voice_scale import thread_grade

TraitOfPerson = Literal["face", "voice"]
TRAITS: tuple[TraitOfPerson, ...] = ("face", "voice")


@dataclass(frozen=True, slots=True)
class Session:
    """One session: how it is called, and what was enrolled of it, in spaces of any kind."""

    label: str
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Pool:
    """One trait of one session: a vector of length 1, its amount, and the least quality."""

    label: str
    vector: Floats
    amount: float
    quality: float
    channel: tuple[float, float] | None
    """Signal to noise in dB and bandwidth in Hz, of voices."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A session against one earlier session, or against several of them together.

    Attributes:
        log10: bounded log10 LR, one person against two; None where the network is uncalibrated.
        lower, upper: its bounds. status: what it asks for. support: its size in words.
        channel_changed: the sound was recorded in another way (voices only).
    """

    trait: TraitOfPerson
    first: tuple[str, ...]
    second: str
    status: Status
    log10: float | None
    lower: float
    upper: float
    quality: float
    grade: Grade
    score: float
    channel_changed: bool

    @property
    def support(self) -> str:
        """The size of the ratio in words of the ENFSI scale; empty where uncalibrated."""
        return "" if self.log10 is None else band(self.log10)


@dataclass(frozen=True, slots=True)
class Boundary:
    """Between one session and the next: does the trait change?

    `log10_change`: log10 Bayes factor, change against none, over all divisions of the thread,
    within the bounds of one comparison. `status`: `review` for a change.
    """

    before: str
    after: str
    log10_change: float
    lower: float
    upper: float
    status: Status
    channel_changed: bool


@dataclass(frozen=True, slots=True)
class TraitThread:
    """One trait through the sessions that show it.

    Attributes:
        sessions (n,): labels in time order. people (n,): a number for each, by first appearance.
        share: of the division's weight among all divisions, prior included, 0..1.
        boundaries (n - 1,): between neighbours. returned: sessions of somebody earlier than the
            session before. status: the worst of the boundaries.
        missing: sessions that do not show it well enough. calibrated: whether ratios are known;
            where not, nothing is divided.
    """

    trait: TraitOfPerson
    space: str
    sessions: tuple[str, ...]
    people: tuple[int, ...]
    share: float
    boundaries: tuple[Boundary, ...]
    returned: tuple[str, ...]
    pairs: tuple[Compared, ...]
    pooled: tuple[Compared, ...]
    missing: tuple[str, ...]
    status: Status
    calibrated: bool


def threads(sessions: Sequence[Session]) -> tuple[TraitThread, ...]:
    """The thread of each trait, of sessions in time order; segments of several spaces never mix.

    The space is that of the newest session that has one of the trait.
    """
    return tuple(_thread(trait, sessions) for trait in TRAITS)


def against_rest(trait: TraitOfPerson, sessions: Sequence[Session]) -> tuple[Compared, ...]:
    """Each session that shows a trait against all others pooled, in their order; two or more."""
    space, point = _space(trait, sessions), operating_point("identity", "thread")
    found = [_pool(session, space) for session in sessions]
    pools = [pool for pool in found if pool and pool.quality >= point[f"{trait}_least_quality"]]
    if len(pools) < 2:
        return ()
    return tuple(
        _compared(trait, space, (*pools[:n], *pools[n + 1 :]), pool) for n, pool in enumerate(pools)
    )


def _thread(trait: TraitOfPerson, sessions: Sequence[Session]) -> TraitThread:
    point = operating_point("identity", "thread")
    space = _space(trait, sessions)
    found = [_pool(session, space) for session in sessions]
    pools = [pool for pool in found if pool and pool.quality >= point[f"{trait}_least_quality"]]
    labels = {pool.label for pool in pools}
    missing = tuple(s.label for s in sessions if s.label not in labels)
    pairs = tuple(
        _compared(trait, space, (pools[i],), pools[j]) for j in range(len(pools)) for i in range(j)
    )
    pooled = tuple(
        _compared(trait, space, tuple(pools[:j]), pools[j]) for j in range(2, len(pools))
    )
    calibrated = bool(pairs) and all(pair.log10 is not None for pair in pairs)
    division, boundaries = _divided(trait, space, pools, calibrated)
    return TraitThread(
        trait=trait,
        space=space,
        sessions=tuple(pool.label for pool in pools),
        people=division.people,
        share=division.share,
        boundaries=boundaries,
        returned=tuple(pools[i].label for i in division.returns),
        pairs=pairs,
        pooled=pooled,
        missing=missing,
        status=_worst(boundaries),
        calibrated=calibrated,
    )


def _space(trait: TraitOfPerson, sessions: Sequence[Session]) -> str:
    own = [s.space for session in sessions for s in session.segments if s.trait == trait]
    return own[-1] if own else ""


def _pool(session: Session, space: str) -> Pool | None:
    own = [each for each in session.segments if each.space == space]
    if not own:
        return None
    vector, amount = pooled_segments(own)
    held = own[0].conditions
    channel = (held["snr_db"], held["bandwidth_hz"]) if "bandwidth_hz" in held else None
    return Pool(session.label, vector, amount, min(each.quality for each in own), channel)


def _together(pools: Sequence[Pool]) -> tuple[Floats, float]:
    """Several sessions as one vector, each weighing as its amount, and their amount."""
    total = sum(pool.amount for pool in pools)
    mean = sum((pool.vector * (pool.amount / total) for pool in pools), start=0 * pools[0].vector)
    return unit(mean), total


def _compared(trait: TraitOfPerson, space: str, first: tuple[Pool, ...], second: Pool) -> Compared:
    vector, amount = _together(first)
    changed = _channel_changed(first, second)
    grade = _grade(trait, space, min(amount, second.amount), changed)
    score = similarity(vector, second.vector)
    ratio = grade.likelihood_ratio(score)
    lower, upper = grade.bounds
    return Compared(
        trait=trait,
        first=tuple(pool.label for pool in first),
        second=second.label,
        status=grade.status(score),
        log10=ratio.log10 if ratio else None,
        lower=lower,
        upper=upper,
        quality=min(second.quality, *(pool.quality for pool in first)),
        grade=grade,
        score=score,
        channel_changed=changed,
    )


def _grade(trait: TraitOfPerson, space: str, amount: float, channel_changed: bool) -> Grade:
    encoder = space.split("/")[1]
    if trait == "face":
        scale = scale_for(encoder, operating_point("identity", "face_reference"))
        return scale.grade(int(amount), int(amount))
    point = operating_point("identity", "thread")
    return thread_grade(encoder, point, amount, channel_changed=channel_changed)


def _channel_changed(first: Sequence[Pool], second: Pool) -> bool:
    """Whether no earlier session sounds as this one: in noise or in bandwidth."""
    point = operating_point("identity", "thread")
    if second.channel is None:
        return False
    return not any(same_channel(pool.channel, second.channel, point) for pool in first)


def same_channel(
    one: tuple[float, float] | None, other: tuple[float, float], point: dict[str, float]
) -> bool:
    """Whether two sessions sound alike in signal to noise (dB) and in bandwidth (Hz)."""
    if one is None:
        return True
    wide, narrow = max(one[1], other[1], 1.0), max(min(one[1], other[1]), 1.0)
    quiet = abs(one[0] - other[0]) <= point["channel_snr_db"]
    return quiet and wide / narrow <= point["channel_bandwidth_ratio"]


def _divided(
    trait: TraitOfPerson, space: str, pools: Sequence[Pool], calibrated: bool
) -> tuple[Division, tuple[Boundary, ...]]:
    if not pools:
        return Division((), 0.0, ()), ()
    if not calibrated:
        return Division((0,) * len(pools), 0.0, ()), ()
    point = operating_point("identity", "thread")

    division = divide(len(pools), _ratios(trait, space, pools), change=point["change_prior"])
    boundaries = tuple(
        _boundary(trait, space, (before, after), gain)
        for (before, after), gain in zip(pairwise(pools), division.changes, strict=True)
    )
    return division, boundaries


def _ratios(trait: TraitOfPerson, space: str, pools: Sequence[Pool]) -> Compare:
    """What `_compared` says of a session against earlier ones, without all else that it says.

    Thousands of ways to put twelve sessions together are weighed: sums of vectors, grades and
    channels are worked out once.
    """
    grade = cache(partial(_grade, trait, space))
    changed = cache(lambda first, second: _channel_changed((pools[first],), pools[second]))
    sums: dict[tuple[int, ...], tuple[Floats, float]] = {}

    def together(members: tuple[int, ...]) -> tuple[Floats, float]:
        if members not in sums:
            own = pools[members[-1]]
            rest, amount = together(members[:-1]) if members[1:] else (0 * own.vector, 0.0)
            sums[members] = rest + own.vector * own.amount, amount + own.amount
        return sums[members]

    def ratio(session: int, members: tuple[int, ...]) -> float:
        total, amount = together(members)
        second = pools[session]
        is_other = all(changed(first, session) for first in members)
        record = grade(min(amount, second.amount), is_other).record
        length = math.sqrt(similarity(total, total))
        score = similarity(total, second.vector) / max(length, 1e-12)
        return round(record.log10_of(score), 3) if record else 0.0

    return ratio


def _boundary(trait: TraitOfPerson, space: str, pools: tuple[Pool, Pool], gain: float) -> Boundary:
    """The change's weight within the bounds of one comparison of the two, and what it asks for."""
    point = operating_point("identity", "thread")
    before, after = pools
    pair = _compared(trait, space, (before,), after)
    weight = min(max(gain, -pair.upper), -pair.lower)
    status = Status.INCONCLUSIVE
    if weight >= point["review_log10_change"]:
        status = Status.REVIEW
    elif weight <= point["clear_log10_change"]:
        status = Status.NO_INDICATION
    return Boundary(
        before=before.label,
        after=after.label,
        log10_change=round(weight, 3) + 0.0,
        lower=-pair.upper,
        upper=-pair.lower,
        status=status,
        channel_changed=pair.channel_changed,
    )


def _worst(boundaries: Sequence[Boundary]) -> Status:
    order = (Status.REVIEW, Status.INCONCLUSIVE, Status.NO_INDICATION)
    found = {each.status for each in boundaries}
    return next((status for status in order if status in found), Status.INCONCLUSIVE)
