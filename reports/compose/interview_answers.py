"""Who answered which question: a section of the interview's report, where answers were marked."""

from __future__ import annotations

from reports.compose.passages import Col, Passages
from reports.document.draft import at

_SAID = (
    Col("/question", title="asked"),
    Col("/start_s", "clock", "from"),
    Col("/end_s", "clock", "to"),
    Col("/modality", "word:modality", "by"),
    Col("/status", "word:verdict"),
    Col("/text", title="support"),
)
_MEASURED = (
    Col("/question", title="asked"),
    Col("/modality", "word:modality", "by"),
    Col("/log10_lr", "signed:2", "log_lr"),
    Col("/bounds", "between:signed:2"),
    Col("/other_voice", "percent", "other_voice"),
)


def answers(page: Passages) -> None:
    """The sentence, and each answer by face and by voice; nothing where none were marked."""
    found = page.held("/check").get("answers")
    if found is None:
        return
    page.heading("answers", "answered.title")
    said = "reason/text" if found["reason"] else "text"
    page.text((page.draft.shown(at(f"/check/answers/{said}")),))
    if page.held("/answers"):
        note = page.say("answered.note")
        page.table("answers-all", page.say("answered.table"), "/answers", _SAID, note=note)
        page.table("answers-measured", page.say("answered.measured"), "/answers", _MEASURED, head=2)
