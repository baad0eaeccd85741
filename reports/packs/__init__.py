"""Rule packs: what regimes ask for, as dated data; which fields facts and people answer.

    held = packs()                                  # checked when they are read
    rules = pack("ll144", on=date(2026, 11, 22))
    answers = answer(rules, gathered(facts), recorded, on)

No code knows any law: it reads the files in this folder. See docs/rule-packs.md.
"""

from reports.packs.answers import (
    Answered,
    Checked,
    Recorded,
    Value,
    answer,
    check_rules,
    fitting,
    gathered,
)
from reports.packs.changes import Affected, Change, Past, affected, changes, past_of
from reports.packs.model import Pack, Prohibition, RuleField, Section, json_schema
from reports.packs.shelf import pack, packs, versions
from reports.packs.showing import shown_forbidden
from reports.packs.standing import Standing, standing

__all__ = [
    "Affected",
    "Answered",
    "Change",
    "Checked",
    "Pack",
    "Past",
    "Prohibition",
    "Recorded",
    "RuleField",
    "Section",
    "Standing",
    "Value",
    "affected",
    "answer",
    "changes",
    "check_rules",
    "fitting",
    "gathered",
    "json_schema",
    "pack",
    "packs",
    "past_of",
    "shown_forbidden",
    "standing",
    "versions",
]
