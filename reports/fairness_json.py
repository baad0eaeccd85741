"""audit.json: a fairness audit's result as a document of JSON values.

Parts whose fields have the names of the results are read attribute by attribute; the others are
put together here.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib import metadata
from typing import Any, TypeVar

import numpy as np

from audit.errors import SettingsInvalid
from fairness.alternatives import Candidate
from fairness.alternatives_measures import Outcome
from fairness.audit_suppression import withheld
from fairness.audit_tables import event_id
from fairness.human_loop import EventRow
from fairness.impact import Comparison, ImpactRow
from fairness.result import (
    AlternativesAudit,
    AuditResult,
    ConditionalAudit,
    Distribution,
    Finding,
    SweepAudit,
    TableAudit,
)
from fairness.structure import InterviewStructure
from reports import fairness_documents as d
from reports import fairness_impact as i
from reports import fairness_people as p
from reports import fairness_scores as s
from reports.canonical import canonical, sha256_of
from reports.fairness_figures import NoteEntry, Part
from reports.fairness_withheld import without_small_cells

__all__ = ["audit_document", "canonical", "made_at", "read_audit"]

AnyPart = TypeVar("AnyPart", bound=Part)


def audit_document(result: AuditResult, made: str) -> dict[str, object]:
    """The document of one audit, as docs/fairness-audit.schema.json describes it.

    All but the member `run` is the same for the same data, specification, software and seed.
    `made`: the time to write down, see `made_at`.
    """
    content = _content(result)
    return {**content, "run": {"made_at": made, "content_sha256": sha256_of(content)}}


def read_audit(document: Mapping[str, object]) -> d.AuditDocument:
    """The typed form of a document.

    Raises:
        pydantic.ValidationError: it is not a fairness audit of this schema version.
    """
    return d.AuditDocument.model_validate(document)


def made_at(given: str | None = None) -> str:
    """The time to write into the document: as given, from SOURCE_DATE_EPOCH, or now; UTC.

    Raises:
        SettingsInvalid: the time given is not ISO 8601, or the variable is not a number.
    """
    try:
        if given:
            moment = datetime.fromisoformat(given)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        elif epoch := os.environ.get("SOURCE_DATE_EPOCH"):
            moment = datetime.fromtimestamp(int(epoch), UTC)
        else:
            moment = datetime.now(UTC)
    except (ValueError, OverflowError):
        raise SettingsInvalid(
            "--made-at needs a time such as 2025-03-31T12:00:00Z, SOURCE_DATE_EPOCH whole seconds"
        ) from None
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _content(result: AuditResult) -> dict[str, Any]:
    parts: dict[str, Any] = {
        "software": _software(result),
        "data": d.DataEntry.model_validate(result.data),
        "spec": d.SpecEntry(
            title=result.title, sha256=result.spec_sha256, fields=dict(result.spec)
        ),
        "settings": d.SettingsEntry.model_validate(result.settings),
        "features": _features(result),
        "notes": _read(NoteEntry, result.notes),
        "findings": [_finding(f, result) for f in result.findings],
        "tables": [_table(t) for t in result.tables],
        "conditional": [_conditional(c) for c in result.conditional],
        "accuracy": _read(i.AccuracyEntry, result.accuracy),
        "calibration": _read(i.CalibrationEntry, result.calibration),
        "distances": _read(s.DistancesEntry, result.distances),
        "distributions": [_distribution(x) for x in result.distributions],
        "sweeps": [_sweep(x) for x in result.sweeps],
        "funnels": _read(s.FunnelEntry, result.funnels),
        "drift": _read(s.DriftEntry, result.drift),
        "intersections": _read(s.IntersectionsEntry, result.intersections),
        **_people(result),
    }
    kind = {"schema_version": d.SCHEMA_VERSION, "kind": "fairness_audit"}
    content = {**kind, **{name: _dump(part) for name, part in parts.items()}}
    policy = withheld(result)
    return content if policy is None else without_small_cells(content, policy)


def _people(result: AuditResult) -> dict[str, Any]:
    return {
        "dif": _read(p.DifEntry, result.dif),
        "logistic_dif": _read(p.LogisticDifEntry, result.logistic_dif),
        "validity": [_made(p.ValidityEntry, v.table, score=v.score) for v in result.validity],
        "validity_gain": [
            _made(p.ValidityGainEntry, g.gain, tool_label=g.tool, earlier_label=g.earlier)
            for g in result.validity_gain
        ],
        "structure": _structure(result.structure),
        "agreement": _read(p.AgreementEntry, result.agreement),
        "severity": None
        if result.severity is None
        else p.SeverityTableEntry.model_validate(result.severity),
        "events": [_made(p.EventEntry, e, id=event_id(e)) for e in result.events],
        "settings_compared": [
            _made(p.SettingsComparedEntry, c, basis="selection") for c in result.settings_compared
        ],
        "alternatives": [_alternatives(a) for a in result.alternatives],
    }


def _read(entry: type[AnyPart], found: Iterable[Any]) -> list[AnyPart]:
    return [entry.model_validate(item) for item in found]


def _made(entry: type[AnyPart], source: Any, **own: Any) -> AnyPart:
    """An entry from the attributes that a result has under the same names, and from `own`."""
    names = [name for name in entry.model_fields if name not in own and hasattr(source, name)]
    return entry.model_validate({**{name: getattr(source, name) for name in names}, **own})


def _dump(part: Any) -> Any:
    if isinstance(part, list):
        return [_dump(item) for item in part]
    return part.model_dump(mode="json") if isinstance(part, Part) else part


def _software(result: AuditResult) -> d.SoftwareEntry:
    return d.SoftwareEntry(
        name="fairwitness",
        version=metadata.version("fairwitness"),
        packages=dict(sorted(result.packages.items())),
    )


def _features(result: AuditResult) -> list[d.FeatureEntry]:
    return [
        d.FeatureEntry(
            name=f.name,
            kind=f.kind,
            provenance=f.provenance,
            levels=[
                d.LevelEntry(name=n, persons=k) for n, k in zip(f.levels, f.persons, strict=True)
            ],
            unknown=f.unknown,
        )
        for f in result.features
    ]


def _finding(finding: Finding, result: AuditResult) -> d.FindingEntry:
    row = finding.row
    common = {
        **{"id": finding.id, "part": finding.part, "table": finding.table},
        **{"group": row.group, "reference": finding.reference},
        **{"finding": row.finding, "reason": row.reason},
        "reference_rate": finding.reference_rate,
        "rate": row.rate.value,
    }
    if isinstance(row, EventRow):
        return d.FindingEntry.model_validate({**common, **_event_figures(finding, row, result)})
    table = result.tables[finding.table]
    return d.FindingEntry.model_validate(
        {
            **common,
            "table_id": table.id,
            "features": table.impact.features,
            "basis": table.impact.basis,
            "score": table.score,
            **_figures(row),
        }
    )


_NOTHING = {"value": None, "interval": None}


def _event_figures(finding: Finding, row: EventRow, result: AuditResult) -> dict[str, Any]:
    event = result.events[finding.table]
    return {
        **{"table_id": event_id(event), "features": event.features, "score": None},
        "basis": f"event:{event.kind}",
        **{"assessed": row.rate.of, "selected": row.rate.count, "ratio": row.ratio},
        "below_four_fifths": row.below_four_fifths,
        **{"z": None, "fisher": None, "mid_p": None, "reversed_by_one": None},
        **{"shortfall_to_pooled_rate": None, "shortfall_to_reference_rate": None},
        **_tested(row),
    }


def _figures(row: ImpactRow) -> dict[str, Any]:
    compared: Comparison | None = row.comparison
    tests = compared.significance if compared else None
    return {
        "assessed": row.assessed,
        "selected": row.selected,
        "ratio": compared.ratio if compared else _NOTHING,
        "below_four_fifths": compared.below_four_fifths if compared else None,
        "z": tests.pooled_z.z if tests and tests.pooled_z else None,
        "fisher": tests.fisher if tests else None,
        "mid_p": tests.mid_p.doubled if tests else None,
        "shortfall_to_pooled_rate": compared.shortfall_to_pooled_rate.value if compared else None,
        "shortfall_to_reference_rate": (
            compared.shortfall_to_reference_rate.value if compared else None
        ),
        "reversed_by_one": compared.reversed_by_one if compared else None,
        **_tested(compared),
    }


def _tested(source: Comparison | EventRow | None) -> dict[str, Any]:
    deciding = source.deciding if source else None
    power = source.power if source else None
    return {
        "test": deciding.test if deciding else "none",
        "p_value": deciding.p_value if deciding else None,
        "holm": deciding.holm if deciding else None,
        "power_at_four_fifths": power.at_four_fifths if power else None,
        "detectable_ratio": power.detectable_ratio if power else None,
    }


def _table(table: TableAudit) -> i.ImpactTableEntry:
    own = {"id": table.id, "title": table.title, "score": table.score, "median": table.median}
    return _made(i.ImpactTableEntry, table.impact, **own)


def _conditional(found: ConditionalAudit) -> i.ConditionalEntry:
    disparity = found.disparity
    return _made(
        i.ConditionalEntry,
        disparity,
        features=found.features,
        strata_listed=len(disparity.strata),
        strata_all=found.strata_all,
        notes=found.notes,
    )


def _distribution(found: Distribution) -> s.DistributionEntry:
    groups = [
        {"group": group, "persons": int(counts.sum()), "counts": counts}
        for group, counts in zip(found.groups, found.counts, strict=True)
    ]
    return s.DistributionEntry.model_validate(
        {
            **{"features": found.features, "score": found.score, "edges": found.edges},
            **{"groups": groups, "unknown": found.unknown},
        }
    )


def _sweep(found: SweepAudit) -> s.SweepEntry:
    sweep = found.sweep
    columns = {
        "selected": sweep.selected,
        "rate": sweep.rates,
        "rate_low": sweep.rate_low,
        "rate_high": sweep.rate_high,
        "ratio": sweep.ratios,
        "ratio_low": sweep.ratio_low,
        "ratio_high": sweep.ratio_high,
        "below_four_fifths": sweep.below,
    }
    groups = [
        {
            "group": group,
            "assessed": sweep.assessed[place],
            **{name: np.asarray(values)[:, place].tolist() for name, values in columns.items()},
        }
        for place, group in enumerate(sweep.groups)
    ]
    return s.SweepEntry.model_validate(
        {
            **{"features": sweep.features, "score": sweep.score, "cuts": sweep.cuts},
            "higher_is_better": found.higher_is_better,
            "current_cut": found.current_cut,
            "reference": [sweep.groups[x] for x in sweep.reference.tolist()],
            "lowest": [sweep.groups[x] for x in sweep.lowest.tolist()],
            **{"groups": groups, "excluded": list(sweep.excluded), "kept": list(sweep.kept)},
            **{"level": sweep.level, "notes": list(sweep.notes)},
        }
    )


def _structure(found: tuple[InterviewStructure, ...]) -> p.StructureEntry | None:
    if not found:
        return None
    by_group = []
    for one in found:
        counts = one.by_group
        rates = [
            {"count": x, "of": n, "value": x / n if n else None, "interval": None}
            for x, n in zip(counts.selected.tolist(), counts.assessed.tolist(), strict=True)
        ]
        by_group.append(
            {
                **{"features": counts.features, "groups": list(counts.groups), "rates": rates},
                "test": one.group_test,
            }
        )
    return _made(p.StructureEntry, found[0], by_group=by_group)


def _alternatives(found: AlternativesAudit) -> p.AlternativesEntry:
    search = found.found
    return _made(
        p.AlternativesEntry,
        search,
        features=found.features,
        score=found.score,
        objective=search.plan.objective,
        baseline=_candidate(search.baseline),
        candidates=[_candidate(c) for c in search.candidates],
    )


def _candidate(candidate: Candidate) -> p.CandidateEntry:
    return _made(
        p.CandidateEntry,
        candidate,
        search=_outcome(candidate.search),
        held_out=_outcome(candidate.held_out),
    )


def _outcome(outcome: Outcome) -> p.OutcomeEntry:
    rates = [{"group": g, "selected": x, "assessed": n} for g, x, n in outcome.rates]
    return _made(p.OutcomeEntry, outcome, rates=rates)
