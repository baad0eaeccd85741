"""Settings from the environment, with errors that name the variable."""

from __future__ import annotations

from pydantic import ValidationError

from audit.errors import InputError
from audit.settings import Settings


def read_settings() -> Settings:
    """Settings from the environment.

    Raises:
        InputError: a variable has a value that cannot be used; the message names it.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "FAIRWITNESS_" + "__".join(str(part) for part in first["loc"]).upper()
        raise InputError(f"{name}: {first['msg']} (see docs/settings.md)") from error
