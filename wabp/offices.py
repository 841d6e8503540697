"""Offices: accounts of inspectors, youth inspectors, partners and zone administrators, and how they sign in.

Made and reset by the operator of the machine, with a link that works once. Without password and second factor
an account opens nothing. E-mail addresses are sealed and found by a keyed hash, like numbers.
"""

import re
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import CursorResult, Update, or_, select, update
from sqlalchemy.orm import Session

from wabp import accounts, limits, passwords, second_factor, vault
from wabp.accounts import Actor
from wabp.errors import BadInput, NotThere, WrongState
from wabp.models import Account, Zone, seal, unseal, vault_of

LINK_LIFE = timedelta(minutes=10)
LONGEST_EMAIL, LONGEST_NAME = 254, 80
# How long a right password waits for its second factor, and how often that may be tried.
STEP_LIFE = timedelta(minutes=5)
MOST_CODES = ((5, timedelta(minutes=10)),)
# Tries of a password: for one account from browsers that it never signed in from, from one that it did, and
# from one public address whatever the account.
MOST_PASSWORDS = ((10, timedelta(hours=1)),)
MOST_FROM_ADDRESS = ((20, timedelta(hours=1)),)
_EMAIL = re.compile(r"[^@\s,;<>\"()\\]+@[^@\s,;<>\"()\\]+\.[^@\s,;<>\"()\\.]+")


@dataclass(frozen=True, slots=True)
class Office:
    """An account as the operator's list shows it. States: works, waiting (for its set-up), disabled."""

    role: str
    zone: str
    email: str
    state: str


@dataclass(frozen=True, slots=True)
class SetUp:
    """What the page of a one-time link shows."""

    email: str
    name: str
    role: str
    language: str
    secret: str


@dataclass(frozen=True, slots=True)
class Step:
    """A right password that waits for its second factor. Opens nothing by itself."""

    id: str
    account_id: uuid.UUID
    # Changes with the password: a step does not outlive a reset.
    mark: str


# ---- by the operator ----


def invite(
    session: Session, actor: Actor, email: str, *, role: str, zone_slug: str, name: str, language: str, now: datetime
) -> str:
    """Make an account, or reset the one of this e-mail, and return the token of its one-time link.

    A reset ends what was: password, second factor and every sign-in.
    """
    accounts.require_operator(actor)
    email, name = _email(email), " ".join(name.split())
    if len(name) > LONGEST_NAME:
        raise BadInput("office_name", field="name", most=LONGEST_NAME)
    zones = {zone.slug: zone for zone in session.scalars(select(Zone).order_by(Zone.slug))}
    if zone_slug not in zones:
        raise NotThere("office_zone", field="zone", zone=zone_slug, zones=", ".join(zones) or "–")
    zone = zones[zone_slug]
    account = _by_email(session, email)
    if account is None:
        account = _new(session, zone, email, role, name or _name_in(email), now)
    elif account.zone_id != zone.id:
        raise WrongState("office_elsewhere", field="email")
    elif name:
        seal(session, account, "name", name)
    was = account.role
    account.role, account.language, account.disabled_at = role, language, None
    account.password_hash = account.totp_step = None
    seal(session, account, "totp_secret", second_factor.new_secret())
    token = secrets.token_urlsafe(32)
    account.setup_digest, account.setup_until = vault.digest(token), now + LINK_LIFE
    session.flush()
    accounts.end_sign_ins(session, accounts.account_actor(account), now=now)
    detail = role if was == role else f"{was} {role}"
    accounts.record(session, actor, "office_invited", "account", account.id, now=now, zone_id=zone.id, detail=detail)
    return token


def disable(session: Session, actor: Actor, email: str, *, now: datetime) -> None:
    """Close an account at once, with every sign-in and its link. Raises NotThere for an unknown e-mail."""
    accounts.require_operator(actor)
    account = _by_email(session, _email(email))
    if account is None:
        raise NotThere("unknown_office", field="email")
    account.disabled_at = now
    account.setup_digest = account.setup_until = None
    accounts.end_sign_ins(session, accounts.account_actor(account), now=now)
    accounts.record(session, actor, "office_disabled", "account", account.id, now=now, zone_id=account.zone_id)


def everybody(session: Session, actor: Actor) -> list[Office]:
    """Return all accounts, by zone, with as much of their e-mail as tells them apart."""
    accounts.require_operator(actor)
    found = session.scalars(
        select(Account).join(Zone).order_by(Zone.slug, Account.role, Account.created_at, Account.id)
    ).all()
    return [
        Office(account.role, account.zone.slug, _masked(unseal(session, account, "email")), _state(account))
        for account in found
    ]


# ---- by who holds the link ----


def set_up(session: Session, token: str, *, now: datetime) -> SetUp:
    """Return what somebody with a living link sets up. Raises NotThere for any other."""
    account = _waiting(session, token, now)
    return SetUp(
        unseal(session, account, "email"),
        unseal(session, account, "name"),
        account.role,
        account.language,
        unseal(session, account, "totp_secret"),
    )


def require_password(session: Session, token: str, password: str, *, now: datetime) -> None:
    """Raise BadInput unless a password is good enough for the account of a link."""
    account = _waiting(session, token, now)
    email, name = unseal(session, account, "email"), unseal(session, account, "name")
    passwords.require_good(password, (email, name, account.zone.name))


def finish(session: Session, token: str, kept: str, code: str, *, now: datetime) -> Actor:
    """Give an account the password of which `kept` is kept, and its second factor: once, and return who it is.

    Raises BadInput when the code of the app is not right, and NotThere when the link is over or was used.
    """
    account = _waiting(session, token, now)
    step = second_factor.step_of(unseal(session, account, "totp_secret"), code, now)
    if step is None:
        raise BadInput("totp_wrong", field="code")
    statement = update(Account).where(Account.id == account.id, Account.setup_digest == vault.digest(token))
    if not _changed(
        session,
        statement.values(password_hash=kept, totp_step=step, setup_digest=None, setup_until=None, disabled_at=None),
    ):
        raise NotThere("set_up_over")
    actor = accounts.account_actor(account)
    accounts.record(session, actor, "office_set_up", "account", account.id, now=now)
    return actor


# ---- by who signs in ----


def spend_password_try(
    session: Session, email: str, *, device: str | None, address: str | None, now: datetime
) -> None:
    """Count one try of a password. The caller commits before looking whether it is right. Raises WrongState."""
    folded = email.strip().casefold()
    account = _by_email(session, folded)
    known = accounts.knows_browser(session, account.id if account else uuid.UUID(int=0), device)
    # Many sit behind one address: what one of them does there must not shut out a browser that is known.
    if address and not known:
        full = limits.spend_each(session, "password_address", address, MOST_FROM_ADDRESS, now=now)
        if full:
            raise WrongState("office_tries", field="email")
    key = f"{folded} {vault.digest(device or '') if known else ''}"
    if limits.spend_each(session, "password", key, MOST_PASSWORDS, now=now):
        raise WrongState("office_tries", field="email")


def password_step(session: Session, email: str, password: str) -> Step | None:
    """Return the step to the second factor when e-mail and password belong together, else None.

    Takes as long for an e-mail that is unknown, disabled or not set up yet.
    """
    account = _by_email(session, email.strip().casefold())
    works = account is not None and account.disabled_at is None
    right = passwords.is_right(account.password_hash if account is not None and works else None, password)
    return Step(secrets.token_urlsafe(16), account.id, _mark(account)) if account is not None and right else None


def spend_code_try(session: Session, step: Step, *, now: datetime) -> None:
    """Count one try of the second factor, as for a password. Raises WrongState: the password is asked anew."""
    if limits.spend_each(session, "second_factor", step.id, MOST_CODES, now=now):
        raise WrongState("office_step", field="email")


def prove(session: Session, step: Step, code: str, *, now: datetime) -> Actor:
    """Take the code of the second factor, once, and return whom it signs in. Raises BadInput or WrongState."""
    account = session.get(Account, step.account_id)
    if account is None or account.disabled_at is not None or _mark(account) != step.mark:
        raise WrongState("office_step", field="email")
    found = second_factor.step_of(unseal(session, account, "totp_secret"), code, now)
    if found is None:
        raise BadInput("totp_wrong", field="code")
    unused = or_(Account.totp_step.is_(None), Account.totp_step < found)
    statement = update(Account).where(Account.id == account.id, Account.password_hash.is_not(None), unused)
    if not _changed(session, statement.values(totp_step=found)):
        raise BadInput("totp_used", field="code")
    return accounts.account_actor(account)


def _email(typed: str) -> str:
    email = typed.strip().casefold()
    if len(email) > LONGEST_EMAIL or not _EMAIL.fullmatch(email):
        raise BadInput("email", field="email")
    return email


def _by_email(session: Session, email: str) -> Account | None:
    for fingerprint in vault_of(session).fingerprints("email", email):
        found = session.scalar(
            select(Account).where(
                Account.email_key == fingerprint.key_id, Account.email_digest == fingerprint.digest
            )
        )
        if found is not None:
            return found
    return None


def _new(session: Session, zone: Zone, email: str, role: str, name: str, now: datetime) -> Account:
    fingerprint = vault_of(session).fingerprint("email", email)
    account = Account(
        zone=zone, role=role, email_key=fingerprint.key_id, email_digest=fingerprint.digest, created_at=now
    )
    seal(session, account, "email", email)
    seal(session, account, "name", name)
    session.add(account)
    return account


def _name_in(email: str) -> str:
    """Return the name that an address suggests: `jan.peeters@…` is Jan Peeters."""
    words = re.split(r"[._+-]+", email.partition("@")[0])
    return " ".join(word.capitalize() for word in words if word)[:LONGEST_NAME] or email[:LONGEST_NAME]


def _masked(email: str) -> str:
    return f"{email[0]}…@{email.partition('@')[2]}" if email else ""


def _state(account: Account) -> str:
    if account.disabled_at is not None:
        return "disabled"
    # The demo's accounts have no e-mail: they sign in by one click.
    return "works" if account.password_hash or account.demo else "waiting"


def _waiting(session: Session, token: str, now: datetime) -> Account:
    account = session.scalar(
        select(Account).where(Account.setup_digest == vault.digest(token), Account.setup_until > now)
    )
    if account is None or account.disabled_at is not None:
        raise NotThere("set_up_over")
    return account


def _mark(account: Account) -> str:
    return vault.digest(account.password_hash or "")


def _changed(session: Session, statement: Update) -> bool:
    result = session.execute(statement.execution_options(synchronize_session=False))
    assert isinstance(result, CursorResult)
    return result.rowcount == 1
