"""`fairwitness verify` and `fairwitness keys`, as an auditor and an issuer use them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import app
from api.report_keys import local_signer
from audit.errors import AuditError, InputError, ProofUnreadable
from audit.ledger.heads import key_id
from audit.settings import Settings
from reports.issuing import issue_files
from reports.proof.keys import KeyDirectory
from tests.reports.proof.material import keys_of, of_this_version, recorded, sealed_letter, signer
from tests.reports.render.samples import letter


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder of an installation that has issued nothing yet."""
    monkeypatch.setenv("FAIRWITNESS_DATA_DIR", str(tmp_path / "data"))
    return tmp_path


def run(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(word) for word in words])
    if isinstance(result.exception, AuditError):
        raise result.exception
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


@pytest.fixture
def report(folder: Path) -> Path:
    """A report of the publisher whose first key is `signer()`."""
    path = folder / "report.json"
    path.write_bytes(sealed_letter().json_bytes)
    return path


@pytest.fixture
def keys(folder: Path) -> Path:
    """The list of keys that this publisher shows."""
    path = folder / "keys.json"
    path.write_bytes(keys_of(signer()).directory().json_bytes)
    return path


def test_a_report_verifies_with_the_list_of_keys(report: Path, keys: Path) -> None:
    code, said = run("verify", report, "--keys", keys)
    assert code == 0
    assert said.startswith("report.json: VERIFIED.")
    assert "The document is the one that was signed" in said
    assert "–" not in said.splitlines()[0]


def test_an_unknown_key_is_said_loudly(report: Path) -> None:
    code, said = run("verify", report)
    assert code == 3
    assert "INTACT, BUT THE SIGNER IS UNKNOWN" in said
    assert run("verify", report, "--allow-unknown-key")[0] == 0


def test_what_was_altered_is_named(report: Path, keys: Path) -> None:
    data = report.read_bytes()
    report.write_bytes(data.replace(b'"language":"de"', b'"language":"es"'))
    assert report.read_bytes() != data
    code, said = run("verify", report, "--keys", keys, "--allow-unknown-key")
    assert code == 1
    assert "NOT VERIFIED" in said and "* /language was changed" in said


def test_for_programs_it_is_json(report: Path, keys: Path, folder: Path) -> None:
    code, said = run("verify", report, "--keys", keys, "--json")
    found = json.loads(said)
    assert (code, found["verdict"], found["kind"]) == (0, "verified", "json")
    assert found["key"]["belief"] == "in_use"
    other = folder / "other.txt"
    other.write_bytes(b"hello")
    code, said = run("verify", other, "--json")
    assert (code, json.loads(said)["verdict"]) == (2, "unreadable")


def test_what_cannot_be_read_is_refused(report: Path, folder: Path) -> None:
    (folder / "other.txt").write_bytes(b"hello")
    with pytest.raises(ProofUnreadable, match="no report of ours"):
        run("verify", folder / "other.txt")
    with pytest.raises(InputError, match="no such file"):
        run("verify", folder / "gone.json")
    with pytest.raises(ProofUnreadable, match="no list of keys"):
        run("verify", report, "--keys", report)
    with pytest.raises(InputError, match="file of heads"):
        run("verify", report, "--heads", report)


def test_texts_of_a_hostile_file_do_not_steer_the_terminal(report: Path) -> None:
    value = json.loads(report.read_bytes())
    value["document"]["\x1b[2J"] = 1
    report.write_text(json.dumps(value), encoding="utf-8")
    code, said = run("verify", report)
    assert code == 1 and "\x1b" not in said


def test_kept_heads_are_compared(folder: Path, keys: Path) -> None:
    held = recorded(sealed_letter())
    head = held.receipts[0].head
    made = issue_files(of_this_version(letter()), signer(), head=head, formats=("json",))
    report, heads = folder / "report.json", folder / "heads.json"
    report.write_bytes(made["json"])
    heads.write_bytes(held.kept.to_bytes())
    code, said = run("verify", report, "--keys", keys, "--heads", heads)
    assert code == 0 and "the heads that you kept have the same root" in said


def test_the_installation_knows_its_own_reports(folder: Path) -> None:
    own = local_signer(Settings())
    report = folder / "own.json"
    report.write_bytes(issue_files(of_this_version(letter()), own, formats=("json",))["json"])
    code, said = run("verify", report)
    assert code == 0 and "a key of this installation" in said


def test_keys_are_listed_rotated_revoked_and_exported(folder: Path) -> None:
    assert "no keys yet" in run("keys", "list")[1]
    first = key_id(local_signer(Settings()).public)
    out = folder / "published" / "keys.json"
    run("keys", "export", "--out", out, "--publisher", "Example Staffing Ltd")
    before = KeyDirectory.from_bytes(out.read_bytes())
    assert [key.key_id for key in before.keys] == [first]
    assert "from now on" in run("keys", "rotate")[1]
    assert "from now on" in run("keys", "revoke", first, "--reason", "lost with a laptop")[1]
    listed = run("keys", "list")[1]
    assert f"{first}  from" in listed and "lost with a laptop" in listed and "in use" in listed
    run("keys", "export", "--out", out)
    after = KeyDirectory.from_bytes(out.read_bytes())
    assert after.newest.key_id != first and after.sequence == 2
    assert after.publisher == before.publisher == "Example Staffing Ltd"
    with pytest.raises(AuditError, match="was revoked before"):
        run("keys", "revoke", first, "--reason", "again")
