"""Deployment: manifests use settings and commands that there are; the threat model names tests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from api.cli import app
from audit.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
KUBERNETES = ROOT / "examples" / "kubernetes" / "fairwitness.yaml"
_VARIABLE = re.compile(r"FAIRWITNESS_[A-Z0-9_]+")
_PLACES = (
    "Dockerfile",
    "compose.yaml",
    "docs/deployment.md",
    "examples/kubernetes/fairwitness.yaml",
)


def _variables() -> Iterator[str]:
    for name, field in Settings.model_fields.items():
        inner = getattr(field.annotation, "model_fields", None)
        yield f"FAIRWITNESS_{name.upper()}"
        for each in inner or ():
            yield f"FAIRWITNESS_{name.upper()}__{each.upper()}"


@pytest.mark.parametrize("name", _PLACES)
def test_settings_that_are_named_exist(name: str) -> None:
    named = set(_VARIABLE.findall((ROOT / name).read_text("utf-8")))
    assert named
    assert named <= set(_variables())


def _commands() -> Iterator[list[str]]:
    for each in yaml.safe_load_all(KUBERNETES.read_text("utf-8")):
        if each["kind"] == "Deployment":
            yield each["spec"]["template"]["spec"]["containers"][0]["args"]
    services: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))[
        "services"
    ]
    yield services["api"]["command"]
    yield services["worker"]["command"]
    unit = (ROOT / "examples" / "systemd" / "fairwitness.service").read_text("utf-8")
    command = re.search(r"^ExecStart=\S+/(fairwitness .+)$", unit, re.MULTILINE)
    assert command
    yield command[1].split()


@pytest.mark.parametrize("command", list(_commands()), ids=" ".join)
def test_commands_are_understood(command: list[str]) -> None:
    program, name, *options = command
    assert program == "fairwitness"
    group = typer.main.get_command(app)
    found = group.commands[name]  # type: ignore[attr-defined]
    found.make_context(name, options)


def test_pods_have_no_more_rights_than_they_need() -> None:
    kinds = list(yaml.safe_load_all(KUBERNETES.read_text("utf-8")))
    pods = [each["spec"]["template"]["spec"] for each in kinds if each["kind"] == "Deployment"]
    assert len(pods) == 2
    for pod in pods:
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        rights = pod["containers"][0]["securityContext"]
        assert rights["readOnlyRootFilesystem"] is True
        assert rights["allowPrivilegeEscalation"] is False
        assert rights["capabilities"] == {"drop": ["ALL"]}


def test_each_test_of_the_threat_model_is_there() -> None:
    text = (ROOT / "docs" / "threat-model.md").read_text("utf-8")
    paths = re.findall(r"`(tests/[^`]+)`", text)
    assert len(paths) > 25
    assert [path for path in paths if not (ROOT / path).exists()] == []
