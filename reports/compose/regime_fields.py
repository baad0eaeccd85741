"""One field of a rule pack as a document shows it, out of the facts that hold its answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Literal

from reports.document import model as m
from reports.document.draft import Draft, Filling, at
from reports.document.pointers import join, resolve

Status = Literal["in_force", "from", "withdrawn", "voluntary", "proposed"]
_STATUS: Mapping[str, Status] = {
    "in_force": "in_force",
    "not_yet": "from",
    "withdrawn": "withdrawn",
    "voluntary": "voluntary",
    "proposed": "proposed",
}
_SHOW = {"text": "text", "date": "date", "choice": "text", "number": "figures", "yes_no": "yes_no"}
_PAUSE = "; "


def pack_field(draft: Draft, place: str) -> m.PackField:
    """The field whose facts, as `reports.compose.regime_data` makes them, are at `place`."""
    held = resolve(draft.data, place)
    how = held["how"]
    return m.PackField(
        id=held["id"],
        title=(draft.shown(at(join(place, "title"))),),
        citation=_citation(draft, place, held),
        status=_STATUS[held["standing"]],
        read=held["read"],
        answered=_answered(held),
        answer=() if how == "open" else _answer(draft, place, held),
        by=_by(draft, place, held),
        open_reason=_reason(draft, place, held) if how == "open" else (),
    )


def _answered(held: Mapping[str, Any]) -> Literal["computed", "recorded", "open"]:
    """A field without a subject is answered by what leaves it so: the facts, or a person."""
    how: Literal["computed", "recorded", "open", "not_applicable"] = held["how"]
    if how == "not_applicable":
        return "recorded" if held["because"] and "by" in held["because"] else "computed"
    return how


def _citation(draft: Draft, place: str, held: Mapping[str, Any]) -> m.Inline:
    cited = at(join(place, "citation"))
    if held["standing"] == "not_yet":
        since = at(join(place, "since"), "date")
        return draft.say("packs.cited_from", citation=cited, since=since)
    if held["standing"] == "withdrawn" and held["until"]:
        until = at(join(place, "until"), "date")
        return draft.say("packs.cited_until", citation=cited, until=until)
    return draft.say("packs.cited", citation=cited)


def _answer(draft: Draft, place: str, held: Mapping[str, Any]) -> m.Inline:
    if held["how"] == "computed":
        return (*_computed(draft, place, held), *_beside(draft, place, held))
    if held["how"] == "recorded":
        return _recorded(draft, join(place, "recorded"))
    if held["because"] is None:
        return (draft.shown(at(join(place, "otherwise"))),)
    because = join(place, "because")
    title = at(join(because, "title"))
    return draft.say("packs.not_applicable", title=title, answer=_recorded(draft, because))


def _beside(draft: Draft, place: str, held: Mapping[str, Any]) -> m.Inline:
    """What a person recorded where the computed answer was taken."""
    if held["beside"] is None:
        return ()
    where = join(place, "beside")
    return draft.say("packs.beside", value=_recorded(draft, where), **_who(where))


def _by(draft: Draft, place: str, held: Mapping[str, Any]) -> m.Inline:
    if held["how"] != "recorded":
        return ()
    return draft.say("packs.recorded_by", **_who(join(place, "recorded")))


def _who(place: str) -> dict[str, Filling]:
    return {"by": at(join(place, "by")), "on": at(join(place, "on"), "date")}


def _recorded(draft: Draft, place: str) -> m.Inline:
    """What a person recorded: a choice in the pack's words."""
    held = resolve(draft.data, place)
    if held["text"] is not None:
        return (draft.shown(at(join(place, "text"))),)
    return (draft.shown(at(join(place, "value"), _SHOW[held.get("kind", "text")])),)


def _reason(draft: Draft, place: str, held: Mapping[str, Any]) -> m.Inline:
    reason = held["reason"]
    who = at(join(place, "who"), "list")
    needs, open_ = at(join(place, "needs")), at(join(place, "open"))
    if reason == "unfit":
        return draft.say("packs.reason.unfit", who=who, **_who(join(place, "beside")))
    fillings: dict[str, dict[str, Filling]] = {
        "facts": {"needs": needs},
        "record": {"who": who},
        "either": {"needs": needs, "who": who},
        "source": {"open": open_},
    }
    return draft.say(f"packs.reason.{reason}", **fillings[reason])


def _computed(draft: Draft, place: str, held: Mapping[str, Any]) -> m.Inline:
    """All values, those of one label behind it."""
    made: list[str | m.Shown] = []
    numbers = range(len(held["values"]))
    for label, members in groupby(numbers, key=lambda n: held["values"][n]["label"]):
        listed = list(members)
        values = _joined([_value(draft, join(place, "values", n)) for n in listed])
        made += [_PAUSE] if made else []
        if label is None:
            made += values
        else:
            said = at(join(place, "values", listed[0], "label"))
            made += draft.say("packs.labelled", label=said, values=values)
    if held["more"]:
        made += draft.say("packs.more", more=at(join(place, "more"), "integer"))
    return tuple(made)


def _value(draft: Draft, place: str) -> m.Inline:
    held = resolve(draft.data, place)
    # A count and a day that a clock gives are in no fact: they are shown from here.
    here = at(join(place, "value") if held["derived"] else held["at"], held["show"])
    value: m.Inline = (draft.shown(here),)
    if held["of_at"]:
        of = at(held["of_at"], held["show"])
        if held["unknown_at"]:
            unknown = at(held["unknown_at"], held["show"])
            value = draft.say("packs.share_unknown", count=value, of=of, unknown=unknown)
        else:
            value = draft.say("packs.share", count=value, of=of)
    if held["name_at"] is None:
        return value
    return draft.say("packs.named", name=at(held["name_at"], held["name_show"]), value=value)


def _joined(parts: Sequence[m.Inline]) -> m.Inline:
    return tuple(_between(parts))


def _between(parts: Sequence[m.Inline]) -> Iterator[str | m.Shown]:
    for number, part in enumerate(parts):
        if number:
            yield _PAUSE
        yield from part
