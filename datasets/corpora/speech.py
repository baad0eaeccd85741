"""Corpora of synthetic and replayed speech: ASVspoof 2019, 2021 and 5, In-the-Wild."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Literal

from audit.errors import InputError
from datasets.corpora.model import Corpus, Item, Split, one_of, rows, table

SYNTHETIC, REPLAYED = ("synthetic_speech",), ("replayed_voice",)
_KEYS = ("bonafide", "spoof")
_LISTS_2019: tuple[tuple[str, str, Split], ...] = (
    ("train", "train.trn", "train"),
    ("dev", "dev.trl", "dev"),
    ("eval", "eval.trl", "test"),
)

Track = Literal["LA", "PA", "DF"]


def _item(path: Path, key: str, kind: str, split: Split, person: str, condition: str) -> Item:
    if key == "spoof":
        return Item(path, "attack", split, kind, person, path.stem, condition)
    return Item(path, "bona fide", split, "", person, path.stem, condition)


def _asvspoof_2019(root: Path, protocol: str, *, track: Track) -> Iterator[Item]:
    """Rows `SPEAKER FILE ENVIRONMENT SYSTEM KEY`; in LA the environment is `-`."""
    for part, ending, split in _LISTS_2019:
        name = f"ASVspoof2019.{track}.cm.{ending}.txt"
        flac = root / f"ASVspoof2019_{track}_{part}" / "flac"
        for where, cells in rows(root / f"ASVspoof2019_{track}_cm_protocols" / name, 5):
            speaker, file, room, system, key = cells
            _check(key, system, where)
            condition = "" if room == "-" else room
            yield _item(flac / f"{file}.flac", key, system, split, speaker, condition)


def _check(key: str, system: str, where: str) -> None:
    one_of(key, _KEYS, where)
    if (key == "bonafide") != (system in ("-", "bonafide")):
        raise InputError(f"{where}: the system {system!r} does not fit the key {key!r}.")


def _corpus_2019(track: Track, what: str) -> Corpus:
    return Corpus(
        name=f"asvspoof2019_{track.lower()}",
        title=f"ASVspoof 2019 {track}",
        media="speech",
        signals=REPLAYED if track == "PA" else SYNTHETIC,
        citation="Wang et al., ASVspoof 2019: A large-scale public database of synthesized, "
        "converted and replayed speech, Computer Speech and Language 64, 2020",
        licence="ODC-By 1.0",
        layout=f"""\
ASVspoof2019_{track}_cm_protocols/ASVspoof2019.{track}.cm.{{train.trn,dev.trl,eval.trl}}.txt
ASVspoof2019_{track}_{{train,dev,eval}}/flac/NAME.flac""",
        verified=f"README.{track}.txt of the corpus, in a public copy: `SPEAKER_ID AUDIO_FILE_NAME "
        f"ENVIRONMENT_ID {what} KEY`. Its text swaps two columns of LA; the lists have the "
        "system in the fourth, as the heading says.",
        marks=((f"ASVspoof2019_{track}_cm_protocols",),),
        protocols=("official",),
        read_items=partial(_asvspoof_2019, track=track),
    )


_COLUMNS_2021: dict[Track, int] = {"LA": 8, "PA": 12, "DF": 13}


def _asvspoof_2021(root: Path, protocol: str, *, track: Track) -> Iterator[Item]:
    """Rows of `trial_metadata.txt` of one subset; everything is for testing."""
    flac = f"ASVspoof2021_{track}_eval/flac"
    folders = [*root.glob(flac), *sorted(root.glob(f"*/{flac}"))]
    if not folders:
        raise InputError(f"{root} has no {flac}.")
    for where, cells in rows(_keys_2021(root, track), _COLUMNS_2021[track]):
        speaker, file = cells[:2]
        if track == "PA":
            key, subset = cells[9], cells[11]
            kind, condition = " ".join(cells[5:9]), " ".join(cells[2:5])
            one_of(key, _KEYS, where)
        else:
            kind, key, subset = cells[4], cells[5], cells[7]
            condition = " ".join(cells[2:4])
            _check(key, kind, where)
        one_of(subset, ("eval", "progress", "hidden"), where)
        if subset == protocol:
            path = _found(folders, f"{file}.flac")
            yield _item(path, key, kind, "test", speaker, condition)


def _keys_2021(root: Path, track: Track) -> Path:
    inside = f"keys/{track}/CM/trial_metadata.txt"
    unpacked = root / f"{track}-keys-full" / inside
    return unpacked if unpacked.is_file() else root / inside


def _found(folders: list[Path], name: str) -> Path:
    """Where a file lies: the parts of DF and PA may be unpacked beside one another."""
    for folder in folders[1:]:
        if (folder / name).is_file():
            return folder / name
    return folders[0] / name


def _corpus_2021(track: Track) -> Corpus:
    return Corpus(
        name=f"asvspoof2021_{track.lower()}",
        title=f"ASVspoof 2021 {track}",
        media="speech",
        signals=REPLAYED if track == "PA" else SYNTHETIC,
        citation="Liu et al., ASVspoof 2021: Towards Spoofed and Deepfake Speech Detection in the "
        "Wild, IEEE/ACM TASLP 31, 2023",
        licence="ODC-By 1.0",
        layout=f"""\
keys/{track}/CM/trial_metadata.txt (or {track}-keys-full/keys/...)   {_COLUMNS_2021[track]} columns
ASVspoof2021_{track}_eval/flac/NAME.flac (or in one folder per part)""",
        verified="Columns: eval-package/README.md of asvspoof-challenge/2021, which explains a row "
        "of each track. Folders: README files of the corpus in public copies. Subsets `progress` "
        "and `hidden` are protocols of their own.",
        marks=(
            (f"keys/{track}/CM/trial_metadata.txt",),
            (f"{track}-keys-full/keys/{track}/CM/trial_metadata.txt",),
        ),
        protocols=("eval", "progress", "hidden"),
        read_items=partial(_asvspoof_2021, track=track),
    )


_LISTS_5: tuple[tuple[str, str, Split], ...] = (
    ("ASVspoof5.train.tsv", "flac_T", "train"),
    ("ASVspoof5.dev.track_1.tsv", "flac_D", "dev"),
    ("ASVspoof5.eval.track_1.tsv", "flac_E_eval", "test"),
)
_GENDERS = {"F": "Female", "M": "Male"}


def _asvspoof_5(root: Path, protocol: str) -> Iterator[Item]:
    """Track 1. A coded utterance has the utterance that it was coded from as its source."""
    inside = root / "ASVspoof5_protocols"
    lists = inside if inside.is_dir() else root
    for name, folder, split in _LISTS_5:
        for where, cells in rows(lists / name, 10):
            speaker, file, gender, codec, quality, seed, _, system, key, _ = cells
            _check(key, system, where)
            one_of(gender, tuple(_GENDERS), where)
            yield Item(
                root / folder / f"{file}.flac",
                "attack" if key == "spoof" else "bona fide",
                split,
                system if key == "spoof" else "",
                speaker,
                file if seed == "-" else seed,
                "" if codec == "-" else f"{codec} {quality}",
                _GENDERS[gender],
            )


ASVSPOOF_5 = Corpus(
    name="asvspoof5",
    title="ASVspoof 5",
    media="speech",
    signals=SYNTHETIC,
    citation="Wang et al., ASVspoof 5: crowdsourced speech data, deepfakes, and adversarial "
    "attacks at scale, ASVspoof Workshop 2024",
    licence="ODC-By 1.0; bona fide speech CC BY 4.0",
    layout="""\
ASVspoof5.{train,dev.track_1,eval.track_1}.tsv (here or in ASVspoof5_protocols/)   10 columns
flac_T/NAME.flac  flac_D/NAME.flac  flac_E_eval/NAME.flac""",
    verified="README.txt of the corpus, in a public copy: folders, columns (ten, separated by "
    "spaces) and licence. Track 2 (speaker verification with enrolment) is not read.",
    marks=(("ASVspoof5.train.tsv",), ("ASVspoof5_protocols/ASVspoof5.train.tsv",)),
    protocols=("track 1",),
    read_items=_asvspoof_5,
)


def _in_the_wild(root: Path, protocol: str) -> Iterator[Item]:
    path = root / "meta.csv"
    for where, row in table(path, ("file", "speaker", "label")):
        key = one_of(row["label"], ("bona-fide", "spoof"), where)
        yield _item(root / row["file"], key, "In-the-Wild", "test", row["speaker"], "")


IN_THE_WILD = Corpus(
    name="in_the_wild",
    title="In-the-Wild",
    media="speech",
    signals=SYNTHETIC,
    citation="Mueller et al., Does Audio Deepfake Detection Generalize?, Interspeech 2022",
    licence="Apache-2.0 by the authors' page; the recordings are of public figures",
    layout="""\
meta.csv        file,speaker,label (bona-fide or spoof)
N.wav""",
    verified="meta.csv: several public readers agree, one shows its first rows. The licence could "
    "not be verified. Made for testing alone: there are no splits.",
    marks=(("meta.csv", "0.wav"), ("meta.csv", "1.wav")),
    protocols=("all",),
    read_items=_in_the_wild,
)

CORPORA = (
    _corpus_2019("LA", "SYSTEM_ID"),
    _corpus_2019("PA", "ATTACK_ID"),
    _corpus_2021("LA"),
    _corpus_2021("DF"),
    _corpus_2021("PA"),
    ASVSPOOF_5,
    IN_THE_WILD,
)
