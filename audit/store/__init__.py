"""The database, behind units of work: see docs/store.md."""

from audit.store.store import SYSTEM, Store, utc_now
from audit.store.unit import Listing, Page, ReadUnit, UnitOfWork

__all__ = ["SYSTEM", "Listing", "Page", "ReadUnit", "Store", "UnitOfWork", "utc_now"]
