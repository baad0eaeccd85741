"""What users can set, meet or install is documented; names do not clash with other packages."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest
from pydantic import BaseModel

from audit import detectors, errors
from audit.settings import Settings

DOCS = Path(__file__).resolve().parents[2] / "docs"


def settings_rows(model: type[BaseModel], prefix: str) -> list[tuple[str, object]]:
    rows: list[tuple[str, object]] = []
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            rows += settings_rows(inner, f"{prefix}{name.upper()}__")
        else:
            rows.append((prefix + name.upper(), field.default))
    return rows


@pytest.mark.parametrize(("name", "default"), settings_rows(Settings, "FAIRWITNESS_"))
def test_every_setting_is_documented_with_its_default(name: str, default: object) -> None:
    lines = [s for s in (DOCS / "settings.md").read_text().splitlines() if f"`{name}`" in s]
    assert len(lines) == 1
    if isinstance(default, int | float):
        assert f"| {default:g} |" in lines[0] or f"| {default} |" in lines[0]


@pytest.mark.parametrize("name", detectors.names())
def test_every_detector_loads_and_has_its_page(name: str) -> None:
    detector = detectors.load(name)
    assert isinstance(detector, detectors.Detector)
    assert detector.spec.name == name
    page = (DOCS / "detectors" / f"{name}.md").read_text()
    assert page.startswith(f"# {name}")
    assert "cannot see" in page.lower()


def test_every_error_code_is_documented() -> None:
    page = (DOCS / "errors.md").read_text()
    for kind in (k for k in vars(errors).values() if isinstance(k, type)):
        if issubclass(kind, errors.AuditError):
            assert f"`{kind.code}`" in page


def test_no_other_distribution_provides_our_packages() -> None:
    providers = metadata.packages_distributions()
    for name in ("audit", "liveness", "identity", "fairness", "reports", "api", "datasets"):
        assert set(providers.get(name, ["fairwitness"])) == {"fairwitness"}
