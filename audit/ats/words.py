"""What the words of each source mean unless the operator says otherwise.

Only words whose meaning the source documents are here (docs/ats.md says where it was read). What a
customer defines, such as Lever's reasons for archiving, has to be mapped by the operator.
"""

from __future__ import annotations

from collections.abc import Mapping

from audit.ats.model import Source, WordMap
from audit.records.register import OutcomeClass

_OWN: Mapping[str, OutcomeClass | None] = {outcome.value: outcome for outcome in OutcomeClass}

# Taking back a rejection or a hire leaves the application undecided: on_hold, and later than what
# it takes back.
_DEFAULTS: Mapping[Source, Mapping[str, OutcomeClass | None]] = {
    Source.GREENHOUSE: {
        "candidate_stage_change": OutcomeClass.ADVANCED,
        "hire_candidate": OutcomeClass.HIRED,
        "we rejected them": OutcomeClass.REJECTED,
        "they rejected us": OutcomeClass.WITHDRAWN,
        "unreject_candidate": OutcomeClass.ON_HOLD,
        "unhire_candidate": OutcomeClass.ON_HOLD,
    },
    Source.LEVER: {
        "candidateStageChange": OutcomeClass.ADVANCED,
        "moved back": OutcomeClass.ON_HOLD,
        "candidateHired": OutcomeClass.HIRED,
        "unarchived": OutcomeClass.ON_HOLD,
    },
    Source.ASHBY: {
        "candidateStageChange": OutcomeClass.ADVANCED,
        "Hired": OutcomeClass.HIRED,
        "RejectedByOrg": OutcomeClass.REJECTED,
        "RejectedByCandidate": OutcomeClass.WITHDRAWN,
    },
    Source.JSON: _OWN,
    Source.CSV: _OWN,
}


def default_words(source: Source) -> WordMap:
    """The map of a source; extend it with `WordMap.extended`."""
    return WordMap(source, _DEFAULTS[source])
