"""The regime file: what one or more rule packs ask for, and how each field is answered on a day.

Open fields come first. An answer is a value of the facts or what a person recorded; an open field
has its reason and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Literal

from reports.compose.regime_data import Answers, pack_data, total
from reports.compose.regime_fields import pack_field
from reports.document import model as m
from reports.document.draft import Draft, Filling, Issue, Ref, at
from reports.document.pointers import join, resolve
from reports.packs.answers import gathered
from reports.packs.model import Pack


def compose(
    facts: Mapping[str, Any],
    packs: Sequence[Pack],
    issue: Issue,
    *,
    recorded: Answers | None = None,
    on: date | None = None,
    language: m.Language = "en",
) -> m.Document:
    """The file for `packs`, in their order.

    `facts`: as `reports.packs.answers` says; `recorded`: by pack and field; `on`: the day that
    statuses are those of, that of the issue where it is left out.

    Raises:
        ValueError: no pack is given, or one twice.
    """
    if not packs or len({pack.pack for pack in packs}) != len(packs):
        raise ValueError("give one or more different rule packs")
    day = on or date.fromisoformat(issue.issued_at[:10])
    held, answers = gathered(facts), recorded or {}
    made = [pack_data(pack, held, answers, day) for pack in packs]
    data = {**held, "on": day.isoformat(), "summary": total(made), "packs": made}
    draft = Draft("regime_file", data, language)
    _opening(draft, made)
    for number in range(len(packs)):
        _pack(draft, join("/packs", number))
    draft.notice("limit", "packs.notice.limits")
    return _finished(draft, packs, issue)


def _finished(draft: Draft, packs: Sequence[Pack], issue: Issue) -> m.Document:
    uses = [m.PackUse(id=each.pack, version=each.version, sha256=each.sha256) for each in packs]
    others = [use for use in issue.packs if use not in uses]
    issue = replace(issue, packs=(*others, *uses))
    if len(packs) == 1:
        return draft.finish("packs.title_one", issue, pack=at("/packs/0/title"), on=_on())
    count = at("/summary/packs", "integer")
    return draft.finish("packs.title_many", issue, count=count, on=_on())


def _on() -> Ref:
    return at("/on", "date")


def _opening(draft: Draft, packs: Sequence[Mapping[str, Any]]) -> None:
    names = ("answered", "fields", "open")
    numbers: dict[str, Filling] = {name: at(f"/summary/{name}", "integer") for name in names}
    draft.add(m.Text(text=draft.say("packs.lead", **numbers), lead=True))
    system = draft.data.get("system")
    if system and all(system.get(name) for name in ("name", "system_version", "vendor")):
        draft.text(
            "packs.lead_system",
            system=at("/system/name"),
            version=at("/system/system_version"),
            vendor=at("/system/vendor"),
        )
    shown = ("open", "computed", "recorded", "not_applicable")
    keys = tuple(_key(draft, name) for name in shown if name == "open" or _any(draft, name))
    draft.add(m.Figures(title=draft.say("packs.figures"), items=keys))
    if len(packs) > 1:
        _overview(draft)


def _any(draft: Draft, name: str) -> bool:
    return bool(resolve(draft.data, f"/summary/{name}"))


def _key(draft: Draft, name: str) -> m.Key:
    note = () if name == "not_applicable" else draft.say(f"packs.figure_{name}_note")
    value = draft.shown(at(f"/summary/{name}", "integer"))
    tone: Literal["plain", "inconclusive"] = "plain"
    if name == "open" and _any(draft, name):
        tone = "inconclusive"
    return m.Key(label=draft.say(f"packs.figure_{name}"), value=value, note=note, tone=tone)


def _overview(draft: Draft) -> None:
    draft.heading("overview", "packs.overview.heading")
    columns = [
        draft.column("packs.overview.pack", "/title"),
        draft.column("packs.overview.standing", "/standing", "word:pack_standing"),
        draft.column("packs.overview.fields", "/counts/fields", "integer"),
        draft.column("packs.overview.computed", "/counts/computed", "integer"),
        draft.column("packs.overview.recorded", "/counts/recorded", "integer"),
        draft.column("packs.overview.open", "/counts/open", "integer"),
        draft.column("packs.overview.without", "/counts/not_applicable", "integer"),
    ]
    title = draft.say("packs.overview.title", on=_on())
    table = m.Table(id="sets-of-rules", title=title, rows="/packs", columns=tuple(columns))
    draft.add(table)


def _pack(draft: Draft, place: str) -> None:
    held = resolve(draft.data, place)
    name = held["id"]
    draft.add(m.Heading(id=name, level=2, text=(draft.shown(at(join(place, "title"))),)))
    _standing(draft, place, held)
    if held["note"]:
        draft.add(m.Text(text=(draft.shown(at(join(place, "note"))),)))
    _against(draft, place, held)
    _open(draft, place, held)
    for number, section in enumerate(held["sections"]):
        where = join(place, "sections", number)
        title = (draft.shown(at(join(where, "title"))),)
        items = tuple(
            pack_field(draft, join(where, "fields", n)) for n in range(len(section["fields"]))
        )
        draft.add(m.Heading(id=f"{name}.{section['id']}", level=3, text=title))
        fields = draft.say("packs.figures")
        draft.add(m.Fields(id=f"{name}.{section['id']}.fields", title=fields, items=items))
        _notes(draft, where, section["fields"])
    _rules(draft, place, held)
    _clocks(draft, place, held)
    _sources(draft, place, held)


def _standing(draft: Draft, place: str, held: Mapping[str, Any]) -> None:
    stands = held["standing"]
    key = "in_force_since" if stands == "in_force" and held["since"] else stands
    fillings: dict[str, Filling] = {"citation": at(join(place, "citation"))}
    if key != "in_force_since" and stands != "voluntary":
        fillings["on"] = _on()
    if key in ("in_force_since", "not_yet"):
        fillings["since"] = at(join(place, "since"), "date")
    draft.add(m.Text(text=draft.say(f"packs.standing.{key}", **fillings)))
    if stands == "not_yet":
        since = at(join(place, "since"), "date")
        draft.notice("attention", "packs.notice.not_yet", on=_on(), since=since)
    elif stands != "in_force":
        draft.notice("attention", f"packs.notice.{stands}", on=_on())
    if held["counts"]["secondary"]:
        numbers = {n: at(join(place, "counts", n), "integer") for n in ("secondary", "fields")}
        draft.notice("limit", "packs.notice.secondary", **numbers)


def _against(draft: Draft, place: str, held: Mapping[str, Any]) -> None:
    if not held["against"]:
        return
    draft.heading(f"{held['id']}.against", "packs.against.heading", level=3)
    count = at(join(place, "counts", "against"), "integer")
    draft.notice("attention", "packs.notice.against", count=count)
    columns = (
        draft.column("packs.against.what", "/title"),
        draft.column("packs.against.citation", "/citation"),
        draft.column("packs.against.standing", "/standing", "word:pack_standing"),
        draft.column("packs.against.why", "/why", "word:pack_against"),
    )
    _table(draft, place, "against", columns)


def _open(draft: Draft, place: str, held: Mapping[str, Any]) -> None:
    draft.heading(f"{held['id']}.open", "packs.open.heading", level=3)
    columns = [
        draft.column("packs.open.field", "/title"),
        draft.column("packs.open.why", "/reason", "word:pack_reason"),
    ]
    if any(field["needs"] for field in held["open"]):
        columns.append(draft.column("packs.open.needs", "/needs"))
    columns.append(draft.column("packs.open.who", "/who", "list"))
    _table(draft, place, "open", tuple(columns))


def _notes(draft: Draft, place: str, fields: Sequence[Mapping[str, Any]]) -> None:
    noted = [join(place, "fields", n) for n, field in enumerate(fields) if field["note"]]
    items = tuple(
        draft.say("packs.noted", title=at(join(one, "title")), note=at(join(one, "note")))
        for one in noted
    )
    if items:
        draft.add(m.Points(items=items))


def _rules(draft: Draft, place: str, held: Mapping[str, Any]) -> None:
    if not held["rules"]:
        return
    draft.heading(f"{held['id']}.rules", "packs.rules.heading", level=3)
    columns = (
        draft.column("packs.rules.rule", "/title"),
        draft.column("packs.rules.citation", "/citation"),
        draft.column("packs.rules.standing", "/standing", "word:pack_standing"),
        draft.column("packs.rules.state", "/state", "word:pack_rule"),
    )
    _table(draft, place, "rules", columns)


def _clocks(draft: Draft, place: str, held: Mapping[str, Any]) -> None:
    if not held["clocks"]:
        return
    draft.heading(f"{held['id']}.clocks", "packs.clocks.heading", level=3)
    columns = (
        draft.column("packs.clocks.what", "/title"),
        draft.column("packs.clocks.length", "/length", "integer", empty=""),
        draft.column("packs.clocks.unit", "/unit", "word:pack_unit"),
        draft.column("packs.clocks.kind", "/kind", "word:pack_clock"),
        draft.column("packs.clocks.status", "/status", "word:pack_clock_status"),
        draft.column("packs.clocks.citation", "/citation"),
        draft.column("packs.clocks.clock", "/id"),
    )
    _table(draft, place, "clocks", columns)


def _sources(draft: Draft, place: str, held: Mapping[str, Any]) -> None:
    draft.heading(f"{held['id']}.sources", "packs.sources.heading", level=3)
    sources = [at(join(place, "sources", number)) for number in range(len(held["sources"]))]
    version = draft.say(
        "packs.sources.version",
        version=at(join(place, "version")),
        sha256=at(join(place, "sha256"), "digest"),
    )
    items = tuple((draft.shown(source),) for source in sources)
    draft.add(m.Points(items=(*items, version)))


def _table(draft: Draft, place: str, member: str, columns: tuple[m.Column, ...]) -> None:
    """The list `member` of a pack; the texts of its area have the title, and one for no rows."""
    draft.add(
        m.Table(
            id=f"{resolve(draft.data, place)['id']}.{member}.table",
            title=draft.say(f"packs.{member}.title"),
            rows=join(place, member),
            columns=columns,
            empty=draft.say("packs.open.none") if member == "open" else (),
        )
    )
