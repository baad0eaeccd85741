"""Tiny trees in the layouts of the corpora: every file is empty unless it is a protocol."""

from __future__ import annotations

import json
from pathlib import Path


def tree(root: Path, files: dict[str, str]) -> Path:
    """Write `files`, their text by relative path, under `root`."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def empty(*names: str) -> dict[str, str]:
    """Files without content."""
    return dict.fromkeys(names, "")


def faceforensics(root: Path) -> Path:
    splits = {"train": [["000", "001"]], "val": [["002", "003"]], "test": [["004", "005"]]}
    files = {f"splits/{name}.json": json.dumps(pairs) for name, pairs in splits.items()}
    for [[one, two]] in splits.values():
        for a, b in ((one, two), (two, one)):
            files[f"original_sequences/youtube/c23/videos/{a}.mp4"] = ""
            for method in ("Deepfakes", "NeuralTextures"):
                files[f"manipulated_sequences/{method}/c23/videos/{a}_{b}.mp4"] = ""
    return tree(root, files)


def celeb_df(root: Path) -> Path:
    listed = (
        "1 YouTube-real/00170.mp4\n1 Celeb-real/id1_0000.mp4\n0 Celeb-synthesis/id1_id0_0000.mp4\n"
    )
    return tree(
        root,
        {
            "List_of_testing_videos.txt": listed,
            **empty(
                "YouTube-real/00170.mp4",
                "Celeb-real/id1_0000.mp4",
                "Celeb-real/id2_0003.mp4",
                "Celeb-synthesis/id1_id0_0000.mp4",
                "Celeb-synthesis/id2_id3_0003.mp4",
            ),
        },
    )


def dfdc(root: Path) -> Path:
    part = {
        "a.mp4": {"label": "FAKE", "split": "train", "original": "b.mp4"},
        "b.mp4": {"label": "REAL", "split": "train"},
    }
    return tree(
        root,
        {
            "train/dfdc_train_part_0/metadata.json": json.dumps(part),
            "test/labels.csv": "filename,label\nc.mp4,1\nd.mp4,0\n",
            **empty(
                "train/dfdc_train_part_0/a.mp4",
                "train/dfdc_train_part_0/b.mp4",
                "test/c.mp4",
                "test/d.mp4",
            ),
        },
    )


def df40(root: Path) -> Path:
    fake = "deepfakes_detection_datasets/DF40/simswap/ff/frames/071_054/000.png"
    original = "FaceForensics++/original_sequences/youtube/c23/frames/071/000.png"
    real = f"deepfakes_detection_datasets/{original}"
    lists = {
        "simswap_ff": {
            "simswap_Real": {"test": {"c23": {"071": {"label": "x_Real", "frames": [real]}}}},
            "simswap_Fake": {"test": {"071_054": {"label": "simswap_Fake", "frames": [fake]}}},
        }
    }
    below = [path.removeprefix("deepfakes_detection_datasets/") for path in (fake, real)]
    return tree(root, {"dataset_json/simswap_ff.json": json.dumps(lists), **empty(*below)})


def oulu(root: Path) -> Path:
    files: dict[str, str] = {}
    users = {"Train": "01", "Dev": "21", "Test": "36"}
    for part, user in users.items():
        files |= empty(*(f"{part}_files/1_1_{user}_{kind}.avi" for kind in range(1, 6)))
        labels = ["+1", "-1", "-1", "-2", "-2"] if part == "Test" else ["+1", *["-1"] * 4]
        rows = "".join(f"{label},1_1_{user}_{n}\n" for n, label in enumerate(labels, start=1))
        for name in ("Protocol_1/{}", "Protocol_3/{}_2"):
            files[f"Protocols/{name.format(part)}.txt"] = rows
    return tree(root, files)


def casia(root: Path) -> Path:
    names = [*map(str, range(1, 9)), *(f"HR_{n}" for n in range(1, 5))]
    people = ("train_release/1", "train_release/2", "test_release/1")
    return tree(root, empty(*(f"{person}/{name}.avi" for person in people for name in names)))


def replay(root: Path) -> Path:
    files: dict[str, str] = {}
    for number, part in enumerate(("train", "devel", "test"), start=1):
        who = f"client00{number}_session01"
        real = f"{part}/real/{who}_webcam_authenticate_adverse_1.mov"
        attack = f"{part}/attack/hand/attack_highdef_{who}_highdef_photo_adverse.mov"
        phone = f"{part}/attack/fixed/attack_mobile_{who}_mobile_video_controlled.mov"
        files |= empty(real, attack, phone)
        files[f"protocols/real-{part}.txt"] = f"{real}\n"
        files[f"protocols/attack-grandtest-allsupports-{part}.txt"] = f"{attack}\n{phone}\n"
        files[f"protocols/attack-mobile-allsupports-{part}.txt"] = f"{phone}\n"
    return tree(root, files)


def celeba_spoof(root: Path) -> Path:
    live, spoof = "Data/train/12/live/000001.jpg", "Data/test/99/spoof/000002.png"
    return tree(
        root,
        {
            "metas/intra_test/train_label.json": json.dumps({live: [0] * 44}),
            "metas/intra_test/test_label.json": json.dumps({spoof: [*[0] * 40, 7, 1, 1, 1]}),
            **empty(live, spoof),
        },
    )


def asvspoof_2019(root: Path, track: str) -> Path:
    room, system = ("-", "A07") if track == "LA" else ("aab", "BC")
    files: dict[str, str] = {}
    for part, ending in (("train", "train.trn"), ("dev", "dev.trl"), ("eval", "eval.trl")):
        letter = part[0].upper()
        names = [f"{track}_{letter}_{n}" for n in (1, 2)]
        rows = (
            f"{track}_0079 {names[0]} {room} - bonafide\n"
            f"{track}_0080 {names[1]} {room} {system} spoof\n"
        )
        files[f"ASVspoof2019_{track}_cm_protocols/ASVspoof2019.{track}.cm.{ending}.txt"] = rows
        files |= empty(*(f"ASVspoof2019_{track}_{part}/flac/{n}.flac" for n in names))
    return tree(root, files)


ROWS_2021 = {
    "LA": "LA_0009 LA_E_9332881 alaw ita_tx A07 spoof notrim eval\n"
    "LA_0010 LA_E_2 none loc_tx bonafide bonafide notrim eval\n"
    "LA_0010 LA_E_3 none loc_tx bonafide bonafide trim hidden\n",
    "DF": "LA_0023 DF_E_2000011 nocodec asvspoof A14 spoof notrim eval traditional_vocoder - - - "
    "-\n"
    "LA_0024 DF_E_2 low_mp3 vcc2020 bonafide bonafide notrim eval bonafide - - - -\n"
    "LA_0024 DF_E_3 low_mp3 vcc2020 bonafide bonafide trim hidden bonafide - - - -\n",
    "PA": "PA_0010 PA_E_1000001 R3 M3 d4 r1 m1 s4 c4 spoof notrim eval\n"
    "PA_0011 PA_E_2 R3 M3 d4 - - - - bonafide notrim eval\n"
    "PA_0011 PA_E_3 R3 M3 d4 - - - - bonafide trim hidden\n",
}


def asvspoof_2021(root: Path, track: str) -> Path:
    text = ROWS_2021[track]
    names = [row.split()[1] for row in text.splitlines()]
    return tree(
        root,
        {
            f"keys/{track}/CM/trial_metadata.txt": text,
            **empty(*(f"ASVspoof2021_{track}_eval/flac/{name}.flac" for name in names)),
        },
    )


def asvspoof_5(root: Path) -> Path:
    files: dict[str, str] = {}
    for name, folder, letter in (
        ("train", "flac_T", "T"),
        ("dev.track_1", "flac_D", "D"),
        ("eval.track_1", "flac_E_eval", "E"),
    ):
        files[f"ASVspoof5_protocols/ASVspoof5.{name}.tsv"] = (
            f"{letter}_0001 {letter}_0000000001 F - - - - bonafide bonafide -\n"
            f"{letter}_0002 {letter}_0000000002 M C05 3 {letter}_0000000009 AC1 A11 spoof -\n"
        )
        files |= empty(*(f"{folder}/{letter}_000000000{n}.flac" for n in (1, 2)))
    return tree(root, files)


def in_the_wild(root: Path) -> Path:
    rows = 'file,speaker,label\n0.wav,One Speaker,spoof\n1.wav,"Two, Speaker",bona-fide\n'
    return tree(root, {"meta.csv": rows, **empty("0.wav", "1.wav")})


def voxceleb1(root: Path) -> Path:
    meta = (
        "VoxCeleb1 ID\tVGGFace1 ID\tGender\tNationality\tSet\n"
        "id10270\tOne\tm\tIreland\ttest\nid10271\tTwo\tf\tUSA\ttest\nid10001\tThree\tf\tUK\tdev\n"
    )
    mated = "1 id10270/x6/00001.wav id10270/8j/00008.wav\n"
    return tree(
        root,
        {
            "vox1_meta.csv": meta,
            "veri_test2.txt": mated + "0 id10270/x6/00001.wav id10271/zz/00003.wav\n",
            **empty(
                "wav/id10270/x6/00001.wav",
                "wav/id10270/8j/00008.wav",
                "wav/id10271/zz/00003.wav",
                "wav/id10001/aa/00002.wav",
            ),
        },
    )


def voxceleb2(root: Path) -> Path:
    return tree(root, empty("dev/aac/id00012/v/00001.m4a", "test/aac/id00017/w/00002.m4a"))


def lfw(root: Path) -> Path:
    pairs = "2\t1\nAnn_B\t1\t2\nAnn_B\t1\tCy_D\t1\nCy_D\t1\t3\nCy_D\t3\tAnn_B\t2\n"
    images = [f"lfw/{n}/{n}_{k:04d}.jpg" for n in ("Ann_B", "Cy_D") for k in (1, 2, 3)]
    return tree(root, {"pairs.txt": pairs, **empty(*images)})


def fairface(root: Path) -> Path:
    head = "file,age,gender,race,service_test\n"
    return tree(
        root,
        {
            "fairface_label_train.csv": head + "train/1.jpg,20-29,Female,East Asian,True\n",
            "fairface_label_val.csv": head + "val/1.jpg,3-9,Male,Latino_Hispanic,False\n",
            **empty("train/1.jpg", "val/1.jpg"),
        },
    )


def grid(root: Path) -> Path:
    return tree(
        root, empty("s1/video/mpg_6000/bbaf2n.mpg", "s34/swiz3n.mpg", "s34/align/swiz3n.align")
    )


def orl(root: Path) -> Path:
    return tree(root, empty("s1/1.pgm", "s1/10.pgm", "s2/1.pgm", "README"))
