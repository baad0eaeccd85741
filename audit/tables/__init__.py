"""The database's tables, for `audit.store` and the migrations only."""

from audit.tables import (
    access,
    biometrics,
    challenges,
    evidence,
    issued,
    oversight,
    register,
    searches,
    spine,
    users,
    work,
)
from audit.tables.base import Base

__all__ = [
    "Base",
    "access",
    "biometrics",
    "challenges",
    "evidence",
    "issued",
    "oversight",
    "register",
    "searches",
    "spine",
    "users",
    "work",
]
