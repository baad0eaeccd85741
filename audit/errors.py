"""Every failure the product raises on purpose.

AuditError
├── InputError                 the caller's input cannot be used (exit 2, HTTP 4xx)
│   ├── MediaUnreadable        not media, broken beyond use, or an unsupported format
│   ├── MediaLimitExceeded     a limit on size, time, memory, pixels, streams or nesting was hit
│   ├── SettingsInvalid        a setting or option has a value that cannot be used
│   ├── DataInvalid            a table to audit cannot be used; names row, column, value and remedy
│   └── SpecInvalid            a fairness specification contradicts itself, a rule or the table
├── WeightsError
│   ├── WeightsUnavailable     a weight is not installed; the message says how to get it
│   ├── WeightsTampered        a weight's bytes do not match its manifest row
│   └── WeightsInstallFailed   fetching or converting failed; nothing was left half-installed
└── SandboxFailed              our own decoding process failed in a way its input does not explain

Each class has a stable `code`; messages are safe to show and name what to do.
"""

from __future__ import annotations


class AuditError(Exception):
    """Base of all failures. `str(error)` is safe to show to a user."""

    code = "audit_error"


class InputError(AuditError):
    """The input cannot be used; the message names the field, file or row and the remedy."""

    code = "input_error"


class MediaUnreadable(InputError):
    """The file is not media, is broken beyond use, or has a format that is not supported."""

    code = "media_unreadable"


class MediaLimitExceeded(InputError):
    """Reading the file would exceed a limit on time, memory, size, pixels, streams or nesting."""

    code = "media_limit_exceeded"


class SettingsInvalid(InputError):
    """A setting or command option has a value that cannot be used."""

    code = "settings_invalid"


class DataInvalid(InputError):
    """A table to audit cannot be used; the message names row, column, value and remedy."""

    code = "data_invalid"


class SpecInvalid(InputError):
    """A fairness specification contradicts itself, a rule that it names, or the table."""

    code = "spec_invalid"


class WeightsError(AuditError):
    """Base of failures about model weights."""

    code = "weights_error"


class WeightsUnavailable(WeightsError):
    """A weight is not installed. The message says which command gets it."""

    code = "weights_unavailable"


class WeightsTampered(WeightsError):
    """A weight's bytes differ from what its manifest row (or its conversion record) states."""

    code = "weights_tampered"


class WeightsInstallFailed(WeightsError):
    """Fetching, unpacking or converting a weight failed; nothing was left half-installed."""

    code = "weights_install_failed"


class SandboxFailed(AuditError):
    """The limited subprocess failed in a way that its input does not explain."""

    code = "sandbox_failed"
