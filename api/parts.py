"""Forms that end with a file, read as they come: an order in JSON or some fields, then the file.

The file is never written down in plain: the framework's own form parser would spool it to disk.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator
from email.message import Message

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from api.problems import Refusal

MOST_ORDER_BYTES = 256 * 1024
MOST_FIELDS = 50
_MOST_HEADER_BYTES = 8 * 1024


class FileForm(ABC):
    """A form that ends with a file.

    Attributes:
        file_name, media_type: as the sender says, once `file` was called.
    """

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

    @abstractmethod
    def file(self) -> Iterator[bytes]:
        """The pieces of the file, which is the last part."""

    def _file(self, options: dict[str, str]) -> Iterator[bytes]:
        self.file_name = options.get("filename", "")
        return self._pieces()

    def _pieces(self) -> Iterator[bytes]:
        yield from self._data(None)
        kind, _ = self._event()
        if kind != "end":
            raise _malformed("The form has a part after its file.")
        for _ in self._chunks:  # what stands after the last boundary means nothing
            pass

    def _next_part(self) -> tuple[str, dict[str, str]]:
        kind, _ = self._event()
        if kind != "begin":
            raise _malformed("The form ends before its file.")
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
                raise Refusal(
                    "payload_too_large", f"What comes before the file has at most {most} bytes."
                )
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


class OrderAndFile(FileForm):
    """Reads `order`, then gives the pieces of `file`."""

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
        return self._file(options)


class FieldsAndFile(FileForm):
    """A form as browsers send it: its fields, then a file that is called `file`."""

    _options: dict[str, str] | None = None

    def fields(self) -> dict[str, str]:
        """The fields before the file, each once."""
        found: dict[str, str] = {}
        left = MOST_ORDER_BYTES
        while self._options is None:
            name, options = self._next_part()
            if name == "file":
                self._options = options
                break
            if name in found or len(found) == MOST_FIELDS:
                raise _malformed("The form has a field twice, or too many fields.")
            data = b"".join(self._data(left))
            left -= len(data)
            try:
                found[name] = data.decode().replace("\r\n", "\n")
            except UnicodeDecodeError:
                raise _malformed("A field of the form is not UTF-8 text.") from None
            if "\0" in found[name]:
                raise _malformed("A field of the form holds a NUL character.")
        return found

    def file(self) -> Iterator[bytes]:
        """The pieces of the file; call `fields` before."""
        if self._options is None:
            raise RuntimeError("the fields come before the file: call fields()")
        if self.media_type == "application/octet-stream":
            self.media_type = None  # so browsers call what they do not know
        return self._file(self._options)


def _malformed(detail: str) -> Refusal:
    return Refusal("malformed_request", detail)
