"""Settings: policies in words, tried, stored and taken into force; models, signals, rule packs."""

from __future__ import annotations

import html
import re
from datetime import date

import pytest

from api.workplace import model_facts, policy_words, settings_packs
from audit import policies as documents
from audit.detectors import operating_point
from audit.operations import policies
from audit.operations.reports import ResultReader
from audit.records.oversight import Policy
from audit.weights import WeightStore
from reports.packs import pack, packs
from tests.api.workplace.conftest import Office, Person

PAGES, TRY = "/app/settings/policies", "/app/settings/policies/try"
TODAY = date(2026, 11, 23)
TEXT = """policy: ours
version: 1
title: Identity first
optional_signals: [assisted_answering]
rules:
  - id: identity_review
    match: {part: finding, question: [identity], verdict: [review]}
    flag:
      kind: interview_evidence
      severity: high
      outcome: needs_human_review
      reason: "A person should look at {question}. {reasons}"
      four_eyes: true
      due: {length: 5, unit: business_days, reminders: [2]}
      recipients: [platform, compliance]
"""


@pytest.fixture(scope="module")
def compliance(office: Office) -> Person:
    return office.signed_in("compliance", name="writes-policies")


@pytest.fixture(scope="module")
def auditor(office: Office) -> Person:
    return office.signed_in("auditor", name="reads-policies")


def count(office: Office) -> int:
    with office.service.store.reading("acme") as unit:
        return unit.count(Policy, name="ours")


def test_a_rule_is_said_in_words() -> None:
    [said] = policy_words.rules(documents.load_policy(TEXT))
    assert said.when == "A check answers the question of identity with: a person should look."
    assert said.then == (
        "Raises a flag of high severity (interview evidence). Two reviewers look at it, each on "
        "their own. Due within 5 business days, with a reminder 2 days before. "
        "Told: platform, compliance."
    )
    ours = {each.id: each for each in policy_words.rules(documents.default_policy())}
    assert ours["software_fault"].when.startswith("A fault of the software kept a signal")
    assert "One for all of a result" in ours["cannot_tell"].then


def test_the_supplied_policy_flags_where_none_is_stored(compliance: Person) -> None:
    page = compliance.get(PAGES).text
    assert "the one that comes with the service" in page
    assert "policy: default" in compliance.get(f"{PAGES}/supplied").text
    assert "policy: default" in compliance.get(f"{PAGES}/new").text


@pytest.mark.parametrize(
    ("change", "sentence", "line"),
    [
        (("severity: high", "severity: hihg"), "line 10", "severity: hihg"),
        (("kind: interview", "knid: interview"), "knid", "knid: interview_evidence"),
        (("policy: ours", "policy: [ours"), "not YAML", ""),
        (("A person should look", "This person lied"), "judges a person", "reason:"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(
    office: Office, compliance: Person, change: tuple[str, str], sentence: str, line: str
) -> None:
    text = TEXT.replace(*change)
    for path in (TRY, PAGES):
        answer = compliance.post(path, {"text": text})
        said = html.unescape(answer.text.partition('id="fault-text"')[2].partition("</div>")[0])
        assert answer.status_code == 422 and sentence in said and line in said
    assert count(office) == 0


def test_a_try_says_what_would_have_been_raised_and_stores_nothing(
    office: Office, auditor: Person
) -> None:
    office.world.check(finished=True)
    before = office.last_entry()
    answer = auditor.post(TRY, {"text": TEXT, "results": "50"})
    page = answer.text
    assert answer.status_code == 200 and "What it would have done" in page
    with office.service.store.reading("acme") as unit:
        read = ResultReader(office.service.vault)
        known = policies.dry_run(unit, TEXT, read=read, name="ours", limit=50)
    told = dict(re.findall(r"<dt>([^<]+)</dt><dd>(\d+)</dd>", page))
    assert known.results > 0 and known.added + known.removed + known.unchanged > 0
    assert told == {
        "Raised by it alone": str(known.added),
        "Not raised any more": str(known.removed),
        "Raised otherwise": str(known.changed),
        "As before": str(known.unchanged),
    }
    assert count(office) == 0 and office.last_entry() == before
    assert auditor.post(PAGES, {"text": TEXT}).status_code == 403


def test_a_version_is_stored_and_taken_into_force(office: Office, compliance: Person) -> None:
    path = compliance.post(PAGES, {"text": TEXT}).headers["location"].partition("?")[0]
    page = compliance.get(path).text
    assert "Stored, not in force" in page and "Assisted answering" in page
    assert compliance.post(PAGES, {"text": TEXT}).headers["location"].startswith(path)
    other = compliance.post(
        PAGES, {"text": TEXT.replace("Identity first", "Else").replace("5,", "6,")}
    )
    assert other.status_code == 422 and "Versions are never changed" in other.text
    assert compliance.post(f"{path}/activate").status_code == 422
    assert compliance.post(f"{path}/activate", {"sure": "yes"}).status_code == 303
    assert "In force" in compliance.get(path).text
    with office.service.store.ledger("acme") as ledger:
        told = [e.body["what"] for e in ledger.entries() if e.subject == path.rpartition("/")[2]]
    assert told == ["added", "activated"]
    again = compliance.get(f"{PAGES}/new?start={path.rpartition('/')[2]}").text
    assert "identity_review" in again


def test_each_weight_has_its_card(office: Office, auditor: Person) -> None:
    listed = auditor.get("/app/settings/models").text
    store = WeightStore(office.service.settings.weights_dir)
    for row in store.manifest:
        assert f"/app/settings/models/{row.id}" in listed
    card = html.unescape(auditor.get("/app/settings/models/face_manipulation").text)
    row = store.row("face_manipulation")
    assert all(
        text in card for text in (row.sha256, row.limits, row.training_data, row.intended_use)
    )
    assert "/app/settings/signals/face_manipulation" in card
    theirs = auditor.get("/app/settings/models/insightface_pack").text
    assert "allows no commercial use" in theirs and "supplies the file" in theirs
    assert auditor.get("/app/settings/models/no_such").status_code == 404


def test_a_signal_states_its_errors_and_their_source(auditor: Person) -> None:
    facts = {each.spec.name: each for each in model_facts.signals()}
    found = facts["synthetic_speech"]
    assert {each.model for each in found.fitted} == {"vocoded_speech"} and found.stated
    page = html.unescape(auditor.get("/app/settings/signals/synthetic_speech").text)
    for each in found.stated:
        said = f'at most {100 * each.attack_error:g} % <span class="hint">set on {each.n_attack}<'
        assert said in page
        assert each.source in page
    held = operating_point("liveness", "synthetic_speech")["copies"]["least_snr_db"]
    assert ("copies.least_snr_db", f"{held:g}") in found.thresholds
    assert found.source in page and found.spec.limits[0] in page
    assert {each.id for each in facts["voice_reference"].fitted} == {
        "voice_ge2e_2s",
        "voice_ge2e_5s",
    }
    assert "Off" in auditor.get("/app/settings/models").text
    assert auditor.get("/app/settings/signals/no_such").status_code == 404


def test_rule_packs_are_read(auditor: Person) -> None:
    listed = auditor.get("/app/settings/rule-packs").text
    assert "/app/settings/rule-packs/ll144" in listed and "In force" in listed
    page = auditor.get("/app/settings/rule-packs/ll144").text
    assert "What was read" in page and "20-870" in page
    assert auditor.get("/app/settings/rule-packs/no_such").status_code == 404
    for each in packs():
        assert settings_packs._of(TODAY, None)[each] == pack(each, on=TODAY)
