"""Corpora of manipulated faces: FaceForensics++, Celeb-DF v2, DFDC, DF40."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

from audit.errors import InputError
from datasets.corpora.model import Corpus, Item, Split, json_of, one_of, rows, table

SIGNALS = ("face_manipulation",)
METHODS = ("Deepfakes", "Face2Face", "FaceSwap", "NeuralTextures", "FaceShifter")
_SPLITS: dict[str, Split] = {"train": "train", "val": "dev", "test": "test"}


def _faceforensics(root: Path, compression: str) -> Iterator[Item]:
    """Originals and both directions of each pair, for every method that is there."""
    there = [m for m in METHODS if (root / "manipulated_sequences" / m).is_dir()]
    for name, split in _SPLITS.items():
        for first, second in _pairs_of_ids(root, name):
            for one, other in ((first, second), (second, first)):
                path = _videos(root / "original_sequences/youtube", compression) / f"{one}.mp4"
                yield Item(path, "bona fide", split, "", one, one, compression)
                for method in there:
                    folder = _videos(root / "manipulated_sequences" / method, compression)
                    fake = folder / f"{one}_{other}.mp4"
                    yield Item(fake, "attack", split, method, one, one, compression)


def _pairs_of_ids(root: Path, name: str) -> Iterator[tuple[str, str]]:
    path = root / "splits" / f"{name}.json"
    path = path if path.is_file() else root / f"{name}.json"
    content = json_of(path)
    if not isinstance(content, list):
        raise InputError(f"{path}: there must be a list of pairs of video ids.")
    for number, pair in enumerate(content, start=1):
        if not (
            isinstance(pair, list) and len(pair) == 2 and all(isinstance(v, str) for v in pair)
        ):
            raise InputError(f"{path}, pair {number}: there must be two video ids.")
        yield pair[0], pair[1]


def _videos(folder: Path, compression: str) -> Path:
    # The downloader writes uncompressed videos to `raw`, the authors' text calls them c0.
    if compression == "c0" and not (folder / "c0").is_dir():
        compression = "raw"
    return folder / compression / "videos"


FACEFORENSICS = Corpus(
    name="faceforensics",
    title="FaceForensics++",
    media="video",
    signals=SIGNALS,
    citation="Roessler et al., FaceForensics++: Learning to Detect Manipulated Facial Images, "
    "ICCV 2019",
    licence="terms of use signed with the authors; research only",
    layout="""\
splits/{train,val,test}.json        pairs of video ids: 360, 70 and 70 (or beside this folder's own)
original_sequences/youtube/{raw|c0,c23,c40}/videos/NNN.mp4
manipulated_sequences/{Deepfakes,Face2Face,FaceSwap,NeuralTextures,FaceShifter}/
    {raw|c0,c23,c40}/videos/AAA_BBB.mp4""",
    verified="Folders: dataset/README.md of the authors' repository ondyari/FaceForensics. Pairs: "
    "dataset/splits/test.json there (70 pairs, so 140 videos). Names of the two fakes of a pair, "
    "and `raw` beside c23 and c40: preprocessing/rearrange.py of SCLBD/DeepfakeBench. "
    "DeepFakeDetection (actors) has no official split and is left out.",
    marks=(("original_sequences/youtube", "manipulated_sequences"),),
    protocols=("c23", "c40", "c0"),
    read_items=_faceforensics,
)


def _celeb_df(root: Path, protocol: str) -> Iterator[Item]:
    """The listed test videos; every other video is for training."""
    tested: set[str] = set()
    for where, (label, name) in rows(root / "List_of_testing_videos.txt", 2):
        genuine = one_of(label, ("0", "1"), where) == "1"
        if genuine == name.startswith("Celeb-synthesis/"):
            raise InputError(f"{where}: the label {label} does not fit the folder of {name}.")
        tested.add(name)
        yield _celeb_item(root, name, "test")
    for folder in ("Celeb-real", "YouTube-real", "Celeb-synthesis"):
        for path in sorted((root / folder).glob("*.mp4")):
            name = f"{folder}/{path.name}"
            if name not in tested:
                yield _celeb_item(root, name, "train")


def _celeb_item(root: Path, name: str, split: Split) -> Item:
    folder, _, file = name.partition("/")
    parts = file.removesuffix(".mp4").split("_")
    if folder != "Celeb-synthesis":
        return Item(root / name, "bona fide", split, person=parts[0], source=name)
    source = f"Celeb-real/{parts[0]}_{parts[-1]}.mp4"
    return Item(root / name, "attack", split, "Celeb-synthesis", parts[0], source)


CELEB_DF = Corpus(
    name="celeb_df_v2",
    title="Celeb-DF v2",
    media="video",
    signals=SIGNALS,
    citation="Li et al., Celeb-DF: A Large-scale Challenging Dataset for DeepFake Forensics, "
    "CVPR 2020",
    licence="terms of use signed with the authors; non-commercial research",
    layout="""\
List_of_testing_videos.txt          rows `1 FOLDER/NAME.mp4`, 1 for real, 0 for synthesis
Celeb-real/idA_NNNN.mp4
YouTube-real/NNNNN.mp4
Celeb-synthesis/idA_idB_NNNN.mp4    made from Celeb-real/idA_NNNN.mp4""",
    verified="Rows and the meaning of 1: several public readers of the list agree; folders: "
    "preprocessing/rearrange.py of SCLBD/DeepfakeBench. The authors' own description was not at "
    "hand. There is no official development set.",
    marks=(("List_of_testing_videos.txt", "Celeb-synthesis"),),
    protocols=("official",),
    read_items=_celeb_df,
)


def _dfdc(root: Path, protocol: str) -> Iterator[Item]:
    """Training parts by their metadata, the test set by its labels."""
    for meta in sorted((root / "train").glob("dfdc_train_part_*/metadata.json")):
        yield from _dfdc_part(meta)
    sample = root / "train_sample_videos/metadata.json"
    if sample.is_file():
        yield from _dfdc_part(sample)
    labels = root / "test/labels.csv"
    if labels.is_file():
        videos = root / "test/videos"
        folder = videos if videos.is_dir() else root / "test"
        for where, row in table(labels, ("filename", "label")):
            fake = one_of(row["label"], ("0", "1"), where) == "1"
            yield _dfdc_item(folder / row["filename"], fake, "test", row["filename"])


def _dfdc_part(meta: Path) -> Iterator[Item]:
    content = json_of(meta)
    if not isinstance(content, dict):
        raise InputError(f"{meta}: there must be an object with one entry per video.")
    for name, entry in content.items():
        where = f"{meta}, entry {name}"
        if not isinstance(entry, dict):
            raise InputError(f"{where}: there must be an object with a label.")
        fake = one_of(str(entry.get("label")), ("REAL", "FAKE"), where) == "FAKE"
        source = str(entry.get("original") or name) if fake else name
        yield _dfdc_item(meta.parent / name, fake, "train", source)


def _dfdc_item(path: Path, fake: bool, split: Split, source: str) -> Item:
    if fake:
        return Item(path, "attack", split, "DFDC", source=source)
    return Item(path, "bona fide", split, source=source)


DFDC = Corpus(
    name="dfdc",
    title="DFDC",
    media="audiovisual",
    signals=SIGNALS,
    citation="Dolhansky et al., The DeepFake Detection Challenge (DFDC) Dataset, arXiv 2006.07397",
    licence="agreement of the publisher; the challenge's rules for the training set",
    layout="""\
train/dfdc_train_part_N/metadata.json   {"NAME.mp4": {"label": "FAKE", "original": "NAME.mp4"}}
train/dfdc_train_part_N/NAME.mp4
train_sample_videos/metadata.json       the challenge's sample, in place of or beside train/
test/labels.csv                         filename,label (1 for fake)
test/NAME.mp4 or test/videos/NAME.mp4""",
    verified="metadata.json: the challenge's description of its columns. train/ and "
    "test/labels.csv: preprocessing/rearrange.py of SCLBD/DeepfakeBench. Where the test videos "
    "lie beside labels.csv could not be verified: both places are looked at. The corpus does not "
    "say which method made a fake, nor who is seen; some fakes differ in their sound alone.",
    marks=(
        ("train/dfdc_train_part_*/metadata.json",),
        ("test/labels.csv",),
        ("train_sample_videos/metadata.json",),
    ),
    protocols=("official",),
    read_items=_dfdc,
)

_PREFIX = "deepfakes_detection_datasets/"


def _df40(root: Path, protocol: str) -> Iterator[Item]:
    """Frames of one list of `dataset_json`, or of all."""
    lists = sorted((root / "dataset_json").glob("*.json"))
    for path in lists:
        content = json_of(path)
        if not isinstance(content, dict):
            raise InputError(f"{path}: there must be an object with one entry per data set.")
        for data_set, labels in content.items():
            for label, splits in _entries(labels, f"{path}, {data_set}"):
                yield from _df40_label(root, path, label, splits)


def _df40_label(root: Path, path: Path, label: str, splits: object) -> Iterator[Item]:
    for split, videos in _entries(splits, f"{path}, {label}"):
        where = f"{path}, {label}, {split}"
        known = _SPLITS[one_of(split, tuple(_SPLITS), where)]
        for video, entry in _entries(videos, where):
            yield from _df40_video(root, f"{where}, {video}", label, known, (video, entry))


def _df40_video(
    root: Path, where: str, label: str, split: Split, video: tuple[str, object]
) -> Iterator[Item]:
    """Frames of one video. Lists of FF++ have a level of compression in between."""
    name, entry = video
    if isinstance(entry, dict) and "frames" not in entry:
        for inner in entry.items():
            yield from _df40_video(root, where, label, split, cast("tuple[str, object]", inner))
        return
    frames = entry.get("frames") if isinstance(entry, dict) else None
    if not isinstance(frames, list):
        raise InputError(f"{where}: there must be a list of frames.")
    for frame in frames:
        relative = str(frame).replace("\\", "/").rpartition(_PREFIX)[2]
        if "real" in label.lower():
            yield Item(root / relative, "bona fide", split, person=name, source=name)
        else:
            kind = label.removesuffix("_Fake").removesuffix("_fake")
            yield Item(root / relative, "attack", split, kind, name.partition("_")[0], name)


def _entries(content: object, where: str) -> Iterator[tuple[str, object]]:
    if not isinstance(content, dict):
        raise InputError(f"{where}: there must be an object.")
    yield from content.items()


DF40 = Corpus(
    name="df40",
    title="DF40",
    media="still",
    signals=SIGNALS,
    citation="Yan et al., DF40: Toward Next-Generation Deepfake Detection, NeurIPS 2024",
    licence="CC BY-NC 4.0; the real frames are under the terms of FaceForensics++ and Celeb-DF",
    layout="""\
dataset_json/METHOD_{ff,cdf}.json   {set: {METHOD_Real|METHOD_Fake: {train|val|test:
                                    {video: {"label": ..., "frames": [path, ...]}}}}}
DF40/METHOD/.../VIDEO/NNN.png       test frames, at the paths of the lists after
DF40_train/METHOD/.../VIDEO/NNN.png `deepfakes_detection_datasets/`
FaceForensics++/... Celeb-DF-v2/... real frames that the lists name""",
    verified="dataset_json and what is in which archive: README.md of YZY-stack/DF40. The lists' "
    "structure: preprocessing/rearrange.py of SCLBD/DeepfakeBench, on which DF40 builds. The "
    "prefix and the labels (`facedancer_Fake`): public readers of the lists; no list itself was "
    "at hand. The paper's four protocols choose among the lists: keep those that you test.",
    marks=(("dataset_json/*.json",),),
    protocols=("lists",),
    read_items=_df40,
)

CORPORA = (FACEFORENSICS, CELEB_DF, DFDC, DF40)
