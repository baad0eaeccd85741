"""Corpora of presentation attacks: OULU-NPU, CASIA-FASD, Replay-Attack, CelebA-Spoof."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from audit.errors import InputError
from datasets.corpora.model import Corpus, Item, Split, json_of, one_of, text_of

SIGNALS = ("presentation_attack",)

_OULU_PARTS: Final[dict[str, Split]] = {"Train": "train", "Dev": "dev", "Test": "test"}
_OULU_KINDS = {"2": "print 1", "3": "print 2", "4": "replay 1", "5": "replay 2"}
_OULU_NAME = re.compile(r"([1-6])_([1-3])_(\d\d)_([1-5])")


def _oulu(root: Path, protocol: str) -> Iterator[Item]:
    """Videos of a protocol; `3.2` is the second fold of protocol 3."""
    number, _, fold = protocol.partition(".")
    ending = f"_{fold}" if fold else ""
    for part, split in _OULU_PARTS.items():
        path = root / "Protocols" / f"Protocol_{number}" / f"{part}{ending}.txt"
        for row, line in enumerate(text_of(path).splitlines(), start=1):
            if line.strip():
                folder = root / f"{part}_files"
                yield _oulu_item(folder, line.strip(), split, f"{path}, row {row}")


def _oulu_item(folder: Path, line: str, split: Split, where: str) -> Item:
    label, comma, name = line.partition(",")
    match = _OULU_NAME.fullmatch(name.strip())
    if not comma or match is None:
        raise InputError(f"{where}: {line!r} where there must be `+1,PHONE_SESSION_USER_FILE`.")
    phone, session, user, kind = match.groups()
    one_of(label, ("+1", "-1", "-2"), where)
    if (label == "+1") != (kind == "1") or (label == "-2" and kind in "23"):
        raise InputError(f"{where}: the label {label} does not fit the file {name}.")
    return Item(
        folder / f"{name.strip()}.avi",
        "bona fide" if kind == "1" else "attack",
        split,
        _OULU_KINDS.get(kind, ""),
        user,
        name.strip(),
        f"phone {phone} session {session}",
    )


OULU_NPU = Corpus(
    name="oulu_npu",
    title="OULU-NPU",
    media="video",
    signals=SIGNALS,
    citation="Boulkenafet et al., OULU-NPU: A mobile face presentation attack database with "
    "real-world variations, FG 2017",
    licence="end user licence agreement with the University of Oulu; research only",
    layout="""\
Protocols/Protocol_{1,2}/{Train,Dev,Test}.txt       rows `+1,PHONE_SESSION_USER_FILE`
Protocols/Protocol_{3,4}/{Train,Dev,Test}_{1..6}.txt
{Train,Dev,Test}_files/PHONE_SESSION_USER_FILE.avi  FILE 1 real, 2 3 print, 4 5 replay""",
    verified="Names, folds and labels (+1 real, -1 attack, in test lists -2 for a replay): public "
    "readers of the protocol files, one of them with tests of every rule. The corpus's own "
    "Readme.pdf was not at hand.",
    marks=(("Protocols/Protocol_1", "*_files"),),
    protocols=("1", "2", *(f"{p}.{fold}" for p in (3, 4) for fold in range(1, 7))),
    read_items=_oulu,
)

_CASIA_KINDS = {
    "1": ("", "normal"),
    "2": ("", "low"),
    "HR_1": ("", "high"),
    "3": ("warped", "normal"),
    "4": ("warped", "low"),
    "HR_2": ("warped", "high"),
    "5": ("cut", "normal"),
    "6": ("cut", "low"),
    "HR_3": ("cut", "high"),
    "7": ("video", "normal"),
    "8": ("video", "low"),
    "HR_4": ("video", "high"),
}
_CASIA_ATTACKS = ("warped", "cut", "video")


def _casia(root: Path, protocol: str) -> Iterator[Item]:
    """Twelve videos of each person; the seven scenarios keep a quality or a kind of attack."""
    parts: tuple[tuple[str, Split, int], ...] = (
        ("train_release", "train", 0),
        ("test_release", "test", 20),
    )
    for folder, split, first in parts:
        people = [p for p in (root / folder).iterdir() if p.is_dir() and p.name.isdigit()]
        for person in sorted(people, key=lambda p: int(p.name)):
            for name, (kind, quality) in _CASIA_KINDS.items():
                if _in_scenario(protocol, kind, quality):
                    yield Item(
                        person / f"{name}.avi",
                        "attack" if kind else "bona fide",
                        split,
                        kind,
                        str(int(person.name) + first),
                        f"{folder}/{person.name}/{name}",
                        quality,
                    )


def _in_scenario(protocol: str, kind: str, quality: str) -> bool:
    """Scenarios of quality keep all kinds; those of a kind keep it and what is bona fide."""
    return protocol in ("overall", quality) or (
        protocol in _CASIA_ATTACKS and kind in ("", protocol)
    )


CASIA_FASD = Corpus(
    name="casia_fasd",
    title="CASIA-FASD",
    media="video",
    signals=SIGNALS,
    citation="Zhang et al., A Face Antispoofing Database with Diverse Attacks, ICB 2012",
    licence="agreement with the Chinese Academy of Sciences; research only",
    layout="""\
train_release/{1..20}/{1..8,HR_1..HR_4}.avi
test_release/{1..30}/{1..8,HR_1..HR_4}.avi""",
    verified="Folders, which file is what, and that test persons are counted from 21: "
    "xbob/db/casia_fasd/models.py of bioidiap/bob.db.casia_fasd. There is no development set.",
    marks=(("train_release", "test_release"),),
    protocols=("overall", "low", "normal", "high", *_CASIA_ATTACKS),
    read_items=_casia,
)

_REPLAY_PARTS: Final[dict[str, Split]] = {"train": "train", "devel": "dev", "test": "test"}
_REPLAY_REAL = re.compile(r"client(\d+)_session\d+_webcam_authenticate_(controlled|adverse)_\d+")
_REPLAY_ATTACK = re.compile(
    r"attack_(print|mobile|highdef)_client(\d+)_session\d+_(?:highdef|mobile)_(photo|video)"
    r"_(controlled|adverse)"
)


def _replay(root: Path, protocol: str) -> Iterator[Item]:
    """Files of the lists in `protocols`; without lists `grandtest` is every file."""
    lists = root / "protocols"
    for part, split in _REPLAY_PARTS.items():
        if protocol == "grandtest" and not lists.is_dir():
            for path in sorted((root / part).rglob("*.mov")):
                yield _replay_item(path, split, str(path))
            continue
        for file in (f"real-{part}.txt", f"attack-{protocol}-allsupports-{part}.txt"):
            for row, line in enumerate(text_of(lists / file).splitlines(), start=1):
                if line.strip():
                    yield _replay_item(root / line.strip(), split, f"{lists / file}, row {row}")


def _replay_item(path: Path, split: Split, where: str) -> Item:
    real, attack = _REPLAY_REAL.fullmatch(path.stem), _REPLAY_ATTACK.fullmatch(path.stem)
    if real:
        person, light = real.groups()
        return Item(path, "bona fide", split, "", person, path.stem, light)
    if attack:
        device, person, sample, light = attack.groups()
        kind = f"{device} {sample} {path.parent.name}"
        return Item(path, "attack", split, kind, person, path.stem, light)
    raise InputError(f"{where}: {path.name} is not named as this corpus names its files.")


REPLAY_ATTACK = Corpus(
    name="replay_attack",
    title="Replay-Attack",
    media="video",
    signals=SIGNALS,
    citation="Chingovska, Anjos and Marcel, On the Effectiveness of Local Binary Patterns in Face "
    "Anti-spoofing, BIOSIG 2012",
    licence="end user licence agreement with the Idiap Research Institute; research only",
    layout="""\
protocols/real-{train,devel,test}.txt                    rows are paths below this folder
protocols/attack-PROTOCOL-allsupports-{train,devel,test}.txt
{train,devel,test}/real/clientNNN_sessionNN_webcam_authenticate_LIGHT_N.mov
{train,devel,test}/attack/{fixed,hand}/attack_DEVICE_clientNNN_sessionNN_SAMPLE_TYPE_LIGHT.mov""",
    verified="Lists and names: bob/db/replay/create.py of bioidiap/bob.db.replay, `.mov`: "
    "bioidiap/bob.pad.face. The names of the sub-protocols besides `grandtest` are those of the "
    "lists that are there; only those known from the corpus's description are offered, and they "
    "could not be verified. Enrolment videos are left out, as in the real lists.",
    marks=(("train/real", "train/attack"), ("test/real", "test/attack")),
    protocols=("grandtest", "print", "mobile", "highdef", "digitalphoto", "photo", "video"),
    read_items=_replay,
)

CELEBA_KINDS = (
    "live",
    "photo",
    "poster",
    "a4",
    "face mask",
    "upper body mask",
    "region mask",
    "pc",
    "pad",
    "phone",
    "3d mask",
)
"""Values of the 41st number of a label (index 40)."""


def _celeba_spoof(root: Path, protocol: str) -> Iterator[Item]:
    splits: tuple[Split, Split] = ("train", "test")
    for split in splits:
        path = root / "metas" / protocol / f"{split}_label.json"
        content = json_of(path)
        if not isinstance(content, dict):
            raise InputError(f"{path}: there must be an object with one entry per image.")
        for name, label in content.items():
            yield _celeba_item(root, name, label, split, f"{path}, entry {name}")


def _celeba_item(root: Path, name: str, label: object, split: Split, where: str) -> Item:
    kind = label[40] if isinstance(label, list) and len(label) > 40 else None
    if not isinstance(kind, int) or not 0 <= kind < len(CELEBA_KINDS):
        raise InputError(f"{where}: the 41st number must be a kind from 0 to 10.")
    parts = name.split("/")
    if len(parts) != 5 or parts[3] != ("spoof" if kind else "live"):
        raise InputError(f"{where}: kind {kind} does not fit the folder.")
    if kind:
        return Item(root / name, "attack", split, CELEBA_KINDS[kind], parts[2], name)
    return Item(root / name, "bona fide", split, "", parts[2], name)


CELEBA_SPOOF = Corpus(
    name="celeba_spoof",
    title="CelebA-Spoof",
    media="still",
    signals=SIGNALS,
    citation="Zhang et al., CelebA-Spoof: Large-Scale Face Anti-Spoofing Dataset with Rich "
    "Annotations, ECCV 2020",
    licence="non-commercial research, by the agreement in the authors' repository",
    layout="""\
metas/intra_test/{train,test}_label.json    {"Data/SPLIT/PERSON/{live,spoof}/NAME": [numbers]}
Data/{train,test}/PERSON/{live,spoof}/NAME.{jpg,png}""",
    verified="Folders, label files and the kinds at index 40: several public readers agree; the "
    "authors' README.md says only what the attributes are. Light and surroundings (indices 41 "
    "and 42) are not read, because their values could not be verified; nor are protocols 1 and 2.",
    marks=(("metas/intra_test", "Data"),),
    protocols=("intra_test",),
    read_items=_celeba_spoof,
)

CORPORA = (OULU_NPU, CASIA_FASD, REPLAY_ATTACK, CELEBA_SPOOF)
