"""The service of `fairwitness demo`: its own folder, its people, and what is made in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from api import demonstrating, demonstration
from api.cli import app
from api.opening import open_store
from api.serving import open_service
from api.workplace import users
from audit.errors import InputError
from audit.records.evidence import Check, RunState
from audit.records.register import Candidate
from audit.settings import Settings
from tests.evidence import wav


def test_its_folder_is_new_each_time_and_never_somebody_elses(tmp_path: Path) -> None:
    settings = Settings(database_url="postgresql://elsewhere/db")
    own = demonstration.settings_of(settings, tmp_path)
    assert own.database_url is None and own.data_dir == tmp_path / "service"
    assert own.storage.path.is_relative_to(tmp_path)
    (own.data_dir / "old").touch()
    demonstration.settings_of(settings, tmp_path)
    assert not (own.data_dir / "old").exists()
    (own.data_dir / "made-by-demo").unlink()
    with pytest.raises(InputError, match="not of a demonstration"):
        demonstration.settings_of(settings, tmp_path)


def test_interviews_are_registered_with_what_laws_ask_for_and_people_can_sign_in(
    tmp_path: Path,
) -> None:
    own = demonstration.settings_of(Settings(), tmp_path)
    recording = tmp_path / "one.wav"
    recording.write_bytes(wav())
    service = open_service(own, weights=False)
    service.store.add_tenant(demonstration.TENANT, "Demonstration")
    works = demonstration.interviews(service, (recording, recording))
    assert [each.name for each in works] == ["check of interview 1", "check of interview 2"]
    with service.store.reading(demonstration.TENANT) as unit:
        assert unit.count(Candidate) == 2
        assert {each.state for each in unit.every(Check)} == {RunState.QUEUED}
    entry = demonstration.entries(service)
    assert users.invited(service.store, entry.link) is not None
    assert len(entry.codes) >= 4 and len(entry.password) >= 12
    service.store.close()
    open_store(own).close()


@pytest.mark.parametrize(
    ("options", "port"), [(["--no-serve"], None), (["--serve"], 8000), ([], None)]
)
def test_it_serves_where_it_is_told_to_or_somebody_watches(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, options: list[str], port: int | None
) -> None:
    seen: list[object] = []
    monkeypatch.setattr(demonstrating, "run", lambda *_, port, **__: seen.append(port))
    answer = CliRunner().invoke(app, ["demo", "--out", str(tmp_path), *options])
    assert answer.exit_code == 0 and seen == [port]
