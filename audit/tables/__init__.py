"""The database's tables, for `audit.store` and the migrations only."""

from audit.tables import access, spine, work
from audit.tables.base import Base

__all__ = ["Base", "access", "spine", "work"]
