"""Fields of a rule pack inside a fairness document: answered from the audit, recorded, or open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from reports.compose.fairness_sheet import Json, Sheet
from reports.document import model as m
from reports.document.draft import at
from reports.packs.answers import Answered
from reports.packs.model import Pack, RuleField


def used(pack: Pack) -> m.PackUse:
    """How a document names the pack that it was made by."""
    return m.PackUse(id=pack.pack, version=pack.version, sha256=pack.sha256)


def asked(answers: Mapping[str, Answered]) -> dict[str, Answered]:
    """The fields that have a subject: not those that wait for the answer of another, open field."""
    return {
        name: each
        for name, each in answers.items()
        if each.how != "not_applicable" and not _waits(each.field, answers)
    }


def _waits(field: RuleField, answers: Mapping[str, Answered]) -> bool:
    decides = field.only_if.field if field.only_if else None
    return decides is not None and answers[decides].how == "open"


def answered_fields(sheet: Sheet, answers: Iterable[Answered]) -> tuple[m.PackField, ...]:
    """Fields as the document shows them.

    Titles, citations and what persons recorded go into the data under `/shown/pack/ID`.
    """
    return tuple(_field(sheet, each) for each in answers)


def _field(sheet: Sheet, answered: Answered) -> m.PackField:
    field = answered.field
    held: Json = {"title": field.title, "citation": field.citation}
    sheet.shown.setdefault("pack", {})[field.id] = held
    where = f"/shown/pack/{field.id}"
    common: dict[str, Any] = {
        "id": field.id,
        "title": sheet.draft.say("fairness.as_said", text=at(f"{where}/title")),
        "citation": sheet.draft.say("fairness.as_said", text=at(f"{where}/citation")),
        "status": field.status,
        "read": field.read,
    }
    if answered.how == "computed":
        return m.PackField(answered="computed", answer=_computed(sheet, answered), **common)
    if answered.how == "recorded" and answered.recorded is not None:
        recorded = answered.recorded
        held |= {"value": recorded.value, "by": recorded.by, "on": recorded.on.isoformat()}
        way = _way(held, field)
        by = sheet.draft.say(
            "fairness.pack.by", name=at(f"{where}/by"), day=at(f"{where}/on", "date")
        )
        answer = (sheet.draft.shown(at(f"{where}/{way[0]}", way[1])),)
        return m.PackField(answered="recorded", answer=answer, by=by, **common)
    return m.PackField(answered="open", open_reason=_open(sheet, answered, where), **common)


def _way(held: Json, field: RuleField) -> tuple[str, str]:
    """The member of the held answer that is shown, and how."""
    asked = field.recorded
    if asked is not None and asked.kind == "choice":
        texts = {choice.code: choice.text for choice in asked.choices}
        held["text"] = texts.get(str(held["value"]), str(held["value"]))
        return "text", "text"
    kind = asked.kind if asked is not None else "text"
    return "value", {"date": "date", "yes_no": "yes_no"}.get(kind, "text")


def _computed(sheet: Sheet, answered: Answered) -> m.Inline:
    """The values of an answer, each after its label and name; what was counted is held apart."""
    held = sheet.shown["pack"][answered.field.id]
    where = f"/shown/pack/{answered.field.id}"
    held["values"] = [{"value": v.value, "label": v.label} for v in answered.values]
    made: list[str | m.Shown] = []
    label = ""
    for n, value in enumerate(answered.values):
        made += ["; "] if made else []
        if value.label != label:
            label = value.label
            made += [sheet.draft.shown(at(f"{where}/values/{n}/label")), ": "]
        if value.name_at:
            made += [sheet.draft.shown(at(value.name_at, value.name_show)), " "]
        spot = f"{where}/values/{n}/value" if value.derived else value.at
        made.append(sheet.draft.shown(at(spot, value.show)))
    if answered.more:
        held["more"] = answered.more
        more = at(f"{where}/more", "integer")
        made += ["; ", *sheet.draft.say("fairness.pack.more", more=more)]
    return tuple(made)


def _open(sheet: Sheet, answered: Answered, where: str) -> m.Inline:
    """Why a field is open, and who can fill it."""
    field = answered.field
    sheet.shown["pack"][field.id]["who"] = list(field.who)
    who = [f"{where}/who/{n}" for n, _ in enumerate(field.who)]
    names: list[str | m.Shown] = []
    for pointer in who:
        names += [", "] if names else []
        names.append(sheet.draft.shown(at(pointer, "word:fairness_who")))
    said = {}
    if answered.reason in ("facts", "either") and field.needs:
        sheet.shown["pack"][field.id]["needs"] = field.needs
        said = {"needs": at(f"{where}/needs")}
    if answered.reason == "source":
        sheet.shown["pack"][field.id]["why"] = field.open
        return sheet.draft.say("fairness.pack.open_source", why=at(f"{where}/why"))
    key = answered.reason if said or answered.reason in ("record", "unfit") else "record"
    fillings = {} if key == "facts" else {"who": tuple(names)}
    return sheet.draft.say(f"fairness.pack.open_{key}", **said, **fillings)
