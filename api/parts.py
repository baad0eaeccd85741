"""A form of two parts that is read as it comes: an order in JSON, then a file.

The file is never written down in plain: the framework's own form parser would spool it to disk.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from email.message import Message

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from api.problems import Refusal

MOST_ORDER_BYTES = 256 * 1024
_MOST_HEADER_BYTES = 8 * 1024


class OrderAndFile:
    """Reads `order`, then gives the pieces of `file`."""

    def __init__(self, content_type: str, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._events: deque[tuple[str, bytes]] = deque()
        self._header = [b"", b""]
        self._head: list[tuple[str, str]] = []
        self._heads: deque[list[tuple[str, str]]] = deque()
        kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary")
        if kind != b"multipart/form-data" or not boundary:
            raise Refusal("unsupported_media_type", "Send a form as multipart/form-data.")
        self._parser = MultipartParser(boundary, self._callbacks())  # type: ignore[arg-type]
        self.file_name = ""
        self.media_type: str | None = None

    def order(self) -> bytes:
        """The JSON of the first part, which is called `order`."""
        name, _ = self._next_part()
        if name != "order":
            raise _malformed("The first part of the form must be `order`.")
        return b"".join(self._data(MOST_ORDER_BYTES))

    def file(self) -> Iterator[bytes]:
        """The pieces of the second part, which is called `file` and is the last."""
        name, options = self._next_part()
        if name != "file":
            raise _malformed("The second part of the form must be `file`.")
        self.file_name = options.get("filename", "")
        return self._file()

    def _file(self) -> Iterator[bytes]:
        yield from self._data(None)
        kind, _ = self._event()
        if kind != "end":
            raise _malformed("The form has more parts than `order` and `file`.")
        for _ in self._chunks:  # what stands after the last boundary means nothing
            pass

    def _next_part(self) -> tuple[str, dict[str, str]]:
        kind, _ = self._event()
        if kind != "begin":
            raise _malformed("The form has fewer parts than `order` and `file`.")
        headers = Message()
        for name, value in self._heads.popleft():
            headers[name] = value
        given = headers.get_params([], "content-disposition")
        options = {key.lower(): str(value) for key, value in given[1:]}
        name = headers.get_filename("")
        if name:
            options["filename"] = name
        self.media_type = headers.get_content_type() if headers["content-type"] else None
        return options.get("name", ""), options

    def _data(self, most: int | None) -> Iterator[bytes]:
        size = 0
        while True:
            kind, piece = self._event()
            if kind == "over":
                return
            size += len(piece)
            if most is not None and size > most:
                raise Refusal("payload_too_large", f"`order` may have at most {most} bytes.")
            yield piece

    def _event(self) -> tuple[str, bytes]:
        while not self._events:
            chunk = next(self._chunks, None)
            if chunk is None:
                raise _malformed("The form ends in the middle of a part.")
            try:
                self._parser.write(chunk)
            except MultipartParseError:
                raise _malformed("The form is not written as multipart/form-data is.") from None
        return self._events.popleft()

    def _callbacks(self) -> dict[str, object]:
        def field(data: bytes, start: int, end: int) -> None:
            self._grow(0, data[start:end])

        def value(data: bytes, start: int, end: int) -> None:
            self._grow(1, data[start:end])

        def header_end() -> None:
            name, text = (each.decode("utf-8", "replace") for each in self._header)
            self._head.append((name, text))
            self._header = [b"", b""]

        def headers_over() -> None:
            self._heads.append(self._head)
            self._head = []
            self._events.append(("begin", b""))

        def data(piece: bytes, start: int, end: int) -> None:
            self._events.append(("data", piece[start:end]))

        return {
            "on_header_field": field,
            "on_header_value": value,
            "on_header_end": header_end,
            "on_headers_finished": headers_over,
            "on_part_data": data,
            "on_part_end": lambda: self._events.append(("over", b"")),
            "on_end": lambda: self._events.append(("end", b"")),
        }

    def _grow(self, which: int, piece: bytes) -> None:
        self._header[which] += piece
        size = sum(len(n) + len(v) for n, v in self._head) + sum(map(len, self._header))
        if size > _MOST_HEADER_BYTES:
            raise _malformed("A part of the form has too many headers.")


def _malformed(detail: str) -> Refusal:
    return Refusal("malformed_request", detail)
