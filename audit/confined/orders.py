"""The vocabulary of decoding orders: one byte per packet, shared by parent and subprocess."""

from __future__ import annotations

DROP, ALL, REFERENCES = 0, 1, 2
"""Low two bits, how a packet is decoded: not, always, or only if other frames depend on it."""

SPARSE, SIGNATURE, PICTURE, SILENT = 0, 1, 2, 3
"""Next two bits, what its frame gives: a signature and now and then a picture, a signature alone,
both always, nothing."""

SIGNATURE_SIZE = (32, 24)
"""Width and height of a luma signature as displayed."""
