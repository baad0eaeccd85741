"""Forms as browsers send them."""

from __future__ import annotations

from urllib.parse import parse_qsl

from api.problems import Refusal

MOST_FIELDS = 2000


def form_fields(body: bytes) -> dict[str, str]:
    """The fields of a form; of a field that comes twice, the values in lines."""
    found: dict[str, str] = {}
    try:
        pairs = parse_qsl(
            body.decode("utf-8"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError:
        raise Refusal("malformed_request", "This is no form as pages send it.") from None
    for name, value in pairs:
        if "\0" in value:
            raise Refusal("malformed_request", "A text holds a NUL character.")
        text = value.replace("\r\n", "\n")
        found[name] = f"{found[name]}\n{text}" if name in found else text
    return found
