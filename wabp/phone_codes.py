"""Codes by phone: how those who run or found a group sign in, with a number that was proven before.

Nobody learns here whether a number is known: for an unknown one the same row is written, the same work done and
the same said. Only the message is missing. Signs nobody in by itself: the door does that for whom `use` returns.
"""

import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import CursorResult, Update, delete, select, update
from sqlalchemy.orm import Session

from wabp import accounts, groups, limits, notices, passwords, phones, vault
from wabp.accounts import Actor
from wabp.errors import BadInput, NotThere, WrongState
from wabp.models import Address, Appointment, Group, Membership, Person, SignInCode, Zone, new_id, unseal, vault_of

LENGTH = 6
LIFE = timedelta(minutes=10)
MOST_TRIES = 5
# Another code may be asked for without the number for this long.
_ASKED_LATELY = timedelta(hours=1)
_KEPT = timedelta(days=1)
# Codes for one number. Browsers that signed in before have a count of their own, which no stranger can use up.
_APART = timedelta(seconds=60)
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
MOST_CODES = ((1, _APART), (3, _HOUR), (10, _DAY))
# Codes that one public address asks for, whatever the numbers.
MOST_FROM_ADDRESS = ((20, _HOUR),)
_TOO_MANY = {_APART: "code_soon", _HOUR: "code_many", _DAY: "code_many_today"}
_COUNTRIES = ("be", "nl")


@dataclass(frozen=True, slots=True)
class Fresh:
    """A new code, and what is kept of it. Made before any transaction begins, for it takes a while."""

    code: str
    kept: str


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks: the browser a code is bound to, the token it is known by, and its public address."""

    browser: str
    device: str | None
    address: str | None


@dataclass(frozen=True, slots=True)
class Try:
    """One counted try of a code."""

    id: uuid.UUID
    kept: str
    person_id: uuid.UUID | None


def fresh() -> Fresh:
    """Return a new code of six digits."""
    code = f"{secrets.randbelow(10**LENGTH):0{LENGTH}d}"
    return Fresh(code, passwords.kept(code))


def ask(session: Session, typed: str, new: Fresh, asking: Asking, *, now: datetime) -> None:
    """Send a code to a number that somebody typed, if it is the number of one who may sign in.

    Raises BadInput for what is no mobile number, and WrongState when too many codes were asked for.
    """
    number = _read(session, typed)
    address = groups.person_at(session, "phone", number)
    person = None if address is None else address.person
    group = _group_of(session, person)
    known = accounts.knows_browser(session, person.id if person and group else new_id(), asking.device)
    if not known:
        _spend_address(session, asking, now)
    _write(session, person if group else None, group, _counted_as(session, number, known), new, asking, now)


def ask_again(session: Session, new: Fresh, asking: Asking, *, now: datetime) -> bool:
    """Send a new code for the number that this browser gave. Returns False when that was too long ago."""
    last = _last(session, asking.browser)
    if last is None or last.created_at <= now - _ASKED_LATELY:
        return False
    _spend_address(session, asking, now)
    person = None if last.person_id is None else session.get(Person, last.person_id)
    group = _group_of(session, person)
    _write(session, person if group else None, group, last.counted_as, new, asking, now)
    return True


def ask_own(session: Session, actor: Actor, new: Fresh, asking: Asking, *, now: datetime) -> None:
    """Send a code to the own number of somebody who is signed in. Raises NotThere for who has none to prove."""
    person, address, group = _own(session, actor)
    counted_as = _counted_as(session, unseal(session, address, "value"), known=True)
    _write(session, person, group, counted_as, new, asking, now)


def require_number(session: Session, actor: Actor) -> None:
    """Raise NotThere unless somebody has a proven number that opens a sign-in."""
    _own(session, actor)


def begin_try(session: Session, browser: str, *, now: datetime) -> Try:
    """Count one try of the code that a browser asked for. The caller commits before looking whether it is right.

    Raises WrongState when the code is used, old, or was tried too often.
    """
    last = _last(session, browser)
    if last is not None and last.used_at is not None:
        raise WrongState("code_used", field="code")
    if last is None or not _changed(
        session,
        update(SignInCode)
        .where(SignInCode.id == last.id, SignInCode.tries < MOST_TRIES, SignInCode.ends_at > now)
        .values(tries=SignInCode.tries + 1),
    ):
        raise WrongState("code_over", field="code")
    return Try(last.id, last.code_hash, last.person_id)


def read_code(typed: str) -> str:
    """Return the six digits that somebody typed. Raises BadInput for anything else, which is no try."""
    code = "".join(typed.split())
    if len(code) != LENGTH or not (code.isascii() and code.isdigit()):
        raise BadInput("code_digits", field="code")
    return code


def is_right(tried: Try, code: str) -> bool:
    """Tell whether a tried code is the one that was sent. For an unknown number none is, after as long a look."""
    return passwords.is_right(tried.kept, code) and tried.person_id is not None


def use(session: Session, tried: Try, *, now: datetime) -> Actor:
    """Use up a code that is right, and return whom it signs in. Raises WrongState when somebody was quicker."""
    used = _changed(
        session,
        update(SignInCode)
        .where(SignInCode.id == tried.id, SignInCode.used_at.is_(None), SignInCode.ends_at > now)
        .values(used_at=now),
    )
    person = session.get(Person, tried.person_id)
    if not used or person is None or _group_of(session, person) is None:
        raise WrongState("code_over", field="code")
    return accounts.person_actor(person)


def forget(session: Session, *, now: datetime) -> None:
    """Remove codes of yesterday."""
    session.execute(delete(SignInCode).where(SignInCode.created_at <= now - _KEPT))


def _write(
    session: Session,
    person: Person | None,
    group: Group | None,
    counted_as: str,
    new: Fresh,
    asking: Asking,
    now: datetime,
) -> None:
    full = limits.spend_each(session, "sign_in_code", counted_as, MOST_CODES, now=now)
    last = _last(session, asking.browser)
    if full == _APART and last is not None and last.counted_as == counted_as and last.ends_at > now:
        # The button was pressed twice: the code that is on its way is the one that was asked for.
        return
    if full is not None:
        raise WrongState(_TOO_MANY[full], field="number")
    session.execute(
        update(SignInCode)
        .where(SignInCode.counted_as == counted_as, SignInCode.ends_at > now, SignInCode.used_at.is_(None))
        .values(ends_at=now)
    )
    row = SignInCode(
        person_id=person.id if person else None,
        browser_digest=vault.digest(asking.browser),
        counted_as=counted_as,
        code_hash=new.kept,
        created_at=now,
        ends_at=now + LIFE,
    )
    session.add(row)
    if person is not None and group is not None:
        notices.tell(
            session,
            person,
            "sign_in.code",
            group=group,
            now=now,
            secret={"code": new.code},
            notice_id=row.id,
            life=LIFE,
        )


def _read(session: Session, typed: str) -> str:
    """Read a number as one of the countries that this installation has zones in."""
    served = set(session.scalars(select(Zone.country).distinct()))
    countries = [country for country in _COUNTRIES if country in served] or _COUNTRIES
    return phones.read_as_any(typed, [country.upper() for country in countries])


def _spend_address(session: Session, asking: Asking, now: datetime) -> None:
    full = asking.address and limits.spend_each(session, "code_address", asking.address, MOST_FROM_ADDRESS, now=now)
    if full:
        raise WrongState("code_address", field="number")


def _group_of(session: Session, person: Person | None) -> Group | None:
    """Return a group that gives a person the right to sign in: one they run, or are appointed in by proof."""
    person_id = person.id if person else new_id()
    runs = select(Membership.group_id).where(
        Membership.person_id == person_id,
        Membership.role.in_(groups.COORDINATING),
        Membership.state == "active",
    )
    appointed = select(Appointment.group_id).where(
        Appointment.person_id == person_id, Appointment.proven_at.is_not(None), Appointment.ended_at.is_(None)
    )
    return session.scalar(
        select(Group)
        .where(Group.id.in_(runs.union(appointed)), Group.state != "closed")
        .order_by(Group.created_at, Group.id)
        .limit(1)
    )


def _own(session: Session, actor: Actor) -> tuple[Person, Address, Group]:
    person = session.get(Person, actor.id) if actor.kind == "person" else None
    group = _group_of(session, person)
    address = None if person is None else next((address for address in person.addresses if address.is_primary), None)
    if person is None or group is None or address is None or address.kind != "phone":
        raise NotThere
    return person, address, group


def _last(session: Session, browser: str) -> SignInCode | None:
    return session.scalar(
        select(SignInCode)
        .where(SignInCode.browser_digest == vault.digest(browser))
        .order_by(SignInCode.created_at.desc(), SignInCode.id.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )


def _counted_as(session: Session, number: str, known: bool) -> str:
    return vault_of(session).sign("sign-in codes", f"{number} {'known' if known else 'new'}")


def _changed(session: Session, statement: Update) -> bool:
    result = session.execute(statement.execution_options(synchronize_session=False))
    assert isinstance(result, CursorResult)
    return result.rowcount == 1
