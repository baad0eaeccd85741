"""Pages of lists, and the conditions of reads and changes.

A cursor is opaque to callers: it names the last item that they saw. It is checked for its form and
not signed, since nobody gains by making one up: each statement names the tenant, and a cursor only
says where in the tenant's own list to go on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from audit.store import Listing, Page

LARGEST_PAGE = 200
T = TypeVar("T")
V = TypeVar("V")
_MARK = "c1."
_FORM = r"^c1\.[A-Za-z0-9_.:\-]{1,80}$"


class Listed(BaseModel, Generic[T]):
    """A page of a list."""

    model_config = ConfigDict(frozen=True)

    items: Annotated[list[T], Field(description="The items, the newest first.")]
    next_cursor: Annotated[
        str | None,
        Field(description="Give it as `cursor` for the next page; null: there is none."),
    ]

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """`SystemList` for `Listed[System]`."""
        return f"{params[0].__name__}List"


def cursor_of(position: str) -> str:
    """The cursor for what follows an item."""
    return _MARK + position


@dataclass(frozen=True, slots=True)
class PageRequest:
    """The page that is asked for."""

    limit: int
    position: str | None

    @property
    def page(self) -> Page:
        """As the store takes it."""
        return Page(self.limit, self.position)

    def listed(
        self, listing: Listing[Any], view: Callable[[Any], T] | None = None
    ) -> dict[str, list[T] | str | None]:
        """The fields of the answer; `view` makes each item what is shown of it."""
        items = [view(item) if view else item for item in listing.items]
        last = listing.items[-1].id if listing.items else None
        return self.pieces(items, last if listing.more else None)

    @staticmethod
    def pieces(items: Sequence[T], last: str | None) -> dict[str, list[T] | str | None]:
        """The same for lists that the store does not page; `last`: where the next page begins."""
        return {"items": list(items), "next_cursor": cursor_of(last) if last else None}


async def _paging(
    limit: Annotated[
        int, Query(ge=1, le=LARGEST_PAGE, description="Most items in the answer.")
    ] = 50,
    cursor: Annotated[
        str | None,
        Query(pattern=_FORM, description="`next_cursor` of the page before; none: the first."),
    ] = None,
) -> PageRequest:
    return PageRequest(limit, cursor.removeprefix(_MARK) if cursor is not None else None)


Paging = Annotated[PageRequest, Depends(_paging)]
"""The page that a list route is asked for."""
