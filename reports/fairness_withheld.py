"""Leaving small cells out of audit.json, and so out of everything that is made from it.

Rows of impact tables and events stay, without figures; other parts lose the left-out groups. Parts
that count persons more finely than the tables (by score, period or setting) are left out as a
whole: their sums could give the left-out counts back.
"""

from __future__ import annotations

from typing import Any

from fairness.audit_suppression import Withheld

Json = dict[str, Any]

FINER = ("calibration", "distributions", "sweeps", "drift", "settings_compared", "alternatives")
"""Parts that are left out as a whole under a policy of suppression."""

_NOTHING = {"value": None, "interval": None}
_NO_SHARE = {"count": None, "of": None, "value": None, "interval": None}
_REASON = "Left out: a small group, or one that would give a small group away."
_NO_REFERENCE = "Not shown: the group with the highest rate is left out."


def without_small_cells(content: Json, policy: Withheld) -> Json:
    """The document without what the policy leaves out."""
    made = dict(content)
    made["features"] = [_feature(f, policy) for f in content["features"]]
    made["tables"] = [_table(t, policy) for t in content["tables"]]
    made["events"] = [_event(e, policy) for e in content["events"]]
    made["findings"] = [f for f in content["findings"] if _shown(f, policy)]
    made["conditional"] = [
        {**c, "strata": [], "within": [], "strata_listed": 0}
        for c in content["conditional"]
        if not _hides(policy, c["features"], c["focal"], c["reference"])
    ]
    for part in ("dif", "logistic_dif"):
        made[part] = [
            t
            for t in content[part]
            if not _hides(policy, t["features"], t["focal"], t["reference"])
        ]
    made["accuracy"] = _kept(content["accuracy"], policy, _accuracy)
    made["distances"] = _kept(content["distances"], policy, _distances)
    made["validity"] = _kept(content["validity"], policy, _validity)
    made["funnels"] = [_funnel(f, policy) for f in content["funnels"]]
    made["intersections"] = _kept(content["intersections"], policy, _intersections)
    if content["structure"]:
        made["structure"] = {**content["structure"], "by_group": []}
    shown = [n for n in content["notes"] if not _counts_hidden(n, policy)]
    made["notes"] = [*shown, _note(content, policy)]
    return {**made, **{part: [] for part in FINER}}


def _counts_hidden(note: Json, policy: Withheld) -> bool:
    """Whether a note says how many persons of a left-out unknown level there are."""
    unknown = [f" of {features[0]};" for features in policy.unknown if len(features) == 1]
    return note["code"] == "unknown_demographics" and any(x in note["text"] for x in unknown)


def _hides(policy: Withheld, features: list[str], *groups: list[str] | None) -> bool:
    return any(g is not None and policy.hides(features, g) for g in groups)


def _shown(finding: Json, policy: Withheld) -> bool:
    return not _hides(policy, finding["features"], finding["group"], finding["reference"])


def _note(content: Json, policy: Withheld) -> Json:
    count = sum(len(groups) for groups in policy.groups.values())
    parts = [part for part in FINER if content[part]]
    text = (
        f"Counts from 1 to {policy.below - 1} are left out, and what would give them away: "
        f"{count} groups over all tables"
    )
    text += f", and these parts as a whole: {', '.join(parts)}." if parts else "."
    return {"code": "small_cells_left_out", "text": text, "facts": {"groups": count}}


def _feature(feature: Json, policy: Withheld) -> Json:
    features = [feature["name"]]
    levels = [
        {**x, "persons": None} if policy.hides(features, [x["name"]]) else x
        for x in feature["levels"]
    ]
    gone = tuple(features) in policy.unknown
    return {**feature, "levels": levels, "unknown": None if gone else feature["unknown"]}


def _table(table: Json, policy: Withheld) -> Json:
    features = table["features"]
    lost = _hides(policy, features, table["reference"])
    rows = []
    for row in table["rows"]:
        if policy.hides(features, row["group"]):
            rows.append({**row, **_EMPTY_ROW})
        elif lost:
            bare = {"comparison": None, "finding": None, "reason": _NO_REFERENCE}
            rows.append({**row, **bare})
        else:
            rows.append(row)
    unknown = {"unknown_assessed": None, "unknown_selected": None}
    some = any(policy.hides(features, row["group"]) for row in table["rows"])
    return {
        **table,
        "rows": rows,
        "reference": None if lost else table["reference"],
        "tied": [] if lost else [g for g in table["tied"] if not policy.hides(features, g)],
        # Notes with numbers may be about a group that is left out.
        "notes": [n for n in table["notes"] if not (some and n["facts"])],
        **(unknown if tuple(features) in policy.unknown else {}),
    }


_EMPTY_ROW: Json = {
    **{"assessed": None, "selected": None, "share": None, "rate": _NOTHING},
    **{"rate_exact": None, "rate_bootstrap": None, "chance_highest": None},
    **{"comparison": None, "finding": None, "reason": _REASON, "withheld": True},
}
_EMPTY_EVENT: Json = {
    **{"rate": _NO_SHARE, "ratio": _NOTHING, "difference": _NOTHING},
    **{"below_four_fifths": None, "deciding": None, "power": None, "is_reference": False},
    **{"finding": None, "reason": _REASON, "withheld": True},
}


def _event(event: Json, policy: Withheld) -> Json:
    features = event["features"]
    lost = _hides(policy, features, event["reference"])
    rows = []
    for row in event["rows"]:
        if policy.hides(features, row["group"]):
            rows.append({**row, **_EMPTY_EVENT})
        elif lost:
            own = {"rate": row["rate"], "withheld": False, "reason": _NO_REFERENCE}
            rows.append({**row, **_EMPTY_EVENT, **own})
        else:
            rows.append(row)
    unknown = {"unknown_persons": None, "unknown_happened": None}
    return {
        **event,
        "rows": rows,
        **({"reference": None} if lost else {}),
        **(unknown if tuple(features) in policy.unknown else {}),
    }


def _kept(entries: list[Json], policy: Withheld, filtered: Any) -> list[Json]:
    """Entries whose reference is shown, without the groups that are not."""
    return [
        filtered(e, policy) for e in entries if not _hides(policy, e["features"], e["reference"])
    ]


def _accuracy(entry: Json, policy: Withheld) -> Json:
    def shown(group: Json) -> bool:
        cells = [x for m in group["measures"].values() for x in (m["count"], m["of"] - m["count"])]
        hidden = policy.hides(entry["features"], group["group"])
        return not hidden and not policy.small(group["unlabelled"], *cells)

    return {**entry, "groups": [g for g in entry["groups"] if shown(g)]}


def _distances(entry: Json, policy: Withheld) -> Json:
    kept = [
        g
        for g in entry["groups"]
        if not policy.hides(entry["features"], g["group"]) and not policy.small(g["persons"])
    ]
    names = [g["group"] for g in kept]
    return {
        **entry,
        "groups": kept,
        "distances": [d for d in entry["distances"] if d["group"] in names],
    }


def _validity(entry: Json, policy: Withheld) -> Json:
    kept = [
        g
        for g in entry["groups"]
        if not policy.hides(entry["features"], g["group"]) and not policy.small(g["persons"])
    ]
    return {**entry, "groups": kept}


def _funnel(entry: Json, policy: Withheld) -> Json:
    features = entry["features"]

    def stage(one: Json) -> Json:
        lost = _hides(policy, features, one["reference"])
        rates = [r for r in one["rates"] if not policy.hides(features, r["group"])]
        if lost:
            rates = [{**r, "ratio": _NOTHING, "below_four_fifths": False} for r in rates]
        return {**one, "rates": rates, "reference": None if lost else one["reference"]}

    return {
        **entry,
        "stages": [stage(s) for s in entry["stages"]],
        "bottom_line": stage(entry["bottom_line"]),
        "gaps": [
            g for g in entry["gaps"] if not _hides(policy, features, g["group"], g["reference"])
        ],
    }


def _intersections(entry: Json, policy: Withheld) -> Json:
    features = entry["features"]

    def shown(groups: list[list[str]]) -> list[list[str]]:
        return [g for g in groups if not policy.hides(features, g)]

    return {
        **entry,
        "cells": [c for c in entry["cells"] if not policy.hides(features, c["group"])],
        "hidden": shown(entry["hidden"]),
        "beyond_marginals": shown(entry["beyond_marginals"]),
    }
