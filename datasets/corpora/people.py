"""Corpora of people as they are: VoxCeleb 1 and 2, LFW, FairFace, GRID, ORL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from audit.errors import InputError
from datasets.corpora.model import Corpus, Item, Pair, Split, one_of, rows, table, text_of

VOX1_TRIALS = {
    "O": "veri_test2.txt",
    "E": "list_test_all2.txt",
    "H": "list_test_hard2.txt",
    "O original": "veri_test.txt",
    "E original": "list_test_all.txt",
    "H original": "list_test_hard.txt",
}
"""Trial lists; those ending in 2 are cleaned of wrong labels and are the usual ones."""

_SETS: Final[dict[str, Split]] = {"dev": "train", "test": "test"}
_GENDERS = {"m": "Male", "f": "Female"}


def _vox1(root: Path, protocol: str) -> Iterator[Item]:
    """Every utterance, by the sets of `vox1_meta.csv` (development is for training)."""
    people: dict[str, tuple[Split, str]] = {}
    lines = text_of(root / "vox1_meta.csv").splitlines()
    for number, line in enumerate(lines[1:], start=2):
        cells = [cell.strip() for cell in line.split("\t")]
        where = f"{root / 'vox1_meta.csv'}, row {number}"
        if len(cells) != 5:
            raise InputError(f"{where}: {len(cells)} columns where there must be 5.")
        person, _, gender, nation, part = cells
        split = _SETS[one_of(part, tuple(_SETS), where)]
        people[person] = (split, f"{_GENDERS[one_of(gender, tuple(_GENDERS), where)]} {nation}")
    for folder in _vox1_folders(root):
        for path in sorted(folder.glob("id*/*/*.wav")):
            person, video = path.parts[-3], path.parts[-2]
            if person not in people:
                raise InputError(f"{root / 'vox1_meta.csv'} has no row for {person}.")
            split, group = people[person]
            yield Item(
                path, "bona fide", split, person=person, source=f"{person}/{video}", group=group
            )


def _vox1_folders(root: Path) -> list[Path]:
    places = (root / "wav", root / "vox1_dev_wav/wav", root / "vox1_test_wav/wav")
    return [place for place in places if place.is_dir()]


def _vox1_pairs(root: Path, protocol: str) -> Iterator[Pair]:
    folders = _vox1_folders(root)
    for where, (label, first, second) in rows(root / VOX1_TRIALS[protocol], 3):
        mated = one_of(label, ("0", "1"), where) == "1"
        persons = (first.partition("/")[0], second.partition("/")[0])
        if mated != (persons[0] == persons[1]):
            raise InputError(f"{where}: the label {label} does not fit the persons.")
        yield Pair(_below(folders, first), _below(folders, second), mated, persons)


def _below(folders: list[Path], name: str) -> Path:
    for folder in folders[1:]:
        if (folder / name).is_file():
            return folder / name
    return folders[0] / name


VOXCELEB1 = Corpus(
    name="voxceleb1",
    title="VoxCeleb1",
    media="speech",
    signals=("voice_reference", "speaker_consistency"),
    citation="Nagrani, Chung and Zisserman, VoxCeleb: a large-scale speaker identification "
    "dataset, Interspeech 2017",
    licence="CC BY 4.0 for the metadata; the recordings are their owners'",
    layout="""\
wav/idNNNNN/VIDEO/NNNNN.wav (or in vox1_dev_wav/wav and vox1_test_wav/wav)
vox1_meta.csv                   id, name, gender, nationality, set (separated by tabs)
veri_test2.txt                  VoxCeleb1-O: rows `1 idA/VIDEO/NNNNN.wav idB/VIDEO/NNNNN.wav`
list_test_all2.txt list_test_hard2.txt      E and H; the same names without 2: as first given""",
    verified="Folders and rows: documentation of torchaudio.datasets.VoxCeleb1Verification. Names "
    "of the lists and what they are: public recipes that fetch them. Columns of vox1_meta.csv: a "
    "public copy. The licence was not verified.",
    marks=(("wav/id*",), ("vox1_test_wav/wav",), ("vox1_dev_wav/wav",)),
    protocols=("sets",),
    read_items=_vox1,
    pair_protocols=tuple(VOX1_TRIALS),
    read_pairs=_vox1_pairs,
)


def _vox2(root: Path, protocol: str) -> Iterator[Item]:
    for part, split in _SETS.items():
        for path in sorted((root / part / "aac").glob("id*/*/*.*")):
            person, video = path.parts[-3], path.parts[-2]
            yield Item(path, "bona fide", split, person=person, source=f"{person}/{video}")


VOXCELEB2 = Corpus(
    name="voxceleb2",
    title="VoxCeleb2",
    media="speech",
    signals=("voice_reference", "speaker_consistency"),
    citation="Chung, Nagrani and Zisserman, VoxCeleb2: Deep Speaker Recognition, Interspeech 2018",
    licence="CC BY 4.0 for the metadata; the recordings are their owners'",
    layout="""\
dev/aac/idNNNNN/VIDEO/NNNNN.m4a (or .wav)
test/aac/idNNNNN/VIDEO/NNNNN.m4a (or .wav)""",
    verified="Folders: public recipes that unpack it. It has no trial list of its own: systems "
    "trained on it are tested on VoxCeleb1. vox2_meta.csv (gender) is not read, because its "
    "separators could not be verified. The licence was not verified.",
    marks=(("dev/aac/id*",), ("test/aac/id*",)),
    protocols=("sets",),
    read_items=_vox2,
)


def _lfw_folder(root: Path) -> Path:
    for name in ("lfw", "lfw-deepfunneled", "lfw_funneled", "images"):
        if (root / name).is_dir():
            return root / name
    return root


def _lfw(root: Path, protocol: str) -> Iterator[Item]:
    for path in sorted(_lfw_folder(root).glob("*/*_[0-9][0-9][0-9][0-9].jpg")):
        person = path.parent.name
        yield Item(path, "bona fide", "test", person=person, source=f"{person}/{path.stem}")


def _lfw_pairs(root: Path, protocol: str) -> Iterator[Pair]:
    """View 2: ten folds, each with as many mated as non-mated pairs."""
    path = root / "pairs.txt"
    lines = text_of(path).splitlines()
    head = lines[0].split() if lines else []
    if len(head) != 2 or not all(cell.isdigit() for cell in head):
        raise InputError(f"{path}, row 1: there must be the number of folds and of pairs in each.")
    folds, each = int(head[0]), int(head[1])
    body = [(n, line.split()) for n, line in enumerate(lines[1:], start=2) if line.split()]
    if len(body) != 2 * folds * each:
        raise InputError(f"{path}: {len(body)} pairs where row 1 says {2 * folds * each}.")
    images = _lfw_folder(root)
    for place, (number, cells) in enumerate(body):
        mated = place % (2 * each) < each
        yield _lfw_pair(images, cells, mated, place // (2 * each), f"{path}, row {number}")


def _lfw_pair(images: Path, cells: list[str], mated: bool, fold: int, where: str) -> Pair:
    if len(cells) != (3 if mated else 4):
        kind = "`NAME N N`" if mated else "`NAME N NAME N`"
        raise InputError(f"{where}: {len(cells)} columns where there must be {kind}.")
    first, one = cells[0], cells[1]
    second, other = (first, cells[2]) if mated else (cells[2], cells[3])
    if not (one.isdigit() and other.isdigit()):
        raise InputError(f"{where}: an image's number must be digits.")
    if not mated and first == second:
        raise InputError(f"{where}: {first} is paired with the same person as non-mated.")
    paths = [images / n / f"{n}_{int(k):04d}.jpg" for n, k in ((first, one), (second, other))]
    return Pair(paths[0], paths[1], mated, (first, second), fold)


LFW = Corpus(
    name="lfw",
    title="Labeled Faces in the Wild",
    media="still",
    signals=("face_reference", "face_consistency"),
    citation="Huang et al., Labeled Faces in the Wild: A Database for Studying Face Recognition in "
    "Unconstrained Environments, University of Massachusetts 07-49, 2007",
    licence="research; no warranty as to rights in the images",
    layout="""\
pairs.txt                               row 1 `10 300`, then 300 mated and 300 non-mated per fold
{lfw,lfw-deepfunneled,lfw_funneled,images}/NAME/NAME_NNNN.jpg""",
    verified="pairs.txt: scikit-learn's reader and a public evaluation script agree. Other places "
    "of the image folder than `lfw` are those of the aligned versions and of the shared subset.",
    marks=(
        ("pairs.txt", "lfw*/*/*_[0-9][0-9][0-9][0-9].jpg"),
        ("lfw/*/*_[0-9][0-9][0-9][0-9].jpg",),
        ("images/*_*/*_0001.jpg",),
    ),
    protocols=("all",),
    read_items=_lfw,
    pair_protocols=("view 2",),
    read_pairs=_lfw_pairs,
)

_FAIRFACE: Final[dict[str, Split]] = {"train": "train", "val": "test"}
RACES = (
    "Black",
    "East Asian",
    "Indian",
    "Latino_Hispanic",
    "Middle Eastern",
    "Southeast Asian",
    "White",
)


def _fairface(root: Path, protocol: str) -> Iterator[Item]:
    """Photographs with their cells; `val` is what is held out, so it counts as test."""
    subset = root / "labels.csv"
    names = [subset] if subset.is_file() else [root / f"fairface_label_{s}.csv" for s in _FAIRFACE]
    for path in names:
        for where, row in table(path, ("file", "age", "gender", "race")):
            part = one_of(row["file"].partition("/")[0], tuple(_FAIRFACE), where)
            race = one_of(row["race"], RACES, where)
            gender = one_of(row["gender"], ("Female", "Male"), where)
            yield Item(
                root / row["file"],
                "bona fide",
                _FAIRFACE[part],
                person=row["file"],
                source=row["file"],
                condition=row["age"],
                group=f"{race} {gender}",
            )


FAIRFACE = Corpus(
    name="fairface",
    title="FairFace",
    media="still",
    signals=("face_manipulation", "presentation_attack"),
    citation="Karkkainen and Joo, FairFace: Face Attribute Dataset for Balanced Race, Gender, and "
    "Age for Bias Measurement and Mitigation, WACV 2021",
    licence="CC BY 4.0",
    layout="""\
fairface_label_{train,val}.csv      file,age,gender,race,service_test
{train,val}/N.jpg
labels.csv in their place: the shared subset, with file,split,race,gender,age""",
    verified="Columns and places: several public readers agree; the licence: SOURCE.md of the "
    "shared subset. Labels are crowd-sourced perceptions; each person is taken to appear once.",
    marks=(("fairface_label_val.csv",), ("fairface_label_train.csv",), ("labels.csv", "val/*.jpg")),
    protocols=("all",),
    read_items=_fairface,
)

_GRID_NAME = re.compile(r"[blps][bgrw][abiw][a-vxyz][1-9z][anps]")
_GRID_PERSON = re.compile(r"s([1-9]|[12]\d|3[0-4])")
UNSEEN = frozenset({"s1", "s2", "s20", "s22"})


def _grid(root: Path, protocol: str) -> Iterator[Item]:
    """Videos by sentence code; persons by their folder, where there is one."""
    for path in sorted(p for p in root.rglob("*") if p.suffix in {".mpg", ".mp4"}):
        if _GRID_NAME.fullmatch(path.stem) is None:
            continue
        above = [p.name for p in path.parents if _GRID_PERSON.fullmatch(p.name)]
        person = above[0] if above else ""
        split: Split = "test"
        if protocol == "unseen speakers" and person not in UNSEEN:
            split = "train"
        yield Item(path, "bona fide", split, person=person, source=f"{person}/{path.stem}")


GRID = Corpus(
    name="grid",
    title="GRID",
    media="audiovisual",
    signals=("av_sync", "frame_loop", "face_manipulation"),
    citation="Cooke et al., An audio-visual corpus for speech perception and automatic speech "
    "recognition, JASA 120(5), 2006",
    licence="CC BY 4.0",
    layout="""\
sN/CODE.mpg (at any depth below sN; N from 1 to 34, s21 has no video)
CODE: command, colour, preposition, letter, digit, adverb, as in bbaf2n
GRID/CODE.mpg: the shared subset, without persons""",
    verified="Talkers and alignments: the record of the corpus in a public repository, as quoted "
    "by public readers. The sentence code: the corpus's description as quoted there; letters "
    "exclude w. The unseen speakers (1, 2, 20, 22) are LipNet's (arXiv 1611.01599), not the "
    "corpus's own, and were not verified in its text.",
    marks=(
        ("s[0-9]*/**/[blps][bgrw][abiw]??[anps].mpg",),
        ("GRID/[blps][bgrw][abiw]??[anps].mpg",),
    ),
    protocols=("all", "unseen speakers"),
    read_items=_grid,
)


def _orl(root: Path, protocol: str) -> Iterator[Item]:
    people = [p for p in root.iterdir() if p.is_dir() and re.fullmatch(r"s\d+", p.name)]
    for folder in sorted(people, key=lambda p: int(p.name[1:])):
        for path in sorted(folder.glob("*.pgm"), key=lambda p: int(p.stem)):
            source = f"{folder.name}/{path.stem}"
            yield Item(path, "bona fide", "test", person=folder.name, source=source)


ORL = Corpus(
    name="orl",
    title="ORL (AT&T) faces",
    media="still",
    signals=("face_reference", "face_consistency"),
    citation="Samaria and Harter, Parameterisation of a stochastic model for human face "
    "identification, WACV 1994",
    licence="free with acknowledgement of AT&T Laboratories Cambridge",
    layout="s{1..40}/{1..10}.pgm",
    verified="The shared copy with its README. It has no official split or list of pairs.",
    marks=(("s1/1.pgm",),),
    protocols=("all",),
    read_items=_orl,
)

CORPORA = (VOXCELEB1, VOXCELEB2, LFW, FAIRFACE, GRID, ORL)
