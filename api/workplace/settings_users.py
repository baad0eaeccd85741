"""Users: who may sign in here, invited, given another role, trained to review, ended.

Whoever administers accounts does not say who is trained: that needs `reviews:write`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import Path, Query, Response
from pydantic import ValidationError

from api.paging import Paging, cursor_of
from api.routes.reviewers import NewReviewer
from api.scopes import requires
from api.workplace import users as accounts
from api.workplace.framing import HOME, Visit, VisitDep, router
from api.workplace.report_forms import faults_of
from audit.errors import AlreadyExists, InputError, StepRefused
from audit.operations import reviewers
from audit.records.access import Role
from audit.records.oversight import Reviewer
from audit.records.users import User
from audit.store import Page, UnitOfWork
from audit.store.users import forget_sessions

pages = router()
USERS = f"{HOME}/settings/users"
UserId = Annotated[str, Path(pattern=r"^usr_[0-9A-HJKMNP-TV-Z]{26}$")]
_SHOWN = 25
_YOURSELF = "That is you: somebody else has to do this."
_SURE = "Say that you are sure."


@pages.get("/settings/users", dependencies=[requires("users:read")])
def listed(
    visit: VisitDep, paging: Paging, every: Annotated[Literal["", "1"], Query()] = ""
) -> Response:
    """Who may sign in, the newest first; or those as well who may not any more."""
    return _listed(visit, position=paging.position, every=every)


@pages.post("/settings/users", dependencies=[requires("users:write")])
def invite(visit: VisitDep) -> Response:
    """Adds a person, and shows the link by which they choose a password, this once."""
    form = visit.form
    if form.get("role") not in set(Role):
        return _listed(visit, faults={"role": "Choose what the person may do."})
    name, person = form.get("name", "").strip(), form.get("person", "").strip()
    try:
        with visit.call.unit(answers=False) as unit:
            user, token = accounts.add(unit, name, Role(form["role"]), person=person)
    except AlreadyExists:
        return _listed(visit, faults={"name": "Somebody has this sign-in name already."})
    except InputError as error:
        field = "person" if "reference" in str(error) else "name"
        return _listed(visit, faults={field: str(error)})
    return _user(visit, user.id, link=_link(visit, token))


@pages.get("/settings/users/{user_id}", dependencies=[requires("users:read")])
def user_page(visit: VisitDep, user_id: UserId) -> Response:
    """One person: role, how they stand, and what is recorded of them as a reviewer."""
    return _user(visit, user_id)


@pages.post("/settings/users/{user_id}/role", dependencies=[requires("users:write")])
def change_role(visit: VisitDep, user_id: UserId) -> Response:
    """Gives somebody else another role."""
    wanted = visit.form.get("role", "")

    def changed(unit: UnitOfWork, user: User) -> None:
        if wanted not in set(Role):
            raise StepRefused("Choose a role.")
        if user.subject_hash is not None:
            raise StepRefused("The role comes with the company's account, at each sign-in.")
        accounts.change_role(unit, user, Role(wanted))

    return _step(visit, user_id, changed, "role", "role_changed")


@pages.post("/settings/users/{user_id}/link", dependencies=[requires("users:write")])
def new_link(visit: VisitDep, user_id: UserId) -> Response:
    """Makes a new link, shown once; password, codes and sessions end with it."""
    made: list[str] = []

    def renewed(unit: UnitOfWork, user: User) -> None:
        if not visit.form.get("sure_link"):
            raise StepRefused(_SURE)
        if user.role is Role.ADMIN:  # of other roles one may be let in anew although they are alone
            accounts.refuse_last(unit, user)
        made.append(accounts.renew(unit, user))

    answer = _step(visit, user_id, renewed, "sure_link", "")
    if not made:
        return answer
    forget_sessions(visit.call.store, user_id=user_id)
    return _user(visit, user_id, link=_link(visit, made[0]))


@pages.post("/settings/users/{user_id}/disable", dependencies=[requires("users:write")])
def disable(visit: VisitDep, user_id: UserId) -> Response:
    """Ends what somebody else may do, and their sessions."""

    def disabled(unit: UnitOfWork, user: User) -> None:
        if not visit.form.get("sure"):
            raise StepRefused(_SURE)
        accounts.refuse_last(unit, user)
        accounts.disable(unit, user)
        unit.after_commit.append(lambda: _signed_out(visit, user_id))

    return _step(visit, user_id, disabled, "sure", "user_disabled")


@pages.post("/settings/users/{user_id}/sessions", dependencies=[requires("users:write")])
def end_sessions(visit: VisitDep, user_id: UserId) -> Response:
    """Signs somebody else out everywhere; they can sign in again."""

    def ended(unit: UnitOfWork, user: User) -> None:
        accounts.note_sessions_ended(unit, user)
        unit.after_commit.append(lambda: _signed_out(visit, user_id))

    return _step(visit, user_id, ended, "sessions", "sessions_ended")


@pages.post("/settings/users/{user_id}/reviewer", dependencies=[requires("reviews:write")])
def store_reviewer(visit: VisitDep, user_id: UserId) -> Response:
    """Registers the person as a reviewer, or changes training, authority and teams."""
    form = visit.form
    given = {
        "may_change": bool(form.get("may_change")),
        "training": form.get("training", "").strip(),
        "teams": tuple(form.get("teams", "").replace(",", " ").split()),
    }
    try:
        with visit.call.unit(answers=False) as unit:
            new = NewReviewer.model_validate({"person": unit.get(User, user_id).person, **given})
            _store(unit, new)
    except ValidationError as error:
        return _user(visit, user_id, faults_of(error))
    except StepRefused as error:
        return _user(visit, user_id, {"training": str(error)})
    return visit.go(f"{USERS}/{user_id}", "reviewer_stored")


@pages.post("/settings/users/{user_id}/leave", dependencies=[requires("reviews:write")])
def end_reviewing(visit: VisitDep, user_id: UserId) -> Response:
    """Ends a person's reviewing. Decisions that they took stand."""
    try:
        with visit.call.unit(answers=False) as unit:
            found = unit.find(Reviewer, person=unit.get(User, user_id).person)
            if found is None:
                raise StepRefused("This person is not registered as a reviewer.")
            if not visit.form.get("sure_leave"):
                raise StepRefused(_SURE)
            reviewers.leave(unit, found)
    except StepRefused as error:
        return _user(visit, user_id, {"sure_leave": str(error)})
    return visit.go(f"{USERS}/{user_id}", "reviewer_left")


def _store(unit: UnitOfWork, new: NewReviewer) -> None:
    found = unit.find(Reviewer, person=new.person)
    if found is not None and found.left_at is not None:
        raise StepRefused("This person has left as a reviewer.")
    may, training, teams = new.may_change, new.training, tuple(dict.fromkeys(new.teams))
    if found is None:
        reviewers.register(unit, person=new.person, may_change=may, training=training, teams=teams)
    else:
        reviewers.put(unit, replace(found, may_change=may, training=training, teams=teams))


def _step(
    visit: Visit,
    user_id: str,
    act: Callable[[UnitOfWork, User], None],
    field: str,
    said: str,
) -> Response:
    """Does it to somebody else; what refuses it is said beside its field."""
    try:
        with visit.call.unit(answers=False) as unit:
            user = unit.get(User, user_id)
            if user.id == visit.user.id:
                raise StepRefused(_YOURSELF)
            act(unit, user)
    except StepRefused as error:
        return _user(visit, user_id, {field: str(error)})
    return visit.go(f"{USERS}/{user_id}", said)


def _signed_out(visit: Visit, user_id: str) -> None:
    forget_sessions(visit.call.store, user_id=user_id)


def _link(visit: Visit, token: str) -> str:
    return f"{visit.call.service.settings.api.base_url.rstrip('/')}/app/welcome/{token}"


def _standing(user: User, now: datetime) -> str:
    """How a user stands, in a word."""
    if user.disabled_at is not None:
        return "disabled"
    if user.password_hash is None and user.subject_hash is None:
        waits = user.link_until is not None and user.link_until > now
        return "invited" if waits else "link_over"
    return "locked" if user.locked_until is not None and user.locked_until > now else "active"


def _listed(
    visit: Visit,
    *,
    position: str | None = None,
    every: str = "",
    faults: dict[str, str] | None = None,
) -> Response:
    now = visit.call.service.now()
    with visit.call.reading() as unit:
        found = unit.page(User, Page(_SHOWN, position), {} if every else {"disabled_at": None})
        whose = tuple(each.person for each in found.items)
        trained = {each.person: each for each in unit.every(Reviewer, person=whose)}
    onward = {"cursor": cursor_of(found.items[-1].id), "every": every} if found.more else {}
    return visit.page(
        "settings/users.html",
        status=422 if faults else 200,
        people=[(each, _standing(each, now), trained.get(each.person)) for each in found.items],
        roles=[each.value for each in Role],
        given={"every": every, **visit.form},
        first=position is None,
        onward=f"{USERS}?{urlencode(onward)}" if onward else "",
        faults=faults or {},
    )


def _user(
    visit: Visit, user_id: str, faults: dict[str, str] | None = None, *, link: str = ""
) -> Response:
    with visit.call.reading() as unit:
        user = unit.get(User, user_id)
        found = unit.find(Reviewer, person=user.person)
    return visit.page(
        "settings/user.html",
        status=422 if faults else 200,
        user=user,
        standing=_standing(user, visit.call.service.now()),
        reviewer=found,
        yourself=user.id == visit.user.id,
        roles=[(each.value, each.value.capitalize()) for each in Role],
        link=link,
        faults=faults or {},
        given=visit.form,
    )
