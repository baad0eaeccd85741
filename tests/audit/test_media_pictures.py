"""Frames: the right ones, at the right time, the right way up."""

from __future__ import annotations

import contextlib
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from audit.confined import frames as confined
from audit.confined.channel import Refused
from audit.confined.orders import ALL, DROP, PICTURE, REFERENCES, SIGNATURE, SILENT, SPARSE
from audit.errors import MediaLimitExceeded, MediaUnreadable
from audit.interview import Window
from audit.media import Picture, PicturePlan, grab, probe, read_pictures
from audit.settings import Limits
from tests.audit.in_process import orders, run_task
from tests.audit.test_sandbox import children
from tests.media_factory import (
    Pictures,
    Sound,
    clip,
    make,
    number_of,
    numbered,
    regular,
    sequence,
    tone,
)

LIMITS = Limits()
EVERYTHING = PicturePlan((Window(0.0, 1e6),), 1.0, 2.0, 1280)
CODECS = [
    ("a.mp4", "libx264", 0),
    ("a.mp4", "libx264", 3),
    ("a.mkv", "libx265", 3),
    ("a.webm", "libvpx-vp9", 0),
    ("a.webm", "libvpx", 0),
    ("a.mov", "mpeg4", 2),
    ("a.mpg", "mpeg1video", 2),
    ("a.avi", "mpeg4", 2),
    ("a.mkv", "ffv1", 0),
    ("a.avi", "mjpeg", 0),
]


def look(path: Path | list[Path], plan: PicturePlan = EVERYTHING) -> list[Picture]:
    with read_pictures(path, probe(path, LIMITS), plan, LIMITS) as pictures:
        seen = list(pictures)
    assert pictures.problems == ()
    return seen


@pytest.fixture(scope="module", params=CODECS, ids=lambda row: "-".join(map(str, row)))
def coded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 numbered frames, a key frame each 20."""
    name, codec, b_frames = request.param
    options = {
        "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8"},
        "libvpx": {"deadline": "realtime", "cpu-used": "8"},
        "libx265": {"preset": "ultrafast", "x265-params": "log-level=none:open-gop=1"},
    }.get(codec, {})
    pictures = Pictures(
        regular(60),
        codec=codec,
        b_frames=b_frames,
        key_every=20,
        pixel_format="yuvj420p" if codec == "mjpeg" else "yuv420p",
        options=options,
    )
    return make(tmp_path_factory.mktemp(codec) / name, pictures)


def test_every_frame_is_the_one_it_says(coded: Path) -> None:
    seen = look(coded)
    assert [p.frame for p in seen] == list(range(60))
    first = seen[0].time_s
    assert [p.time_s - first for p in seen] == pytest.approx(regular(60), abs=0.0011)
    assert [number_of(p.image) for p in seen if p.image is not None] == list(range(60))
    assert all(p.dense and p.scale == 1.0 for p in seen)


def test_parts_of_a_recording_are_the_right_parts(coded: Path) -> None:
    """Key frames each .8 s; a window of pictures and one of signatures amid sparse frames."""
    start = probe(coded, LIMITS).video.start_s  # type: ignore[union-attr]
    windows = (
        Window(start + 0.62, start + 0.9),
        Window(start + 1.7, start + 1.9, "signature"),
    )
    seen = look(coded, PicturePlan(windows, 0.8, 0.9, 1280))
    shown = {p.frame: p for p in seen}
    for number in range(16, 23):
        assert shown[number].dense
        assert number_of(shown[number].image) == number  # type: ignore[arg-type]
    for number in range(43, 48):
        assert shown[number].dense
        assert shown[number].image is None
    sparse = [p for p in seen if not p.dense]
    assert sparse
    for picture in sparse:
        if picture.image is not None:
            assert number_of(picture.image) == picture.frame
    assert max(np.diff([p.time_s for p in seen])) <= 0.9 + 0.13
    assert len(seen) < 60


def test_sparse_pictures_lie_apart(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4", 6.0, key_every=10)
    seen = look(path, PicturePlan((), 1.0, 2.0, 1280))
    times = [p.time_s for p in seen if p.image is not None]
    assert min(np.diff(times)) >= 1.0 - 1e-6
    assert len(seen) <= 7


def test_times_of_variable_rates_are_kept(tmp_path: Path) -> None:
    times = [0.0, 0.04, 0.5, 0.52, 1.3, 1.31, 5.0]
    seen = look(make(tmp_path / "a.mp4", Pictures(times, b_frames=2)))
    assert [p.time_s for p in seen] == pytest.approx(times, abs=0.001)
    assert [number_of(p.image) for p in seen if p.image is not None] == list(range(7))


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_pictures_stand_upright(tmp_path: Path, rotation: int) -> None:
    """The file holds what a camera held sideways would write."""
    back = {90: cv2.ROTATE_90_COUNTERCLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_CLOCKWISE}
    upright = numbered(77)
    held = cv2.rotate(upright, back[rotation]) if rotation else upright
    path = make(tmp_path / "a.mp4", Pictures(regular(3), images=lambda _: held, rotation=rotation))
    for picture in look(path):
        assert picture.image is not None
        assert picture.image.shape == (96, 128, 3)
        assert number_of(picture.image) == 77
        assert picture.signature.shape == (24, 32)
        assert picture.signature[18, 28] > picture.signature[18, 3] + 60


def test_a_mirrored_file_is_mirrored_back(shared_data: Path) -> None:
    """A clip whose header asks for a mirrored quarter turn, against its frames as stored."""
    path = shared_data / "malformed_media/androidx_media/mp4/sample_rotate_and_reflect.mp4"
    video = probe(path, LIMITS).video
    assert video is not None and (video.rotation, video.mirrored) == (270, True)
    (turned, *_) = look(path, PicturePlan((Window(0.0, 0.01),), 1.0, 2.0, 1280))
    with av.open(str(path)) as container:
        stored = next(container.decode(video=0)).to_ndarray(format="bgr24")
    expected = cv2.rotate(cv2.flip(stored, 1), cv2.ROTATE_90_COUNTERCLOCKWISE)
    assert turned.image is not None
    assert np.array_equal(turned.image, expected)


def test_signatures_are_the_averaged_luma(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    blocks = rng.integers(16, 240, (24, 32), dtype=np.uint8)
    grey = cv2.resize(blocks, (640, 480), interpolation=cv2.INTER_NEAREST)
    noise = rng.integers(-10, 11, grey.shape)
    image = cv2.cvtColor(np.clip(grey + noise, 0, 255).astype(np.uint8), cv2.COLOR_GRAY2BGR)
    path = make(
        tmp_path / "a.mkv",
        Pictures(regular(1), images=lambda _: image, options={"qp": "1"}),
    )
    (picture,) = look(path)
    assert picture.signature.dtype == np.uint8
    assert np.abs(picture.signature.astype(int) - blocks).max() <= 3


@pytest.mark.parametrize("matrix", ["bt709", "smpte170m"])
def test_colours_follow_the_files_matrix(tmp_path: Path, matrix: str) -> None:
    """A saturated red, coded with either luma matrix, comes back as that red."""
    bgr = np.zeros((64, 64, 3), dtype=np.uint8)
    bgr[:] = (30, 40, 220)
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"qp": "1"})
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        context = stream.codec_context
        context.colorspace = {"bt709": 1, "smpte170m": 6}[matrix]
        context.color_range = 1
        frame = av.VideoFrame.from_ndarray(bgr, format="bgr24").reformat(
            format="yuv420p",
            dst_colorspace={"bt709": "ITU709", "smpte170m": "ITU601"}[matrix],
            dst_color_range="MPEG",
        )
        frame.pts = 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    (picture,) = look(path)
    assert picture.image is not None
    assert np.abs(picture.image.astype(int) - bgr.astype(int)).max() <= 6


def test_a_kept_signature_keeps_no_picture(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4", 0.4)
    for picture in look(path):
        owner = picture.signature if picture.signature.base is None else picture.signature.base
        assert owner.nbytes == picture.signature.nbytes


@pytest.mark.parametrize("max_side", [64, 100, 4096])
def test_large_pictures_are_reduced(tmp_path: Path, max_side: int) -> None:
    path = clip(tmp_path / "a.mp4", 0.2)
    for picture in look(path, PicturePlan((Window(0, 1),), 1.0, 2.0, max_side)):
        assert picture.image is not None
        height, width = picture.image.shape[:2]
        assert width == min(max_side, 128)
        assert height == pytest.approx(0.75 * width, abs=1)
        assert picture.scale == pytest.approx(width / 128)


def test_odd_sizes(tmp_path: Path) -> None:
    images = [numbered(n, 131, 97)[:96, :130] for n in range(5)]
    path = make(tmp_path / "a.mp4", Pictures(regular(5), images=lambda n: images[n]))
    for number, picture in enumerate(look(path)):
        assert picture.image is not None and picture.image.shape == (96, 130, 3)
        assert number_of(picture.image) == number


def test_image_sequences_in_natural_order(tmp_path: Path) -> None:
    sequence(tmp_path / "seq", 12, ".jpg")
    seen = look(tmp_path / "seq")
    assert [number_of(p.image) for p in seen if p.image is not None] == list(range(12))
    assert [p.time_s for p in seen] == pytest.approx(regular(12))


def test_a_list_of_images_keeps_its_order(tmp_path: Path) -> None:
    paths = sequence(tmp_path / "seq", 4)
    seen = look([paths[2], paths[0], paths[3]])
    assert [number_of(p.image) for p in seen if p.image is not None] == [2, 0, 3]


def test_a_broken_image_is_left_out_and_named(tmp_path: Path) -> None:
    paths = sequence(tmp_path / "seq", 5)
    paths[2].write_bytes(paths[2].read_bytes()[:60])
    facts = probe(tmp_path / "seq", LIMITS)
    with read_pictures(tmp_path / "seq", facts, EVERYTHING, LIMITS) as pictures:
        assert [p.frame for p in pictures] == [0, 1, 3, 4]
    assert any("1 of 5" in problem for problem in pictures.problems)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".bmp", ".tiff", ".pgm"])
def test_a_single_image_is_one_frame(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"one{suffix}"
    image = numbered(9)
    assert cv2.imwrite(str(path), image[:, :, 0] if suffix == ".pgm" else image)
    (picture,) = look(path)
    assert picture.image is not None
    assert number_of(picture.image) == 9
    assert (picture.time_s, picture.frame) == (0.0, 0)


@pytest.mark.parametrize(
    "folder", ["exif-orientation/Portrait", "exif-samples/jpg/orientation/landscape"]
)
def test_photos_stand_as_their_exif_says(shared_data: Path, folder: str) -> None:
    """Eight photos of one scene, one for each orientation, read as one sequence."""
    paths = [shared_data / f"malformed_media/{folder}_{number}.jpg" for number in range(1, 9)]
    views = []
    for picture in look(paths):
        assert picture.image is not None
        views.append(cv2.resize(picture.image, (64, 64), interpolation=cv2.INTER_AREA).ravel())
    assert len(views) == 8
    assert np.corrcoef(views)[0].min() > 0.97


def test_photos_with_further_pictures_behind_them(shared_data: Path) -> None:
    folder = shared_data / "c2pa/public-testfiles/image/jpeg"
    for name in ("nikon-20221019-building.jpeg", "truepic-20230212-camera.jpg"):
        assert len(look(folder / name)) == 1


def test_grabbed_frames_are_the_nearest(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4", 8.0, b_frames=2, key_every=50)
    facts = probe(path, LIMITS)
    times = [5.01, 0.0, 3.33, 3.33, 99.0]
    pictures = grab(path, facts, times, LIMITS, 64)
    assert [p.frame for p in pictures] == [125, 0, 83, 83, 199]
    assert [number_of(p.image) for p in pictures if p.image is not None] == [125, 0, 83, 83, 199]
    assert all(p.image is not None and p.image.shape[1] == 64 for p in pictures)
    assert grab(path, facts, [], LIMITS, 64) == []


def test_nothing_to_see(tmp_path: Path) -> None:
    path = make(tmp_path / "a.wav", sound=Sound(tone(0.2), codec="pcm_s16le"))
    facts = probe(path, LIMITS)
    assert list(read_pictures(path, facts, EVERYTHING, LIMITS)) == []
    assert grab(path, facts, [0.1], LIMITS, 64) == []


def test_damaged_pictures_give_what_is_left(tmp_path: Path) -> None:
    """Zeros over the data of frames 40 to 59: the rest comes, and what is missing is named."""
    path = clip(tmp_path / "a.mkv", 4.0, key_every=20)
    facts = probe(path, LIMITS)
    assert facts.video is not None
    packets = facts.video.packets
    data = bytearray(path.read_bytes())
    for number in range(40, 60):
        start = int(packets.position[number]) + 8
        data[start : start + int(packets.size[number]) - 4] = bytes(int(packets.size[number]) - 4)
    broken = tmp_path / "broken.mkv"
    broken.write_bytes(bytes(data))
    with read_pictures(broken, probe(broken, LIMITS), EVERYTHING, LIMITS) as pictures:
        seen = {p.frame: p for p in pictures}
    assert set(range(40)) | set(range(60, 100)) <= set(seen)
    assert any("could not be decoded, the first at" in problem for problem in pictures.problems)


def test_a_file_that_ends_early_says_where(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mpg", 6.0, codec="mpeg1video")
    facts = probe(path, LIMITS)
    data = path.read_bytes()
    cut = tmp_path / "cut.mpg"
    cut.write_bytes(data[: len(data) // 2] + bytes(len(data) - len(data) // 2))
    with read_pictures(cut, facts, EVERYTHING, LIMITS) as pictures:
        seen = list(pictures)
    assert 20 < len(seen) < 130
    assert any("decoded up to" in problem for problem in pictures.problems)


def test_encrypted_pictures_are_unreadable(shared_data: Path) -> None:
    path = shared_data / "malformed_media/mp4parse-rust/mp4parse_capi/tests/short-cenc.mp4"
    with pytest.raises(MediaUnreadable, match="damaged, encrypted or missing"):
        list(read_pictures(path, probe(path, LIMITS), EVERYTHING, LIMITS))
    assert grab(path, probe(path, LIMITS), [0.0], LIMITS, 64) == []


def test_closing_ends_the_decoder(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4", 20.0)
    before = children()
    pictures = read_pictures(path, probe(path, LIMITS), EVERYTHING, LIMITS)
    with contextlib.closing(pictures):
        assert next(pictures).frame == 0
        assert len(children()) == len(before) + 1
    assert children() == before
    assert list(pictures) == []


def test_limits_hold_while_decoding(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4", 2.0)
    facts = probe(path, LIMITS)
    with pytest.raises(MediaLimitExceeded, match="pixels"):
        list(read_pictures(path, facts, EVERYTHING, Limits(pixels=100)))
    with pytest.raises(MediaLimitExceeded, match="packets"):
        list(read_pictures(path, facts, EVERYTHING, Limits(packets=10)))


# The same, in this process.


def request(count: int, **more: object) -> dict[str, object]:
    defaults = {"stream": 0, "count": count, "step_s": 1.0, "max_side": 64, "sequential": False}
    return {**defaults, **more}


def test_orders_are_carried_out(tmp_path: Path) -> None:
    path = make(tmp_path / "a.mp4", Pictures(regular(40), b_frames=2, key_every=10))
    how = [DROP] * 10 + [ALL | PICTURE << 2] * 10 + [DROP] * 10 + [ALL | SIGNATURE << 2] * 10
    packets = probe(path, LIMITS).video.packets  # type: ignore[union-attr]
    body = orders(how, packets.pts_s.tolist())
    inbox = run_task(confined.frames, path, body=body, **request(40))
    shown = inbox.of("frame")
    assert sorted(h["index"] for h in shown) == [*range(10, 20), *range(30, 40)]
    assert [h["index"] for h in shown if "width" in h] == [h["index"] for h in shown][:10]
    times = [packets.pts_s[h["index"]] for h in shown]
    assert times == sorted(times)
    assert inbox.of("report")[0]["errors"] == 0


def test_leaves_are_left_out_and_silent_frames_say_nothing(tmp_path: Path) -> None:
    path = make(tmp_path / "a.mp4", Pictures(regular(40), b_frames=3, key_every=40))
    times = probe(path, LIMITS).video.packets.pts_s.tolist()  # type: ignore[union-attr]
    light = [ALL] + [REFERENCES] * 39
    some = run_task(confined.frames, path, body=orders(light, times), **request(40))
    assert 5 < len(some.of("frame")) < 30
    every = [ALL | SILENT << 2] * 40
    none = run_task(confined.frames, path, body=orders(every, times), **request(40))
    assert none.of("frame") == []


def test_sparse_pictures_keep_their_distance(tmp_path: Path) -> None:
    path = make(tmp_path / "a.mp4", Pictures(regular(50)))
    body = orders([ALL | SPARSE << 2] * 50, regular(50))
    inbox = run_task(confined.frames, path, body=body, **request(50, step_s=0.4))
    assert [h["index"] for h in inbox.of("frame") if "width" in h] == [0, 10, 20, 30, 40]


def test_frames_are_counted_where_times_do_not_tell(tmp_path: Path) -> None:
    path = make(tmp_path / "a.avi", Pictures(regular(30), codec="mpeg4", b_frames=2, key_every=10))
    body = orders([ALL | PICTURE << 2] * 30, regular(30))
    inbox = run_task(confined.frames, path, body=body, **request(30, sequential=True))
    assert [h["index"] for h in inbox.of("frame")] == list(range(30))


def test_sound_is_no_picture(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4", 0.4)
    with pytest.raises(Refused, match="no decoder"):
        run_task(confined.frames, path, body=orders([1], [0.0]), **request(1, stream=1))


def test_images_are_taken_as_they_are_fed(tmp_path: Path) -> None:
    paths = sequence(tmp_path / "seq", 4)
    data = [path.read_bytes() for path in paths]
    how = [ALL | PICTURE << 2, DROP, ALL | PICTURE << 2, ALL | PICTURE << 2]
    feed = [data[0], b"broken", data[3]]
    inbox = run_task(
        confined.images, paths[0], body=orders(how, regular(4)), feed=feed, **request(4)
    )
    assert [h["index"] for h in inbox.of("frame")] == [0, 3]
    (report,) = inbox.of("report")
    assert (report["errors"], report["first_error"]) == (1, 2)
    with pytest.raises(Refused, match="pixels"):
        run_task(
            confined.images,
            paths[0],
            body=orders(how, regular(4)),
            feed=feed,
            **request(4, still_pixels=10),
        )
