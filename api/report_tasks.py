"""What the commands of `fairwitness report` do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from rich.console import Console

from api.environment import read_settings
from api.output import made_folder, write_whole
from api.report_keys import local_keys, local_signer
from audit.canonical import parse_json
from audit.errors import InputError, NotCanonical
from audit.records.period import period_json, read_period
from reports.compose import (
    adverse_impact,
    fairness_audit,
    governance,
    ll144_summary,
    regime_file,
)
from reports.diff import Difference, diff
from reports.diff_html import render_diff, shown, signed
from reports.document.draft import Issue
from reports.document.model import Document, Source
from reports.fairness_json import read_audit
from reports.issuing import EXTENSIONS, Format, issue_files, render_body, render_file
from reports.packs import Recorded, fitting, pack, versions
from reports.packs.reading import plain_yaml
from reports.proof.envelope import Envelope
from reports.proof.reading import LARGEST_FILE, embedded, kind_of, read_signed

MOST_BYTES = 256 << 20
MOST_ANSWERS = 1 << 20
_LISTED = 60
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOrder:
    """What is to be built, from which files."""

    kind: str
    audit: Path | None
    answers: Path | None
    period: Path | None
    packs: tuple[str, ...]
    publisher: str
    made: str | None


def build(order: BuildOrder, out: Path, formats: tuple[Format, ...]) -> None:
    """Builds a document, signs it with this machine's key and writes it.

    Raises:
        InputError: a file cannot be used, or one that the kind needs is missing.
    """
    own = read_settings().packs_dir
    document = _composed(order, own)
    files = issue_files(document, local_signer(read_settings()), formats=formats)
    target = made_folder(out)
    for name, data in files.items():
        path = target / f"{order.kind}.{EXTENSIONS[name]}"
        write_whole(path, data)
        _say(f"Wrote {path}")
    if not _ready(document):
        _say("It is not ready: fields that it needs are open. It says which at its top.")


def render(file: Path, format: Format, out: Path | None, *, without_proof: bool = False) -> None:
    """Renders a signed report again.

    Raises:
        InputError: the file holds no signed report.
        ReportKeyUnusable: the key that signed it is not on this machine.
    """
    envelope = read_envelope(file)
    if without_proof:
        data = render_body(envelope, format)
    else:
        with local_keys(read_settings()) as keys:
            signer = keys.signer(envelope.proof.key_id)
        data = render_file(envelope, format, signer)
    path = out or file.with_name(f"{file.name.partition('.')[0]}.{EXTENSIONS[format]}")
    made_folder(path.parent)
    write_whole(path, data)
    _say(f"Wrote {path}")


def compare(before: Path, after: Path, *, as_json: bool, html: Path | None) -> None:
    """Says what changed from one report to another. Raises `InputError`."""
    found = diff(read_envelope(before).document, read_envelope(after).document)
    if html is not None:
        made_folder(html.parent)
        write_whole(html, render_diff(found))
    if as_json:
        plain = TypeAdapter(Difference).dump_python(found, mode="json")
        _say(json.dumps(plain, indent=1))
    else:
        _tell(found)
        if html is not None:
            _say(f"Wrote {html}")


def read_envelope(path: Path) -> Envelope:
    """The signed document in a file of any format. Raises `InputError`; `verify` says more."""
    data = _bytes(path, LARGEST_FILE)
    text = embedded(data, kind_of(data))
    if text is None:
        raise InputError(f"{path.name}: it holds no signed document.")
    found = read_signed(text, canonical=kind_of(data) == "json")
    if not found.intact:
        raise InputError(
            f"{path.name}: the document was altered; `fairwitness verify` names where."
        )
    return Envelope.model_validate({"document": found.document, "proof": found.proof})


def read_answers(path: Path, own: Path | None) -> dict[str, Recorded]:
    """What persons recorded, by field.

    Raises:
        InputError: it names a field that no rule pack has, or an answer lacks something.
        PackInvalid: it is no YAML, or an answer does not fit its field.
    """
    try:
        text = _bytes(path, MOST_ANSWERS).decode("utf-8")
    except UnicodeDecodeError:
        raise InputError(f"{path.name} is not UTF-8 text.") from None
    held = plain_yaml(text, path.name)
    fields = {field.id: field for each in versions(own) for field in each.fields}
    made = {}
    for name, given in held.items():
        if name not in fields:
            raise InputError(f"{path.name}: no rule pack has a field {str(name)!r}.")
        made[name] = _recorded(path, name, given)
        fitting(fields[name], made[name].value)
    return made


def _composed(order: BuildOrder, own: Path | None) -> Document:
    recorded = read_answers(order.answers, own) if order.answers else {}
    moment = _moment(order.made)
    if order.kind == "regime_file":
        return _regime_file(order, own, recorded)
    if order.kind == "governance":
        period = _period(order)
        found = Issue(
            id=f"{order.kind}-{moment[:10]}",
            issued_at=moment,
            publisher=order.publisher,
            sources=governance.sources(period),
        )
        return governance.compose(period, found)
    audit = _audit(order)
    issue = _issue(order, moment, audit)
    if order.kind == "fairness_audit":
        return fairness_audit.compose(audit, issue)
    if order.kind == "ll144_summary":
        return ll144_summary.compose(audit, recorded, issue)
    return adverse_impact.compose(audit, recorded, issue)


def _regime_file(order: BuildOrder, own: Path | None, recorded: dict[str, Recorded]) -> Document:
    if not order.packs:
        raise InputError("A regime file needs a rule pack, for example --pack ll144.")
    moment = _moment(order.made)
    day = date.fromisoformat(moment[:10])
    facts: dict[str, Any] = {}
    if order.audit is not None:
        facts["audit"] = _audit(order)
    if order.period is not None:
        facts["period"] = _period(order)
    chosen = [pack(name, on=day, own=own) for name in dict.fromkeys(order.packs)]
    issue = _issue(order, moment, facts.get("audit"))
    answers = {each.pack: recorded for each in chosen}
    return regime_file.compose(facts, chosen, issue, recorded=answers, on=day)


def _issue(order: BuildOrder, moment: str, audit: Json | None) -> Issue:
    if audit is None:
        id = f"{order.kind}-{moment[:10]}"
        return Issue(id=id, issued_at=moment, publisher=order.publisher)
    sha256 = str(audit["run"]["content_sha256"])
    return Issue(
        id=f"{order.kind}-{sha256[:16]}",
        issued_at=moment,
        publisher=order.publisher,
        sources=(Source(name="audit", sha256=sha256),),
    )


def _moment(given: str | None) -> str:
    try:
        moment = datetime.fromisoformat(given) if given else datetime.now(UTC)
    except ValueError:
        raise InputError(f"--made-at {given}: give a time as 2026-03-01T09:00:00Z.") from None
    if moment.tzinfo is None:
        raise InputError(f"--made-at {given}: give it with its zone, as 2026-03-01T09:00:00Z.")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _audit(order: BuildOrder) -> Json:
    if order.audit is None:
        raise InputError(f"{order.kind} is made of an audit: give --audit audit.json.")
    try:
        return read_audit(_json(order.audit)).model_dump(mode="json")
    except ValidationError:
        raise InputError(f"{order.audit.name}: this is no audit.json of this version.") from None


def _period(order: BuildOrder) -> Json:
    if order.period is None:
        raise InputError(f"{order.kind} is made of a period's facts: give --period period.json.")
    try:
        return period_json(read_period(_json(order.period)))
    except ValidationError:
        raise InputError(f"{order.period.name}: these are no facts of a period.") from None


def _recorded(path: Path, name: str, given: Any) -> Recorded:
    try:
        return Recorded.model_validate(given)
    except ValidationError:
        raise InputError(f"{path.name}: {name}: give value, by (who) and on (day).") from None


def _json(path: Path) -> dict[str, Any]:
    try:
        held: Any = parse_json(_bytes(path, MOST_BYTES))
    except NotCanonical as error:
        raise InputError(f"{path.name}: this is no JSON: {error}") from None
    if not isinstance(held, dict):
        raise InputError(f"{path.name}: expected an object.")
    return held


def _bytes(path: Path, most: int) -> bytes:
    try:
        if path.stat().st_size > most:
            raise InputError(f"{path.name}: larger than {most >> 20} MiB.")
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path.name} cannot be read: {error.strerror}.") from None


def _ready(document: Document) -> bool:
    return document.kind != ll144_summary.KIND or ll144_summary.is_ready(document)


def _tell(found: Difference) -> None:
    if found.same:
        _say("Nothing changed: both hold the same data.")
        return
    counts = found.counts
    _say(
        f"{counts['numbers']} numbers and {counts['others']} other values differ; "
        f"{counts['added']} parts were added, {counts['removed']} removed."
    )
    for pack_change in found.packs:
        _say(f"  rule pack {pack_change.id}: {pack_change.before} -> {pack_change.after}")
    for change in sorted(found.numbers, key=lambda each: not each.title)[:_LISTED]:
        less = "" if change.difference is None else f"  ({signed(change.difference)})"
        name = ", ".join((*change.row, change.title or change.at))
        _say(f"  {name}: {shown(change.before)} -> {shown(change.after)}{less}")
    if counts["numbers"] > _LISTED:
        _say(f"  and {counts['numbers'] - _LISTED} further numbers; --json has all.")


def _say(text: str) -> None:
    Console().print(text, markup=False, highlight=False, soft_wrap=True)
