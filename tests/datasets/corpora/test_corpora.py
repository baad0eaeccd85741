"""Loaders of public corpora on tiny trees in their layouts, and on the shared data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from audit.errors import InputError
from datasets.corpora import CORPORA, Item, corpus, trials_of
from tests.datasets.corpora import trees

TREES: dict[str, Callable[[Path], Path]] = {
    "faceforensics": trees.faceforensics,
    "celeb_df_v2": trees.celeb_df,
    "dfdc": trees.dfdc,
    "df40": trees.df40,
    "oulu_npu": trees.oulu,
    "casia_fasd": trees.casia,
    "replay_attack": trees.replay,
    "celeba_spoof": trees.celeba_spoof,
    "asvspoof2019_la": partial(trees.asvspoof_2019, track="LA"),
    "asvspoof2019_pa": partial(trees.asvspoof_2019, track="PA"),
    "asvspoof2021_la": partial(trees.asvspoof_2021, track="LA"),
    "asvspoof2021_df": partial(trees.asvspoof_2021, track="DF"),
    "asvspoof2021_pa": partial(trees.asvspoof_2021, track="PA"),
    "asvspoof5": trees.asvspoof_5,
    "in_the_wild": trees.in_the_wild,
    "voxceleb1": trees.voxceleb1,
    "voxceleb2": trees.voxceleb2,
    "lfw": trees.lfw,
    "fairface": trees.fairface,
    "grid": trees.grid,
    "orl": trees.orl,
}

COUNTS = {
    "faceforensics": {"train": (2, 4), "dev": (2, 4), "test": (2, 4)},
    "celeb_df_v2": {"train": (1, 1), "test": (2, 1)},
    "dfdc": {"train": (1, 1), "test": (1, 1)},
    "df40": {"test": (1, 1)},
    "oulu_npu": {"train": (1, 4), "dev": (1, 4), "test": (1, 4)},
    "casia_fasd": {"train": (6, 18), "test": (3, 9)},
    "replay_attack": {"train": (1, 2), "dev": (1, 2), "test": (1, 2)},
    "celeba_spoof": {"train": (1, 0), "test": (0, 1)},
    "asvspoof2019_la": {"train": (1, 1), "dev": (1, 1), "test": (1, 1)},
    "asvspoof2019_pa": {"train": (1, 1), "dev": (1, 1), "test": (1, 1)},
    "asvspoof2021_la": {"test": (1, 1)},
    "asvspoof2021_df": {"test": (1, 1)},
    "asvspoof2021_pa": {"test": (1, 1)},
    "asvspoof5": {"train": (1, 1), "dev": (1, 1), "test": (1, 1)},
    "in_the_wild": {"test": (1, 1)},
    "voxceleb1": {"train": (1, 0), "test": (3, 0)},
    "voxceleb2": {"train": (1, 0), "test": (1, 0)},
    "lfw": {"test": (6, 0)},
    "fairface": {"train": (1, 0), "test": (1, 0)},
    "grid": {"test": (2, 0)},
    "orl": {"test": (3, 0)},
}
"""Bona fide items and attacks by split."""


def test_every_corpus_has_a_tree() -> None:
    assert set(TREES) == set(COUNTS) == set(CORPORA)


@pytest.mark.parametrize("name", CORPORA)
def test_splits_and_labels_are_the_protocols(name: str, tmp_path: Path) -> None:
    items = list(corpus(name).items(TREES[name](tmp_path)))
    counted = Counter((item.split, item.label) for item in items)
    expected = {
        (split, label): count
        for split, counts in COUNTS[name].items()
        for label, count in zip(("bona fide", "attack"), counts, strict=True)
        if count
    }
    assert counted == expected
    assert len({item.path for item in items}) == len(items)
    assert all(item.source for item in items)


@pytest.mark.parametrize("name", CORPORA)
def test_it_is_found_where_archives_put_it(name: str, tmp_path: Path) -> None:
    TREES[name](tmp_path / "data" / "unpacked")
    found = trials_of(tmp_path)
    assert [(f.corpus.name, f.root) for f in found] == [(name, tmp_path / "data" / "unpacked")]
    assert list(found[0].items()) == list(corpus(name).items(tmp_path / "data"))


@pytest.mark.parametrize("name", CORPORA)
def test_an_empty_folder_is_refused_with_the_layout(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        list(corpus(name).items(tmp_path))
    assert str(tmp_path) in str(refused.value)
    assert "has no " in str(refused.value)
    assert corpus(name).layout in str(refused.value)


@pytest.mark.parametrize("name", CORPORA)
def test_a_listed_file_that_is_not_there_is_named_or_left_out(name: str, tmp_path: Path) -> None:
    one = corpus(name)
    before = list(one.items(TREES[name](tmp_path)))
    gone = before[-1].path
    gone.unlink()
    rest = [item for item in before if item.path != gone]
    assert list(one.items(tmp_path, whole=False)) == rest
    listed = {"celeb_df_v2", "voxceleb1", "voxceleb2", "lfw", "grid", "orl"}
    if name not in listed:  # these take what is in their folders
        with pytest.raises(InputError, match=f"{gone.name} is listed but not there"):
            list(one.items(tmp_path))


def of(name: str, root: Path, protocol: str = "") -> dict[str, Item]:
    return {item.path.name: item for item in corpus(name).items(root, protocol)}


def test_both_fakes_of_a_pair_come_from_their_first_video(tmp_path: Path) -> None:
    items = of("faceforensics", trees.faceforensics(tmp_path))
    fake = items["005_004.mp4"]
    assert (fake.person, fake.source, fake.split) == ("005", "005", "test")


def test_methods_are_told_apart_by_folder(tmp_path: Path) -> None:
    items = corpus("faceforensics").items(trees.faceforensics(tmp_path))
    assert Counter(i.attack for i in items) == {"": 6, "Deepfakes": 6, "NeuralTextures": 6}


def test_uncompressed_videos_may_lie_in_raw(tmp_path: Path) -> None:
    root = trees.faceforensics(tmp_path)
    for folder in [*root.glob("*/*/c23")]:
        folder.rename(folder.with_name("raw"))
    assert len(list(corpus("faceforensics").items(root, "c0"))) == 18
    with pytest.raises(InputError, match=r"c23/videos/000\.mp4 is listed but not there"):
        list(corpus("faceforensics").items(root, "c23"))


def test_a_synthesis_comes_from_its_target(tmp_path: Path) -> None:
    fake = of("celeb_df_v2", trees.celeb_df(tmp_path))["id1_id0_0000.mp4"]
    assert (fake.person, fake.source) == ("id1", "Celeb-real/id1_0000.mp4")


def test_a_fake_names_its_original(tmp_path: Path) -> None:
    assert of("dfdc", trees.dfdc(tmp_path))["a.mp4"].source == "b.mp4"


def test_oulu_kinds_come_from_the_name_and_folds_from_the_protocol(tmp_path: Path) -> None:
    root = trees.oulu(tmp_path)
    kinds = [i.attack for i in corpus("oulu_npu").items(root, "3.2") if i.split == "test"]
    assert kinds == ["", "print 1", "print 2", "replay 1", "replay 2"]
    with pytest.raises(InputError, match=r"Protocol_2/Train\.txt is missing"):
        list(corpus("oulu_npu").items(root, "2"))


def test_casia_test_persons_follow_those_of_training(tmp_path: Path) -> None:
    items = list(corpus("casia_fasd").items(trees.casia(tmp_path)))
    assert {i.person for i in items} == {"1", "2", "21"}
    low = list(corpus("casia_fasd").items(tmp_path, "low"))
    assert {i.condition for i in low} == {"low"}
    assert len(low) == 12
    cut = list(corpus("casia_fasd").items(tmp_path, "cut"))
    assert Counter(i.attack for i in cut) == {"": 9, "cut": 9}


def test_replay_protocols_keep_their_lists(tmp_path: Path) -> None:
    root = trees.replay(tmp_path)
    mobile = list(corpus("replay_attack").items(root, "mobile"))
    assert {i.attack for i in mobile} == {"", "mobile video fixed"}
    before = sorted(i.path for i in corpus("replay_attack").items(root))
    for path in [*(root / "protocols").iterdir()]:
        path.unlink()
    (root / "protocols").rmdir()
    assert sorted(i.path for i in corpus("replay_attack").items(root)) == before


def test_spoof_kinds_are_named(tmp_path: Path) -> None:
    assert of("celeba_spoof", trees.celeba_spoof(tmp_path))["000002.png"].attack == "pc"


@pytest.mark.parametrize(
    ("name", "attack", "condition"),
    [
        ("asvspoof2019_la", "A07", ""),
        ("asvspoof2019_pa", "BC", "aab"),
        ("asvspoof2021_la", "A07", "alaw ita_tx"),
        ("asvspoof2021_df", "A14", "nocodec asvspoof"),
        ("asvspoof2021_pa", "r1 m1 s4 c4", "R3 M3 d4"),
        ("asvspoof5", "A11", "C05 3"),
    ],
)
def test_systems_and_conditions(name: str, attack: str, condition: str, tmp_path: Path) -> None:
    items = list(corpus(name).items(TREES[name](tmp_path)))
    assert {(i.attack, i.condition) for i in items if i.attack} == {(attack, condition)}


def test_subsets_of_2021_are_protocols(tmp_path: Path) -> None:
    hidden = list(corpus("asvspoof2021_df").items(trees.asvspoof_2021(tmp_path, "DF"), "hidden"))
    assert [i.path.stem for i in hidden] == ["DF_E_3"]


def test_parts_of_2021_may_lie_beside_one_another(tmp_path: Path) -> None:
    root = trees.asvspoof_2021(tmp_path, "DF")
    part = root / "ASVspoof2021_DF_eval_part01" / "ASVspoof2021_DF_eval" / "flac"
    part.mkdir(parents=True)
    (root / "ASVspoof2021_DF_eval/flac/DF_E_2.flac").rename(part / "DF_E_2.flac")
    assert {i.path.parent for i in corpus("asvspoof2021_df").items(root)} == {
        root / "ASVspoof2021_DF_eval/flac",
        part,
    }


def test_a_coded_utterance_has_its_original_as_source(tmp_path: Path) -> None:
    item = of("asvspoof5", trees.asvspoof_5(tmp_path))["E_0000000002.flac"]
    assert (item.source, item.group, item.person) == ("E_0000000009", "Male", "E_0002")


def test_speakers_may_have_commas(tmp_path: Path) -> None:
    items = of("in_the_wild", trees.in_the_wild(tmp_path))
    assert items["1.wav"].person == "Two, Speaker"
    assert items["1.wav"].label == "bona fide"


def test_voxceleb_trials(tmp_path: Path) -> None:
    root = trees.voxceleb1(tmp_path)
    pairs = list(corpus("voxceleb1").pairs(root))
    assert [p.mated for p in pairs] == [True, False]
    assert pairs[1].persons == ("id10270", "id10271")
    assert of("voxceleb1", root)["00003.wav"].group == "Female USA"
    with pytest.raises(InputError, match=r"list_test_hard2\.txt is missing"):
        list(corpus("voxceleb1").pairs(root, "H"))


def test_lfw_folds(tmp_path: Path) -> None:
    pairs = list(corpus("lfw").pairs(trees.lfw(tmp_path)))
    assert [(p.mated, p.fold) for p in pairs] == [(True, 0), (False, 0), (True, 1), (False, 1)]
    assert pairs[3].first.name == "Cy_D_0003.jpg"
    assert pairs[3].second.name == "Ann_B_0002.jpg"


def test_fairface_cells(tmp_path: Path) -> None:
    items = list(corpus("fairface").items(trees.fairface(tmp_path)))
    assert [i.group for i in items] == ["East Asian Female", "Latino_Hispanic Male"]


def test_grid_unseen_speakers(tmp_path: Path) -> None:
    items = corpus("grid").items(trees.grid(tmp_path), "unseen speakers")
    assert {i.person: i.split for i in items} == {"s1": "test", "s34": "train"}


MALFORMED = [
    ("celeb_df_v2", "List_of_testing_videos.txt", "1 Celeb-synthesis/id1_id0_0000.mp4", "row 1"),
    ("celeb_df_v2", "List_of_testing_videos.txt", "\n1 a b\n", "row 2: 3 columns"),
    ("dfdc", "test/labels.csv", "filename,label\nc.mp4,2\n", "row 2: '2' where"),
    ("dfdc", "test/labels.csv", "file,label\nc.mp4,1\n", "row 1: there is no column filename"),
    ("dfdc", "train/dfdc_train_part_0/metadata.json", "{\n,}", "row 2: no JSON"),
    ("dfdc", "train/dfdc_train_part_0/metadata.json", '{"a.mp4": 1}', "entry a.mp4"),
    ("df40", "dataset_json/simswap_ff.json", '{"s": {"F": {"tset": {}}}}', "F, tset: 'tset' where"),
    ("faceforensics", "splits/test.json", '[["004"]]', "pair 1"),
    ("oulu_npu", "Protocols/Protocol_1/Dev.txt", "+1,1_1_21_1\n+1,1_1_21_2\n", "row 2: the label"),
    ("oulu_npu", "Protocols/Protocol_1/Dev.txt", "+1;1_1_21_1\n", "row 1: '\\+1;1_1_21_1'"),
    ("replay_attack", "protocols/real-test.txt", "test/real/me.mov\n", "row 1: me.mov"),
    ("celeba_spoof", "metas/intra_test/test_label.json", '{"Data/x": [1]}', "entry Data/x"),
    ("in_the_wild", "meta.csv", "file,speaker,label\n0.wav,A\n", "row 2: it has more or fewer"),
    ("in_the_wild", "meta.csv", "file,speaker,label\n0.wav,A,fake\n", "row 2: 'fake'"),
    ("voxceleb1", "vox1_meta.csv", "head\nid10270\tOne\n", "row 2: 2 columns"),
    ("fairface", "fairface_label_val.csv", "file,age,gender,race\nval/1.jpg,1,M,White\n", "row 2"),
    (
        "asvspoof2021_la",
        "keys/LA/CM/trial_metadata.txt",
        "a b c d A07 bonafide notrim eval\n",
        "row 1: the system 'A07'",
    ),
    (
        "asvspoof2019_la",
        "ASVspoof2019_LA_cm_protocols/ASVspoof2019.LA.cm.dev.trl.txt",
        "LA_0079 LA_D_1 - bonafide\n",
        "row 1: 4 columns",
    ),
    (
        "asvspoof5",
        "ASVspoof5_protocols/ASVspoof5.train.tsv",
        "a b X - - - - A1 spoof -",
        "row 1: 'X'",
    ),
]


@pytest.mark.parametrize(("name", "file", "text", "said"), MALFORMED)
def test_a_malformed_row_is_named(
    name: str, file: str, text: str, said: str, tmp_path: Path
) -> None:
    root = TREES[name](tmp_path)
    (root / file).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=said) as refused:
        list(corpus(name).items(root, whole=False))
    assert str(root / file) in str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ten 300\n", "row 1"),
        ("2 1\nAnn_B 1 2\n", "1 pairs where row 1 says 4"),
        ("1 1\nAnn_B 1 2\nAnn_B 1 Ann_B 2\n", "row 3: Ann_B is paired with the same"),
        ("1 1\nAnn_B 1 Cy_D 2\nAnn_B 1 Cy_D 2\n", "row 2: 4 columns"),
    ],
)
def test_malformed_pairs_are_named(text: str, said: str, tmp_path: Path) -> None:
    (trees.lfw(tmp_path) / "pairs.txt").write_text(text)
    with pytest.raises(InputError, match=said):
        list(corpus("lfw").pairs(tmp_path))


def test_unknown_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No corpus is called nothing"):
        corpus("nothing")
    with pytest.raises(InputError, match="has no protocol 'c99'"):
        list(corpus("faceforensics").items(trees.faceforensics(tmp_path), "c99"))
    with pytest.raises(InputError, match="has no protocol of this kind"):
        list(corpus("faceforensics").pairs(tmp_path))


def test_an_attack_has_a_kind() -> None:
    with pytest.raises(ValueError, match="has a kind"):
        Item(Path("a"), "attack", "test")


@pytest.mark.shared_data
def test_the_shared_data_is_recognised(shared_data: Path) -> None:
    found = {f.corpus.name: f for f in trials_of(shared_data)}
    counts = {name: len(list(f.items())) for name, f in found.items()}
    assert counts == {"fairface": 12_600, "lfw": 100, "orl": 400, "grid": 10}
    cells = Counter(i.group for i in found["fairface"].items() if i.split == "test")
    assert set(cells.values()) == {100}
    assert len(cells) == 14
