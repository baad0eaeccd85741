"""Forms of an order and a file, in pieces of any size."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.parts import MOST_ORDER_BYTES, OrderAndFile
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
    with pytest.raises(Refusal, match="more parts"):
        list(read.file())


def test_a_form_that_breaks_off_is_refused() -> None:
    read = OrderAndFile(KIND, iter([form(b"{}", b"abcdef")[:-12]]))
    read.order()
    with pytest.raises(Refusal, match="middle of a part"):
        list(read.file())
