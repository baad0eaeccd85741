"""Forms of an order and a file, in pieces of any size."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.parts import MOST_FIELDS, MOST_ORDER_BYTES, FieldsAndFile, OrderAndFile
from api.problems import Refusal

KIND = "multipart/form-data; boundary=edge"


def form(order: bytes, file: bytes, name: str = "a.wav") -> bytes:
    return (
        b'--edge\r\nContent-Disposition: form-data; name="order"\r\n'
        b"Content-Type: application/json\r\n\r\n" + order + b"\r\n"
        b'--edge\r\nContent-Disposition: form-data; name="file"; filename="'
        + name.encode()
        + b'"\r\nContent-Type: audio/wav\r\n\r\n'
        + file
        + b"\r\n--edge--\r\n"
    )


def cut(content: bytes, sizes: list[int]) -> Iterator[bytes]:
    while content:
        size = sizes.pop() if sizes else len(content)
        yield content[:size]
        content = content[size:]


@given(
    st.binary(max_size=300).filter(lambda b: b"--edge" not in b),
    st.binary(max_size=2000).filter(lambda b: b"--edge" not in b),
    st.lists(st.integers(1, 80), max_size=60),
)
def test_both_parts_come_through_however_they_are_cut(
    order: bytes, file: bytes, sizes: list[int]
) -> None:
    read = OrderAndFile(KIND, cut(form(order, file), sizes))
    assert read.order() == order
    pieces = read.file()
    assert read.file_name == "a.wav"
    assert read.media_type == "audio/wav"
    assert b"".join(pieces) == file


def test_names_keep_their_letters() -> None:
    read = OrderAndFile(KIND, iter([form(b"{}", b"x", "Gespräch.wav")]))
    read.order()
    read.file()
    assert read.file_name == "Gespräch.wav"


def test_an_order_is_bounded() -> None:
    read = OrderAndFile(KIND, iter([form(b"x" * (MOST_ORDER_BYTES + 1), b"")]))
    with pytest.raises(Refusal) as refusal:
        read.order()
    assert refusal.value.code == "payload_too_large"


def test_a_third_part_is_refused_after_the_file() -> None:
    content = form(b"{}", b"abc").removesuffix(b"--\r\n")
    more = content + b'\r\nContent-Disposition: form-data; name="x"\r\n\r\ny\r\n--edge--\r\n'
    read = OrderAndFile(KIND, iter([more]))
    read.order()
    with pytest.raises(Refusal, match="a part after its file"):
        list(read.file())


def test_a_form_that_breaks_off_is_refused() -> None:
    read = OrderAndFile(KIND, iter([form(b"{}", b"abcdef")[:-12]]))
    read.order()
    with pytest.raises(Refusal, match="middle of a part"):
        list(read.file())


def fields(*given: tuple[str, str], file: bytes = b"a,b", name: str = "t.csv") -> bytes:
    head = b"--edge\r\nContent-Disposition: form-data; name="
    parts = [head + f'"{n}"\r\n\r\n{value}\r\n'.encode() for n, value in given]
    last = f'"file"; filename="{name}"\r\nContent-Type: application/octet-stream\r\n\r\n'
    return b"".join(parts) + head + last.encode() + file + b"\r\n--edge--\r\n"


@given(st.lists(st.integers(1, 60), max_size=40))
def test_fields_come_before_the_file_however_they_are_cut(sizes: list[int]) -> None:
    sent = fields(("token", "t0ken"), ("name", "Zoë\r\nÅ"))
    read = FieldsAndFile(KIND, cut(sent, sizes))
    assert read.fields() == {"token": "t0ken", "name": "Zoë\nÅ"}
    pieces = read.file()
    assert (read.file_name, read.media_type) == ("t.csv", None)
    assert b"".join(pieces) == b"a,b"


def test_no_file_was_chosen() -> None:
    read = FieldsAndFile(KIND, iter([fields(file=b"", name="")]))
    assert read.fields() == {}
    assert b"".join(read.file()) == b"" and read.file_name == ""


@pytest.mark.parametrize(
    "given_fields",
    [
        [("a", "1"), ("a", "2")],
        [(f"f{n}", "x") for n in range(MOST_FIELDS + 1)],
        [("a", "b\0c")],
        [("a", "x" * (MOST_ORDER_BYTES + 1))],
    ],
    ids=["twice", "too many", "NUL", "too long"],
)
def test_fields_are_bounded(given_fields: list[tuple[str, str]]) -> None:
    read = FieldsAndFile(KIND, iter([fields(*given_fields)]))
    with pytest.raises(Refusal):
        read.fields()


def test_fields_without_a_file_are_refused() -> None:
    sent = b'--edge\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--edge--\r\n'
    with pytest.raises(Refusal, match="before its file"):
        FieldsAndFile(KIND, iter([sent])).fields()
