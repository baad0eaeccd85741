"""One audit of the made-up hiring process, shared by tests of results, documents and commands."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path
from typing import Any

from datasets.hiring import SPEC, make_hiring
from fairness.audit import audit
from fairness.result import AuditResult
from fairness.spec import AuditSpec, load_spec

SEED = 5


def spec(**changes: Any) -> AuditSpec:
    """The specification of the made-up tables with fewer replicates; None removes a field."""
    fields = {**SPEC, "replicates": 400, **changes}
    return load_spec({k: v for k, v in fields.items() if v is not None})


@functools.cache
def whole() -> AuditResult:
    """All parts but the search for alternatives, over 6000 candidates."""
    with tempfile.TemporaryDirectory() as folder:
        made = make_hiring(Path(folder), count=6000, seed=SEED)
        return audit(made.candidates, spec(), ratings=made.ratings)


@functools.cache
def small() -> AuditResult:
    """With alternatives, over 700 candidates, small cells left out."""
    with tempfile.TemporaryDirectory() as folder:
        made = make_hiring(Path(folder), count=700, seed=SEED)
        rules = spec(suppression={"below": 8})
        return audit(made.candidates, rules, ratings=made.ratings, alternatives=True)
