"""A keyed transform of biometric templates, which can be revoked (ISO/IEC 24745).

Templates are stored turned by a secret rotation of their space, another one for each transform and
each space. Cosines of vectors that were turned alike stay what they were, to rounding: nothing is
calibrated anew. Vectors that were turned differently have cosines of vectors drawn at random.

What it gives: templates of two transforms cannot be compared (unlinkable), a transform whose secret
is destroyed makes all its templates useless, and a new one can be issued (renewable).

What it does not give: it can be turned back by whoever has the secret, and who knows as many pairs
of a template before and after as there are dimensions can compute it. Angles between templates of
one store stay what they are. So templates are encrypted as well (docs/template-protection.md).
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from audit.interview import Floats

SECRET_BYTES = 32
_LABEL = b"fairwitness-template-rotation/1"


class Rotation:
    """A secret rotation of one space.

    Args:
        secret: 32 random bytes. space: what is turned: each has a rotation of its own.
        dim: of the vectors, 2 or more.
    """

    def __init__(self, secret: bytes, space: str, dim: int) -> None:
        if len(secret) != SECRET_BYTES:
            raise ValueError(f"a secret has {SECRET_BYTES} bytes")
        self.matrix: Floats = rotation(secret, space, dim).astype(np.float32)

    def __repr__(self) -> str:
        return "Rotation(...)"

    def __reduce__(self) -> str:
        raise TypeError("rotations are not written out")

    def turned(self, vectors: Floats) -> Floats:
        """Vectors (n, d) or (d,), turned; of the same lengths and angles."""
        found: Floats = (vectors @ self.matrix).astype(np.float32)
        return found


def moved(vectors: Floats, old: Rotation, new: Rotation) -> Floats:
    """Vectors (n, d) or (d,) that one rotation turned, as another one of the space turns them."""
    found: Floats = ((vectors @ old.matrix.T) @ new.matrix).astype(np.float32)
    return found


def rotation(secret: bytes, space: str, dim: int) -> NDArray[np.float64]:
    """An orthogonal matrix (dim, dim) that is uniform over all of them, by Haar's measure.

    Normal numbers are drawn from SHAKE-256 of secret and space; Q of their QR decomposition, with
    the signs of R's diagonal, is uniform (Mezzadri 2007, arXiv:math-ph/0609050).
    """
    stream = hashlib.shake_256(b"\0".join((_LABEL, str(dim).encode(), space.encode(), secret)))
    count = dim * dim + dim % 2
    words = np.frombuffer(stream.digest(8 * count), "<u8")
    uniform = ((words >> np.uint64(11)) + 0.5) / float(1 << 53)
    radius = np.sqrt(-2 * np.log(uniform[0::2]))
    angle = 2 * np.pi * uniform[1::2]
    drawn = np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])[: dim * dim]
    q, r = np.linalg.qr(drawn.reshape(dim, dim))
    found: NDArray[np.float64] = q * np.sign(np.diag(r))
    return found
