"""The tables of an audit as CSV files, one per section, for spreadsheets and other programs.

Groups stand as `Female * White`; an empty field is a figure that does not exist or is withheld.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence

from reports.fairness_documents import AuditDocument
from reports.fairness_figures import EstimateEntry, IntervalEntry
from reports.fairness_impact import ComparisonEntry, ImpactTableEntry

Cell = str | int | float | bool | None
Row = dict[str, Cell]

# A field that begins like this is taken for a formula by spreadsheets.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_files(document: AuditDocument) -> dict[str, str]:
    """File names and texts; only of sections that have rows."""
    made = {f"{name}.csv": _text(rows(document)) for name, rows in _SECTIONS.items()}
    return {name: text for name, text in made.items() if text}


def group_name(levels: Sequence[str] | None) -> str:
    """A group as one word."""
    return " * ".join(levels or ())


def _text(rows: Iterable[Row]) -> str:
    listed = list(rows)
    if not listed:
        return ""
    names = list(dict.fromkeys(name for row in listed for name in row))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_safe(row.get(name)) for name in names] for row in listed)
    return out.getvalue()


def _safe(cell: Cell) -> Cell:
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _interval(name: str, interval: IntervalEntry | None) -> Row:
    return {
        f"{name}_low": interval.low if interval else None,
        f"{name}_high": interval.high if interval else None,
    }


def _estimate(name: str, estimate: EstimateEntry | None) -> Row:
    return {
        name: estimate.value if estimate else None,
        **_interval(name, estimate.interval if estimate else None),
    }


def _findings(document: AuditDocument) -> Iterator[Row]:
    for f in document.findings:
        yield {
            **{"measure": f.basis, "features": " x ".join(f.features)},
            **{"group": group_name(f.group), "reference": group_name(f.reference)},
            **{"class": f.finding, "assessed": f.assessed, "selected": f.selected},
            **{"rate": f.rate, "reference_rate": f.reference_rate},
            **_estimate("impact_ratio", f.ratio),
            **{"below_four_fifths": f.below_four_fifths, "z": f.z, "test": f.test},
            **{"p_value": f.p_value, "holm": f.holm, "fisher": f.fisher, "mid_p": f.mid_p},
            "shortfall_to_pooled_rate": f.shortfall_to_pooled_rate,
            "shortfall_to_reference_rate": f.shortfall_to_reference_rate,
            **{"reversed_by_one": f.reversed_by_one, "power": f.power_at_four_fifths},
            **{"detectable_ratio": f.detectable_ratio, "reason": f.reason},
        }


def _tables(document: AuditDocument) -> Iterator[Row]:
    for table in document.tables:
        for row in table.rows:
            yield {
                **_head(table),
                "group": group_name(row.group),
                **{"standing": row.standing, "assessed": row.assessed, "selected": row.selected},
                **{"share": row.share, **_estimate("rate", row.rate)},
                **{"chance_highest": row.chance_highest, "class": row.finding},
                **_compared(row.comparison),
                "reason": row.reason,
            }
        yield {
            **_head(table),
            **{"group": "(unknown)", "assessed": table.unknown_assessed},
            "selected": table.unknown_selected,
        }


def _head(table: ImpactTableEntry) -> Row:
    return {"table": table.id, "features": " x ".join(table.features), "measure": table.basis}


def _compared(found: ComparisonEntry | None) -> Row:
    if found is None:
        return {}
    tests = found.significance
    return {
        **_estimate("impact_ratio", found.ratio),
        **_interval("impact_ratio_katz", found.ratio_katz),
        **_interval("impact_ratio_bootstrap", found.ratio_bootstrap),
        "below_four_fifths": found.below_four_fifths,
        **_estimate("difference", found.difference),
        **_estimate("odds_ratio", found.odds_ratio),
        **{"phi": found.phi.value, "cohens_h": found.cohens_h.value},
        **{"z": tests.pooled_z.z if tests.pooled_z else None, "fisher": tests.fisher},
        **{"mid_p": tests.mid_p.doubled, "boschloo": tests.boschloo},
        **{"test": found.deciding.test, "p_value": found.deciding.p_value},
        "holm": found.deciding.holm,
        "benjamini_hochberg": found.deciding.benjamini_hochberg,
        "power": found.power.at_four_fifths,
    }


def _conditional(document: AuditDocument) -> Iterator[Row]:
    for c in document.conditional:
        yield {
            **{"features": " x ".join(c.features), "by": " x ".join(c.by)},
            **{"group": group_name(c.focal), "reference": group_name(c.reference)},
            **_estimate("crude_difference", c.crude.difference),
            **_estimate("standardized_difference", c.standardized_difference),
            **_estimate("standardized_ratio", c.standardized_ratio),
            **_estimate("common_odds_ratio", c.test.odds_ratio),
            **{"cmh": c.test.cmh.statistic if c.test.cmh else None},
            **{"cmh_p": c.test.cmh.p_value if c.test.cmh else None},
            "breslow_day_p": c.test.breslow_day.p_value if c.test.breslow_day else None,
            "reverses": c.simpson.reverses,
        }


def _accuracy(document: AuditDocument) -> Iterator[Row]:
    for table in document.accuracy:
        for group in table.groups:
            for name, share in group.measures.items():
                gap = group.gaps.get(name)
                yield {
                    **{"features": " x ".join(table.features), "group": group_name(group.group)},
                    **{"measure": name, "count": share.count, "of": share.of},
                    **{"value": share.value, **_interval("value", share.interval)},
                    **_estimate("difference", gap.difference if gap else None),
                }


def _distances(document: AuditDocument) -> Iterator[Row]:
    for table in document.distances:
        for x in table.distances:
            yield {
                **{"features": " x ".join(table.features), "score": table.score},
                **{"group": group_name(x.group), "reference": group_name(x.reference)},
                **_estimate("mean_difference", x.mean_difference),
                **_estimate("cohens_d", x.cohens_d),
                **_estimate("ks", x.ks),
                **_estimate("wasserstein", x.wasserstein),
                **_estimate("superiority", x.superiority),
                **{"rank_p": x.rank_p, "rank_adjusted_p": x.rank_adjusted_p},
            }


def _sweeps(document: AuditDocument) -> Iterator[Row]:
    for table in document.sweeps:
        for group in table.groups:
            for place, cut in enumerate(table.cuts):
                yield {
                    **{"features": " x ".join(table.features), "score": table.score, "cut": cut},
                    **{"group": group_name(group.group), "assessed": group.assessed},
                    **{"selected": group.selected[place], "rate": group.rate[place]},
                    "impact_ratio": group.ratio[place],
                    "impact_ratio_low": group.ratio_low[place],
                    "impact_ratio_high": group.ratio_high[place],
                    "below_four_fifths": group.below_four_fifths[place],
                }


def _funnels(document: AuditDocument) -> Iterator[Row]:
    for table in document.funnels:
        for stage in (*table.stages, table.bottom_line):
            for rate in stage.rates:
                yield {
                    **{"features": " x ".join(table.features), "stage": stage.stage},
                    **{"group": group_name(rate.group), "entered": rate.rate.of},
                    **{"passed": rate.rate.count, "rate": rate.rate.value},
                    **_estimate("impact_ratio", rate.ratio),
                    "below_four_fifths": rate.below_four_fifths,
                }


def _drift(document: AuditDocument) -> Iterator[Row]:
    for table in document.drift:
        for rate in table.rates:
            yield {
                **{"features": " x ".join(table.features), "period": rate.period},
                **{"group": group_name(rate.group), "assessed": rate.rate.of},
                **{"selected": rate.rate.count, "rate": rate.rate.value},
                **_estimate("impact_ratio", rate.ratio),
                **{"below_four_fifths": rate.below_four_fifths, "small": rate.small},
            }


def _questions(document: AuditDocument) -> Iterator[Row]:
    for table in document.dif:
        for item in table.items:
            yield {
                **{"features": " x ".join(table.features), "question": item.item},
                **{"group": group_name(table.focal), "reference": group_name(table.reference)},
                "chi_square": item.test.statistic if item.test else None,
                **{"p_value": item.test.p_value if item.test else None, "holm": item.holm},
                **_estimate("delta", item.delta),
                **_estimate("standardized", item.standardized),
                **{"class": item.ets_class, "flagged": item.flagged},
                "against": group_name(item.against),
            }


def _validity(document: AuditDocument) -> Iterator[Row]:
    for table in document.validity:
        for group in (table.overall, *table.groups):
            yield {
                **{"features": " x ".join(table.features), "score": table.score},
                **{"group": group_name(group.group), "persons": group.persons},
                **_estimate("correlation", group.correlation),
                **_estimate("corrected", group.corrected),
                **{"slope": group.slope.value, "intercept": group.intercept.value},
                **_estimate("error_common", group.error_common),
            }


def _events(document: AuditDocument) -> Iterator[Row]:
    for table in document.events:
        for row in table.rows:
            yield {
                **{"event": table.kind, "features": " x ".join(table.features)},
                **{"group": group_name(row.group), "reference": group_name(table.reference)},
                **{"persons": row.rate.of, "happened": row.rate.count, "rate": row.rate.value},
                **_estimate("ratio", row.ratio),
                **{"p_value": row.deciding.p_value if row.deciding else None},
                **{"class": row.finding, "reason": row.reason},
            }


def _alternatives(document: AuditDocument) -> Iterator[Row]:
    for search in document.alternatives:
        for c in search.candidates:
            yield {
                **{"features": " x ".join(search.features), "number": c.number, "kind": c.kind},
                "parameters": "; ".join(f"{k}={v}" for k, v in sorted(c.parameters.items())),
                **{"selected_share": c.held_out.share},
                **_estimate("worst_ratio", c.held_out.worst_ratio),
                "worst_group": group_name(c.held_out.worst_group),
                **_estimate("decision_validity", c.held_out.decision_validity),
                **_estimate("score_validity", c.held_out.score_validity),
                **{"same_share": c.same_share, "on_front": c.on_front},
                "less_adverse": c.less_adverse,
            }


_SECTIONS: dict[str, Callable[[AuditDocument], Iterator[Row]]] = {
    "findings": _findings,
    "impact": _tables,
    "conditional": _conditional,
    "accuracy": _accuracy,
    "distances": _distances,
    "sweep": _sweeps,
    "funnel": _funnels,
    "drift": _drift,
    "questions": _questions,
    "validity": _validity,
    "events": _events,
    "alternatives": _alternatives,
}
