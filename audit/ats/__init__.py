"""Applicant tracking systems: outcomes and stage changes in, notes out. Pure functions.

    words = default_words(Source.LEVER).extended({"reason:63dd...": OutcomeClass.REJECTED})
    reception = receive(Source.LEVER, body, headers, secrets=[token], words=words, now=now)
    done = import_csv(file, write, default_words(Source.CSV), form=CsvFormat(columns={...}))
    call = greenhouse_note(FlagNote(...), candidate="265772", user="158108")

See docs/ats.md. Nothing personal is read out of what comes in, and nothing that goes out can change
anybody's status.
"""

from audit.ats.csv_import import CsvFormat, CsvImport, import_csv
from audit.ats.documents import Document, json_schema, read_document
from audit.ats.model import OutcomeEvent, Source, Stage, WordMap
from audit.ats.notes import (
    AtsCall,
    AuditSummaryNote,
    CandidateNote,
    FlagNote,
    Note,
    ReviewNote,
    ashby_note,
    greenhouse_note,
    lever_note,
    note_json,
)
from audit.ats.reception import SYSTEMS, Ignored, Reception, receive
from audit.ats.words import default_words

__all__ = [
    "SYSTEMS",
    "AtsCall",
    "AuditSummaryNote",
    "CandidateNote",
    "CsvFormat",
    "CsvImport",
    "Document",
    "FlagNote",
    "Ignored",
    "Note",
    "OutcomeEvent",
    "Reception",
    "ReviewNote",
    "Source",
    "Stage",
    "WordMap",
    "ashby_note",
    "default_words",
    "greenhouse_note",
    "import_csv",
    "json_schema",
    "lever_note",
    "note_json",
    "read_document",
    "receive",
]
