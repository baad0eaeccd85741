"""Reads Content Credentials with c2pa-python; runs inside the limited subprocess only.

Nothing is fetched: fetching is switched off, no host is allowed were it on, and the subprocess has
no network in any case.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import c2pa

from audit.confined.channel import Channel
from audit.confined.entry import SourceFile

MOST_CLAIMS = 40
LONGEST_TEXT = 200

OFFLINE: Mapping[str, Mapping[str, object]] = {
    "verify": {
        "verify_after_reading": True,
        "verify_trust": True,
        "verify_timestamp_trust": True,
        "ocsp_fetch": False,
        "remote_manifest_fetch": False,
    },
    "core": {"allowed_network_hosts": []},
}
"""Reader settings without any network: fetching is off, and no host is allowed were it on."""


def read(source: SourceFile, request: dict[str, Any], _payload: bytes, channel: Channel) -> None:
    """The task of `liveness.provenance.read_manifest`: answers with one plain manifest reading.

    The request holds `suffix` (of the file's name without the dot, a hint of its type; "" lets the
    reader guess) and `anchors` (PEM text of trusted certificates, or "").
    """
    channel.send(
        {"kind": "manifest", **plain_reading(source, request["suffix"], request["anchors"])}
    )


def plain_reading(stream: SourceFile, suffix: str, anchors: str) -> dict[str, Any]:
    """The manifest store of an open file as JSON values, bounded in number and length."""
    options: dict[str, Any] = {key: dict(value) for key, value in OFFLINE.items()}
    if anchors:
        options["trust"] = {"user_anchors": anchors}
        options["cawg_trust"] = {"user_anchors": anchors}
    try:
        context = c2pa.Context(settings=c2pa.Settings.from_dict(options))
        with c2pa.Reader(suffix or None, stream, context=context) as reader:
            return _plain(json.loads(reader.json()), str(reader.get_validation_state() or ""))
    except c2pa.C2paError as error:
        return {"error": _error_class(error), "detail": _clean(error)}


def _error_class(error: Exception) -> str:
    """`ManifestNotFound` for `_C2paManifestNotFound`; the message's first word for plain errors."""
    name = type(error).__name__.removeprefix("_C2pa")
    return str(error).partition(":")[0].strip() if name == "C2paError" else name


def _plain(store: Mapping[str, Any], validation_state: str) -> dict[str, Any]:
    """The parts of a manifest store that are reported, bounded in number and length."""
    label = store.get("active_manifest")
    manifests: Mapping[str, Any] = store.get("manifests") or {}
    active = manifests.get(label, {}) if label else {}
    signature = active.get("signature_info") or {}
    results = (store.get("validation_results") or {}).get("activeManifest") or {}
    return {
        "validation_state": validation_state,
        "has_manifest": bool(label),
        "codes": sorted({_clean(c.get("code")) for c in store.get("validation_status") or ()}),
        "failures": sorted({_clean(c.get("code")) for c in results.get("failure") or ()}),
        "signer": _clean(signature.get("common_name")),
        "issuer": _clean(signature.get("issuer")),
        "signed_at": _clean(signature.get("time")),
        "generator": _generator(active),
        "claims": _claims(manifests, label),
    }


def _generator(manifest: Mapping[str, Any]) -> str:
    named = [i for i in manifest.get("claim_generator_info") or () if isinstance(i, dict)]
    words = [_clean(f"{i.get('name', '')} {i.get('version', '')}") for i in named]
    return ", ".join(words) or _clean(manifest.get("claim_generator"))


def _claims(manifests: Mapping[str, Any], active: object) -> list[list[object]]:
    found: list[list[object]] = []
    for label, manifest in sorted(manifests.items(), key=lambda item: item[0] != active):
        for assertion in manifest.get("assertions") or ():
            if str(assertion.get("label", "")).startswith("c2pa.actions"):
                found += [_claim(a, label == active) for a in _actions(assertion)]
    return found[:MOST_CLAIMS]


def _actions(assertion: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    data = assertion.get("data")
    actions = data.get("actions") if isinstance(data, dict) else None
    return [a for a in actions if isinstance(a, dict)] if isinstance(actions, list) else []


def _claim(action: Mapping[str, Any], active: bool) -> list[object]:
    agent = action.get("softwareAgent")
    software = agent.get("name") if isinstance(agent, dict) else agent
    source = str(action.get("digitalSourceType") or "").strip().rstrip("/").rpartition("/")[2]
    return [_clean(action.get("action")), _clean(software), _clean(source), active]


def _clean(value: object) -> str:
    """Text from the file: printable characters on one line, at most 200 of them."""
    text = "" if value is None else str(value)
    return "".join(c if c.isprintable() else " " for c in text).strip()[:LONGEST_TEXT]
