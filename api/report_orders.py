"""What a request for a report may hold, and what is checked of it before a job is made."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool, StrictFloat, StrictInt, StringConstraints, model_validator

from api.tasks.letters import check_texts
from audit.errors import InputError
from audit.operations.inputs import Codes, Day, Input, Label, Line, Moment, Reference, Token
from audit.operations.report_orders import ReportOrder
from audit.records.issued import DocumentKind, RecordedAnswer
from reports.packs import fitting, pack, versions

_SUBJECT = r"^(chk|cand|aud|sys|out|req)_[0-9A-HJKMNP-TV-Z]{26}$"
_FIELD = r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$"
_TEXT = r"^[^\x00-\x08\x0b-\x1f\x7f]+$"
Language = Literal["en", "de", "es"]
PackId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
FieldId = Annotated[str, StringConstraints(max_length=100, pattern=_FIELD)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=10_000, pattern=_TEXT)]
Packs = Annotated[
    tuple[PackId, ...],
    Field(
        max_length=20,
        description="Rule packs of a regime file; left out: those of the system's places.",
        examples=[["ll144", "ugesp"]],
    ),
]


class PeriodAsked(Input):
    """A period, [since, until)."""

    since: Annotated[Moment, Field(description="Its first moment.")]
    until: Annotated[Moment, Field(description="The first moment after it.")]


class NewAnswer(Input):
    """What a person answers for a field of a rule pack."""

    value: Annotated[
        StrictBool | StrictInt | StrictFloat | Text,
        Field(description="As the field asks; a date as YYYY-MM-DD.", examples=[True]),
    ]
    by: Annotated[
        Reference, Field(description="Opaque reference of the person.", examples=["person-12"])
    ]
    function: Annotated[
        Label,
        Field(description="Their function; readers see it.", examples=["Head of compliance"]),
    ]
    on: Annotated[Day, Field(description="The day on which it was recorded.")]

    def recorded(self) -> RecordedAnswer:
        """As it is stored."""
        return RecordedAnswer(value=self.value, by=self.by, function=self.function, on=self.on)


NewAnswers = Annotated[
    dict[FieldId, NewAnswer],
    Field(
        max_length=1000,
        description="By field of a rule pack.",
        examples=[
            {
                "ll144.auditor_independent": {
                    "value": True,
                    "by": "person-12",
                    "function": "Head of compliance",
                    "on": "2026-03-02",
                }
            }
        ],
    ),
]


class WrittenText(Input):
    """A text that a person wrote for candidates, in the language of the letter."""

    text: Annotated[
        str,
        StringConstraints(min_length=1, max_length=4000, pattern=_TEXT),
        Field(
            description="As the letter has it.",
            examples=["It compares your answers with what the job asks for."],
        ),
    ]
    by: Annotated[
        Line,
        Field(
            description="Who wrote it: an opaque reference or an office.", examples=["HR office"]
        ),
    ]
    on: Annotated[Day, Field(description="When.")]


Texts = Annotated[
    dict[Token, Annotated[tuple[WrittenText, ...], Field(min_length=1, max_length=10)]],
    Field(
        max_length=30,
        description="By name (docs/reports-api.md lists them); those that are left out stand open "
        "in the letter, which then is not ready to be sent.",
        examples=[
            {
                "purpose": [
                    {
                        "text": "To compare answers with what the job asks for.",
                        "by": "HR office",
                        "on": "2026-03-02",
                    }
                ]
            }
        ],
    ),
]


class LetterAsked(Input):
    """What a letter says beside what is stored. No name of a candidate: the platform fills it."""

    contact: Annotated[
        Line | None,
        Field(description="How a candidate reaches a person.", examples=["hr@example.org"]),
    ] = None
    places: Annotated[
        Codes,
        Field(description="Whose rules are said; left out: the candidate's, or the system's."),
    ] = ()
    job: Annotated[
        Line | None, Field(description="The job, in words for the candidate.", examples=["Clerk"])
    ] = None
    outcome_id: Annotated[
        str | None,
        Field(
            pattern=r"^out_[0-9A-HJKMNP-TV-Z]{26}$",
            description="Of an explanation: the decision; left out: the newest.",
        ),
    ] = None
    use_from: Annotated[
        Day | None, Field(description="Of a notice: when the tool will be used.")
    ] = None
    summary_url: Annotated[
        Annotated[str, StringConstraints(pattern=r"^https?://[!-~]{1,290}$")] | None,
        Field(description="Of a notice: the posted summary; left out: the system's public page."),
    ] = None
    texts: Texts = Field(default_factory=dict)


class NewReport(Input):
    """A report that is wanted."""

    kind: Annotated[DocumentKind, Field(description="Which document.", examples=["governance"])]
    subject: Annotated[
        str,
        Field(
            pattern=_SUBJECT,
            description="What it is about: a check (`interview_integrity`), a candidate "
            "(`identity_thread`), an audit, or a system for its newest audit (`fairness_audit`, "
            "`ll144_summary`, `adverse_impact_record`), a system (`governance`, `regime_file`, "
            "`candidate_notice`), an outcome (`adverse_outcome_disclosure`), a request "
            "(`explanation_letter`).",
            examples=["sys_01KAN8Q5V4T2M9C3XH7R0ZJ6WD"],
        ),
    ]
    language: Annotated[
        Language, Field(description="Letters are there in all of them, other documents in `en`.")
    ] = "en"
    period: Annotated[
        PeriodAsked | None,
        Field(
            description="Of a governance report, which needs one, or a regime file.",
            examples=[{"since": "2026-01-01T00:00:00Z", "until": "2026-04-01T00:00:00Z"}],
        ),
    ] = None
    packs: Packs = ()
    bases: Annotated[
        tuple[Line, ...],
        Field(
            max_length=20,
            description="Of an LL144 summary: the measures to take; left out: all.",
        ),
    ] = ()
    on: Annotated[
        Day | None,
        Field(description="Of a regime file: the day that statuses are those of; left out: today."),
    ] = None
    recorded: Annotated[
        NewAnswers,
        Field(
            default_factory=dict,
            description="Answers for this report; they come before those of the system.",
        ),
    ]

    letter: Annotated[
        LetterAsked | None, Field(description="Of letters to candidates.", examples=[None])
    ] = None

    @model_validator(mode="after")
    def _fits(self) -> NewReport:
        if self.kind is DocumentKind.GOVERNANCE and self.period is None:
            raise ValueError("a governance report needs a period")
        return self

    def order(self, own_packs: Path | None) -> ReportOrder:
        """As operations take it. Raises `PackInvalid` and `InputError`."""
        self._check_language()
        options: dict[str, Any] = {}
        if self.period is not None:
            options["period"] = {
                "since": self.period.since.isoformat(),
                "until": self.period.until.isoformat(),
            }
        for name in self.packs:
            pack(name, own=own_packs)
        if self.packs:
            options["packs"] = list(dict.fromkeys(self.packs))
        if self.bases:
            options["bases"] = list(self.bases)
        if self.on is not None:
            options["on"] = self.on.isoformat()
        check_answers(self.recorded, own_packs)
        if self.recorded:
            options["recorded"] = {
                name: each.model_dump(mode="json") for name, each in self.recorded.items()
            }
        if self.letter is not None and self.kind in LETTERS:
            check_texts(self.kind, {n: len(each) for n, each in self.letter.texts.items()})
            options["letter"] = self.letter.model_dump(mode="json", exclude_none=True)
        return ReportOrder(
            kind=self.kind, subject=self.subject, language=self.language, options=options
        )

    def _check_language(self) -> None:
        if self.language != "en" and self.kind not in LETTERS:
            raise InputError(f"Documents of the kind {self.kind.value} are in English (`en`).")


LETTERS = (
    DocumentKind.CANDIDATE_NOTICE,
    DocumentKind.ADVERSE_OUTCOME_DISCLOSURE,
    DocumentKind.EXPLANATION_LETTER,
)


def check_answers(given: Mapping[str, NewAnswer], own_packs: Path | None) -> None:
    """Raises `InputError` for unknown fields, `PackInvalid` for what does not fit one."""
    fields = {field.id: field for each in versions(own_packs) for field in each.fields}
    for name, answer in given.items():
        if name not in fields:
            raise InputError(f"No rule pack has a field {name!r}.")
        fitting(fields[name], answer.value)
