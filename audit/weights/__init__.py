"""Model weights: what they are, where they come from, and verified access to them.

`Manifest` lists them, `WeightStore` opens what is installed, `audit.weights.install` gets them.
"""

from __future__ import annotations

from audit.weights.manifest import Companion, Manifest, WeightRow, load_manifest
from audit.weights.store import WeightStore

__all__ = ["Companion", "Manifest", "WeightRow", "WeightStore", "load_manifest"]
