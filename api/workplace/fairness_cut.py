"""What a cut score would do, worked out anew from an audit's counts as somebody moves it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Query, Response

from api.routes.paths import AuditId
from api.scopes import requires
from api.workplace import fairness_views as views
from api.workplace.fairness import READ, cube_text
from api.workplace.framing import Visit, VisitDep, router
from audit.records.evidence import FairnessAudit
from fairness.chosen_cut import ChosenCut, at_cut
from fairness.cube import Cube
from fairness.impact import ImpactPolicy, ImpactRow
from fairness.spec import load_spec

pages = router()
_MOST_GROUPS = 2000
_STEPS = 200
Groups = Annotated[str, Query(max_length=400)]
Score = Annotated[str, Query(max_length=60)]
Cut = Annotated[str, Query(max_length=40)]


@pages.get("/fairness/{audit_id}/cut", dependencies=[requires(READ)])
def cut_page(
    visit: VisitDep, audit_id: AuditId, by: Groups = "", score: Score = "", cut: Cut = ""
) -> Response:
    """The whole page."""
    return _shown(visit, audit_id, (by, score, cut), template="fairness/cut.html", note=True)


@pages.get("/fairness/{audit_id}/cut/rows", dependencies=[requires(READ)])
def cut_rows(
    visit: VisitDep, audit_id: AuditId, by: Groups = "", score: Score = "", cut: Cut = ""
) -> Response:
    """The figures alone, for a slider that is being moved."""
    return _shown(visit, audit_id, (by, score, cut), template="fairness/cut_rows.html", note=False)


def _shown(
    visit: Visit, audit_id: str, asked: tuple[str, str, str], *, template: str, note: bool
) -> Response:
    by, score, cut = asked
    with visit.call.reading() as unit:
        audit = unit.get(FairnessAudit, audit_id)
    text = cube_text(visit, audit, note=note)
    cube = None if text is None else Cube.from_json(text)
    groupings = () if cube is None else _groupings(cube)
    values: dict[str, Any] = {
        "audit": audit,
        "view": "cut",
        "withheld": cube is None,
        "groupings": [" x ".join(each) for each in groupings],
        "scores": () if cube is None else cube.scores,
        "fault": "",
        "given": cut,
        "found": None,
        "by": by,
        "words": views.class_word,
    }
    if cube is None or not cube.scores or not groupings:
        return visit.page(template, **values)
    features = next((each for each in groupings if " x ".join(each) == by), groupings[0])
    score = score if score in cube.scores else cube.scores[0]
    number, values["fault"] = _number(cut)
    found = at_cut(cube, features, score, number, _policy(audit.spec))
    rows = sorted(found.table.rows, key=_order)
    values |= {"found": found, "rows": rows[: views.ROWS], "every": len(rows), "score": score}
    values |= {"step": _step(found), "by": " x ".join(features), "lowest": _lowest(rows)}
    # What htmx puts into the page has to come with 200.
    status = 422 if values["fault"] and note else 200
    return visit.page(template, status=status, **values)


def _groupings(cube: Cube) -> tuple[tuple[str, ...], ...]:
    """Single features, and the intersections that the counts hold."""
    crossed = tuple(tuple(each) for each in cube.intersections)
    found = (*((each,) for each in cube.features), *crossed)
    return tuple(each for each in found if len(cube.groups(each)) <= _MOST_GROUPS)


def _number(text: str) -> tuple[float | None, str]:
    """The cut that is asked for, and what is wrong with it."""
    if not text.strip():
        return None, ""
    try:
        number = float(text.strip().replace(",", "."))
    except ValueError:
        return None, "Give the cut score as a number, such as 62.5."
    if not -1e12 < number < 1e12:
        return None, "Give the cut score as a number that a score can be."
    return number, ""


def _policy(given: Mapping[str, Any]) -> ImpactPolicy:
    """Levels as the audit's specification has them; no bootstrap, so that it follows the hand."""
    if not given:
        return ImpactPolicy(replicates=0, boschloo=False)
    spec = load_spec(given)
    return ImpactPolicy(
        level=round(1 - spec.alpha, 12),
        alpha=spec.alpha,
        exclude_under_share=spec.exclude_under_share or 0.0,
        justification=spec.exclude_justification,
        replicates=0,
        boschloo=False,
    )


def _order(row: ImpactRow) -> tuple[bool, float]:
    """The reference, then the lowest ratios."""
    value = row.comparison.ratio.value if row.comparison else None
    return row.standing.value != "reference", float("inf") if value is None else value


def _lowest(rows: list[ImpactRow]) -> ImpactRow | None:
    return next((row for row in rows if row.comparison and row.comparison.ratio.value), None)


def _step(found: ChosenCut) -> float:
    """How far one step of the slider goes: a plain number near a two-hundredth of the way."""
    way = (found.high - found.low) / _STEPS
    if way <= 0:
        return 1.0
    power: float = 1.0
    while power > way:
        power /= 10
    while power * 10 <= way:
        power *= 10
    return power
