"""How much of a recording was looked at, what cannot be seen, and the technical facts."""

from __future__ import annotations

from reports.compose.interview_facts import QUESTIONS
from reports.compose.passages import Col, Passages
from reports.document import model as m
from reports.document.draft import at

_FACES = (
    Col("/id", "integer", "face"),
    Col("/main", "yes_no"),
    Col("/start_s", "clock", "from"),
    Col("/end_s", "clock", "to"),
    Col("/sightings", "integer"),
    Col("/median_size_px", "plain", "size"),
    Col("/median_sharpness", "plain", "sharpness"),
    Col("/median_brightness", "plain", "brightness"),
    Col("/median_yaw_deg", "plain", "yaw"),
    Col("/median_pitch_deg", "plain", "pitch"),
)
_STREAM = (
    Col("/index", "integer", "stream"),
    Col("/codec"),
    Col("/profile"),
    Col("/start_s", "clock", "from"),
    Col("/duration_s", "clock", "length"),
    Col("/packets", "integer"),
    Col("/bit_rate", "integer"),
)
_VIDEO = (
    *_STREAM,
    Col("/width", "integer"),
    Col("/height", "integer"),
    Col("/pixel_format", title="pixels"),
    Col("/declared_rate", "plain"),
    Col("/average_rate", "plain"),
)
_AUDIO = (*_STREAM, Col("/sample_rate", "integer"), Col("/channels", "integer"))
_TAGS = (Col("/name"), Col("/value"), Col("/stream"))
_REFERENCES = (
    Col("/label", title="recording"),
    Col("/duration_s", "clock", "duration"),
    Col("/sha256", "digest"),
    Col("/problems", "list"),
)
_MEASURED = (Col("/signal"), Col("/name"), Col("/value", "plain"))
_RUN = (Col("/part", "word:run_part"), Col("/name"), Col("/value", "plain"))
_LIGHT_STEPS = 256


def coverage(page: Passages) -> None:
    """How much was looked at and listened to, and the faces that were followed."""
    page.heading("coverage", "coverage.title")
    page.text((page.draft.shown(at("/check/coverage/sampling")),))
    where = "/check/coverage"
    page.draft.add(
        m.Figures(
            title=page.say("coverage.figures"),
            items=(
                page.key("key.length", at(f"{where}/duration_s", "clock")),
                page.key("key.pictures", at(f"{where}/video_s", "clock")),
                page.key("key.dense", at(f"{where}/frames_dense_s", "clock")),
                page.key("key.frames", at(f"{where}/frames_in_file", "integer")),
                page.key("key.decoded", at(f"{where}/frames_decoded", "integer")),
                page.key("key.looked", at(f"{where}/frames_searched", "integer")),
                page.key("key.examined", at(f"{where}/faces_sampled", "integer")),
                page.key("key.sound", at(f"{where}/audio_s", "clock")),
                page.key("key.speech", at(f"{where}/speech_s", "clock")),
            ),
        )
    )
    if not page.held("/faces"):
        page.text(page.say("coverage.no_faces"))
        return
    page.lists["reading"]["light"] = _LIGHT_STEPS
    note = page.say("coverage.faces_note", light=at("/reading/light", "integer"))
    page.table("faces", page.say("coverage.faces"), "/faces", _FACES, note=note)


def unseen(page: Passages) -> None:
    """What no signal of the report covers, each once."""
    page.heading("not-covered", "unseen.title")
    page.lists["reading"]["quiet"] = "no_indication"
    page.text(page.say("unseen.intro", quiet=at("/reading/quiet", "word:verdict")))
    where: dict[str, str] = {}
    for question in QUESTIONS:
        pointer = f"/check/findings/{question}/not_covered"
        for n, text in enumerate(page.held(pointer)):
            where.setdefault(text, f"{pointer}/{n}")
    page.points((page.draft.shown(at(pointer)),) for pointer in where.values())
    page.text(page.say("unseen.also"))


def file(page: Passages) -> None:
    """The file's own facts, the earlier recordings, all measurements and the run."""
    page.heading("file", "file.title")
    page.draft.add(m.Figures(title=page.say("file.figures"), items=_file(page)))
    for kind, columns in (("video", _VIDEO), ("audio", _AUDIO)):
        if page.held(f"/file/{kind}"):
            page.table(f"streams-{kind}", page.say(f"file.{kind}"), f"/file/{kind}", columns)
    if page.held("/file/tags"):
        note = page.say("file.tags_note")
        page.table("tags", page.say("file.tags"), "/file/tags", _TAGS, head=1, note=note)
    if page.held("/check/references"):
        title = page.say("file.references")
        page.table("references", title, "/check/references", _REFERENCES)
    if page.held("/measurements"):
        title, note = page.say("file.measurements"), page.say("file.measurements_note")
        page.table("measurements", title, "/measurements", _MEASURED, head=2, note=note)
    page.table("run", page.say("file.run"), "/run", _RUN, head=2)
    checked: m.Inline = ()
    if page.held("/check/run/started_at"):
        checked = page.say("file.checked", checked=at("/check/run/started_at", "moment"))
    page.text(
        checked,
        page.say(
            "file.result",
            version=at("/check/software/version"),
            hash=at("/check/run/content_sha256", "digest"),
        ),
    )


def _file(page: Passages) -> tuple[m.Key, ...]:
    held = page.held("/check/input")
    keys = [
        page.key("key.size", at("/check/input/size", "size")),
        page.key("key.format", at("/check/input/format")),
    ]
    if held["brand"]:
        keys.append(page.key("key.brand", at("/check/input/brand")))
    for name in ("width", "height", "rotation"):
        if held[name] is not None:
            keys.append(page.key(f"key.{name}", at(f"/check/input/{name}", "integer")))
    keys.append(page.key("key.hash", at("/check/input/sha256", "digest")))
    return tuple(keys)
