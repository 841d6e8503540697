"""A house for tests: the real app on a real database, a clock that is moved, and phones that remember.

The gateway is the only thing that is not real. Sending runs the worker's own steps; receipts and messages
from residents come in by the app's own signed hooks.
"""

import asyncio
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from flask.testing import FlaskClient
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from wabp import accounts, alerts, db, delivery, drafts, groups, jobs, settings, standing
from wabp.accounts import Actor
from wabp.app import create_app
from wabp.gateway import Accepted, Books, CannotAsk, Outcome, Outgoing, Seen
from wabp.gateway.hooks import SIGNATURE_HEADER, signature
from wabp.gateway.inbound import Inbound, Receipt
from wabp.lanes import LaneName
from wabp.models import (
    Account,
    Address,
    Consent,
    District,
    Group,
    Membership,
    Person,
    Street,
    Zone,
    new_id,
    seal,
    vault_of,
)
from wabp.services import Services
from wabp.worker import steps

WA, SMS = "+32400001818", "+32400001819"
ACCOUNT = "AC" + "0" * 32
# The settings of a house whose provider reaches the world.
TWILIO = {
    "WABP_GATEWAY": "twilio",
    "WABP_PUBLIC_URL": "https://buurt.example",
    "WABP_TWILIO_ACCOUNT_SID": "AC" + "1" * 32,
    "WABP_TWILIO_AUTH_TOKEN": "an-invented-token",
    "WABP_WHATSAPP_FROM": "+32400001818",
    "WABP_SMS_FROM": "+32400001819",
}


class MovableClock:
    """A clock that stands still until it is moved."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment

    def at(self, hour: str, zone: str = "Europe/Brussels") -> None:
        """Set the hour of the present local day, seconds too when given."""
        local = self.moment.astimezone(ZoneInfo(zone))
        self.moment = datetime.combine(local.date(), time.fromisoformat(hour), local.tzinfo).astimezone(UTC)

    def forward(self, **by: float) -> None:
        self.moment += timedelta(**by)


@dataclass
class Message:
    """What a phone got."""

    provider_id: str
    to: str
    channel: str
    body: str
    callback_url: str
    validity_seconds: int
    content_sid: str | None
    variables: Mapping[str, str]
    at: datetime


@dataclass
class Phones:
    """A provider in memory: takes messages, remembers them by phone, answers as scripted."""

    clock: MovableClock
    messages: list[Message] = field(default_factory=list)
    answers: list[Outcome | Exception] = field(default_factory=list)
    # Outcomes for the next sends that are also taken: the answer got lost on its way back.
    lost_answers: list[Outcome] = field(default_factory=list)
    cannot_ask: bool = False
    # How messages stand in this provider's books, and what came in by them without a hook.
    stands: dict[str, str] = field(default_factory=dict)
    arrived: list[Inbound] = field(default_factory=list)
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    async def send(self, message: Outgoing) -> Outcome:
        if self.answers:
            answer = self.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        provider_id = f"SM{next(self._ids):032x}"
        self.messages.append(
            Message(
                provider_id,
                message.to,
                message.channel,
                message.body or "\n".join(message.variables.values()),
                message.callback_url,
                message.validity_seconds,
                message.content_sid,
                message.variables,
                self.clock(),
            )
        )
        return self.lost_answers.pop(0) if self.lost_answers else Accepted(provider_id, "queued")

    async def seen(self, channel: str, to: str, since: datetime) -> Sequence[Seen]:
        if self.cannot_ask:
            raise CannotAsk
        return [
            Seen(message.provider_id, self.stands.get(message.provider_id, "sent"), message.body, message.at)
            for message in self.messages
            if message.to == to and message.channel == channel and message.at >= since - timedelta(seconds=5)
        ]

    async def open(self) -> None:
        pass

    async def ask(self, provider_id: str) -> Receipt:
        if self.cannot_ask:
            raise CannotAsk
        # What this provider knows is what was told of it by `stands`.
        return Receipt(provider_id, self.stands.get(provider_id, "sent"))

    async def books(self, since: datetime) -> Books:
        if self.cannot_ask:
            raise CannotAsk
        ours = [message for message in self.messages if message.at >= since]
        return Books([Receipt(m.provider_id, self.stands.get(m.provider_id, "sent")) for m in ours], self.arrived)

    async def close(self) -> None:
        pass

    def of(self, number: str) -> list[str]:
        """Return all bodies that one phone got, in order."""
        return [message.body for message in self.messages if message.to == number]

    def last(self, number: str) -> Message:
        return [message for message in self.messages if message.to == number][-1]


class CompiledPages(BytecodeCache):
    """Keeps templates compiled for the next house: only the first one has to read them."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


_COMPILED = CompiledPages()


class House:
    """One installation under test. Further settings are given by their names."""

    def __init__(self, database_url: str, folder: Path, moment: datetime, **environ: str) -> None:
        self.folder = folder
        self.clock = MovableClock(moment)
        self.phones = Phones(self.clock)
        given = {"WABP_DATABASE_URL": database_url, "WABP_SECRET_KEY": "s" * 32, "WABP_DATA_KEYS": "A" * 43}
        self.settings = settings.load(given | environ, folder)
        self.app = create_app(self.settings, gateway=self.phones, clock=self.clock)
        self.app.testing = True
        self.app.jinja_env.bytecode_cache = _COMPILED
        self.services: Services = self.app.extensions["services"]
        self._ids = itertools.count(1)

    def close(self) -> None:
        with self.app.app_context():
            db.db.engine.dispose()

    # ---- the database ----

    def writing(self) -> AbstractContextManager[Session]:
        return self.services.writing()

    def reading(self) -> AbstractContextManager[Session]:
        return self.services.reading()

    # ---- traffic ----

    def send_all(self) -> int:
        """Let the sender work until nothing waits. Returns how many messages the phones got meanwhile."""
        before = len(self.phones.messages)

        while waiting := steps.look(self.services).waiting:
            for lane in waiting:
                self._send_by(lane, 100)
        return len(self.phones.messages) - before

    def send_some(self, channel: str, limit: int) -> None:
        """Let the sender send one chunk."""
        for number in self.settings.senders[channel]:
            self._send_by(LaneName(channel, number), limit)

    def _send_by(self, lane: LaneName, limit: int) -> None:
        """Do what the worker does for a lane, one step after the other."""
        claims = steps.claim(self.services, None, lane, limit)

        async def all_at_once() -> list[Outcome]:
            return await asyncio.gather(*(delivery.hand_over(self.services.gateway, claim) for claim in claims))

        steps.record(self.services, lane, list(zip(claims, asyncio.run(all_at_once()), strict=True)))

    def look_up_doubts(self) -> None:
        jobs.settle_doubts(self.services)

    def receipt(
        self, message: Message, status: str, error: int | None = None, *, token: str | None = None
    ) -> TestResponse:
        """Tell the app, as the provider does, what became of a message."""
        form = [("AccountSid", ACCOUNT), ("MessageSid", message.provider_id), ("MessageStatus", status)]
        if error:
            form.append(("ErrorCode", str(error)))
        return self.hook(message.callback_url.removeprefix(self.settings.public_url), form, token=token)

    def deliver_everything(self, status: str = "delivered") -> None:
        for message in self.phones.messages:
            self.receipt(message, status)

    def say(self, number: str, text: str, channel: str = "whatsapp", **fields: str) -> TestResponse:
        """Let somebody send us a message."""
        prefix = "whatsapp:" if channel == "whatsapp" else ""
        sender = WA if channel == "whatsapp" else SMS
        form = {
            "AccountSid": ACCOUNT,
            "MessageSid": f"SM{next(self._ids) + (1 << 100):032x}",
            "From": f"{prefix}{number}",
            "To": f"{prefix}{sender}",
            "Body": text,
            "NumMedia": "0",
        }
        return self.hook("/hooks/twilio/inbound", list((form | fields).items()))

    def hook(
        self, path: str, form: list[tuple[str, str]], header: str | None = None, *, token: str | None = None
    ) -> TestResponse:
        """Call a hook, signed as the provider signs (by its newest token) unless a header is given."""
        key = token or self.app.extensions["hook_tokens"][0]
        signed = signature(f"{self.settings.public_url}{path}", form, key) if header is None else header
        client = self.app.test_client()
        return client.post(path, data=MultiDict(form), headers={SIGNATURE_HEADER: signed})

    # ---- browsers ----

    def browser(self, who: "Somebody | None" = None) -> "Browser":
        """Return a browser, signed in as somebody."""
        browser = Browser(self)
        if who is not None:
            browser.sign_in(who)
        return browser


@dataclass(frozen=True)
class Somebody:
    """A person or an account of the test's cast."""

    id: object
    number: str
    actor: Actor


class Browser:
    """A browser without JavaScript: follows nothing by itself, and carries the form's token like a page does."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.client: FlaskClient = house.app.test_client()

    def sign_in(self, who: Somebody) -> None:
        with self._house.writing() as session:
            token = accounts.sign_in(session, who.actor, now=self._house.clock())
            session.commit()
        self.client.set_cookie("wabp", token)

    def get(self, path: str) -> TestResponse:
        return self.client.get(path)

    def post(self, path: str, page: str | None = None, **fields: str) -> TestResponse:
        """Fill in the form of `page` (by default any page with a form) and send it."""
        shown = self.client.get(page or "/").text
        token = re.search(r'name="csrf_token" value="([^"]+)"', shown)
        assert token is not None
        return self.client.post(path, data={"csrf_token": token.group(1), **fields})

    def compose(self, group: str, do: str, **fields: str) -> TestResponse:
        """Write an alert on the compose page and press one of its buttons."""
        page = f"/groups/{group}/alerts/new"
        shown = self.client.get(page).text
        found = dict(re.findall(r'name="(csrf_token|form_token)" value="([^"]+)"', shown))
        return self.client.post(page, data={**found, "do": do, "language": "nl", **fields})


# ---- builders ----


def add_zone(session: Session, name: str, country: str, timezone: str, now: datetime) -> Zone:
    zone = Zone(slug=name.lower().replace(" ", "-"), name=name, country=country, timezone=timezone, created_at=now)
    session.add(zone)
    return zone


def add_group(
    session: Session,
    zone: Zone,
    slug: str,
    streets: Sequence[str],
    now: datetime,
    *,
    state: str = "active",
    quiet: str | None = "none",
    name: str | None = None,
) -> Group:
    district = District(zone=zone, name=f"District {slug}")
    placed = [Street(district=district, name=street, postcode=None) for street in streets]
    group = Group(
        zone=zone,
        district=district,
        slug=slug,
        name=name or slug.capitalize(),
        state=state,
        quiet=quiet,
        created_at=now,
        streets=placed,
    )
    session.add(group)
    session.flush()
    return group


def add_member(
    session: Session,
    group: Group,
    number: str,
    now: datetime,
    *,
    language: str = "nl",
    whatsapp: bool = True,
    street: str | None = None,
    role: str = "member",
    name: str | None = None,
    window: datetime | None = None,
) -> Somebody:
    """Put somebody into a group. `window` is when they last wrote by WhatsApp; by default just now."""
    person = Person(zone_id=group.zone_id, language=language, created_at=now)
    seal(session, person, "name", name)
    fingerprint = vault_of(session).fingerprint("phone", number)
    address = Address(
        person=person,
        kind="phone",
        index_key=fingerprint.key_id,
        index_digest=fingerprint.digest,
        is_primary=True,
        whatsapp=whatsapp,
        window_from=(window or now) if whatsapp else None,
        created_at=now,
    )
    seal(session, address, "value", number)
    position = groups.member_count(session, group) + 1
    place = next((known for known in group.streets if known.name == street), None)
    session.add_all([person, address])
    session.flush()
    session.add(
        Membership(
            group_id=group.id, person_id=person.id, street_id=place.id if place else None, number=position,
            role=role, state="active", joined_at=now,
        )
    )
    session.add(
        Consent(person_id=person.id, group_id=group.id, text_version="1", means="whatsapp", given_at=now)
    )
    session.flush()
    return Somebody(person.id, number, accounts.person_actor(person))


def add_account(session: Session, zone: Zone, role: str, name: str, now: datetime) -> Somebody:
    account = Account(id=new_id(), zone_id=zone.id, role=role, created_at=now)
    seal(session, account, "name", name)
    session.add(account)
    session.flush()
    return Somebody(account.id, "", accounts.account_actor(account))


@dataclass(frozen=True)
class Cast:
    """Everybody of the street, and of the street across the border."""

    fatima: Somebody
    luc: Somebody
    an: Somebody
    jean: Somebody
    priya: Somebody
    heinz: Somebody
    godelieve: Somebody
    claes: Somebody
    de_smet: Somebody
    sofie: Somebody
    karim: Somebody
    officer_elsewhere: Somebody
    willem: Somebody
    noor: Somebody

    @property
    def street(self) -> tuple[Somebody, ...]:
        """The seven who get an alert of group `molenwijk`."""
        return (self.fatima, self.luc, self.an, self.jean, self.priya, self.heinz, self.godelieve)


def add_cast(house: House) -> Cast:
    """Fill a house with two zones, two groups and all who play in the stories."""
    now = house.clock()
    with house.writing() as session:
        be = add_zone(session, "PZ Leiebocht", "be", "Europe/Brussels", now)
        nl = add_zone(session, "Basisteam Merwedrecht", "nl", "Europe/Amsterdam", now)
        mill = add_group(session, be, "molenwijk", ("Molenstraat", "Kerkdreef", "Vaartkant"), now, name="Molenwijk")
        dike = add_group(session, nl, "dijklaan", ("Dijklaan", "Korenbloemstraat"), now, name="Dijklaan")
        cast = Cast(
            fatima=add_member(
                session, mill, "+32470000010", now, street="Vaartkant", role="coordinator", name="Fatima Peeters"
            ),
            luc=add_member(
                session, mill, "+32470000011", now, language="fr", street="Kerkdreef", role="deputy", name="Luc"
            ),
            an=add_member(session, mill, "+32470000001", now, street="Molenstraat"),
            jean=add_member(session, mill, "+32470000002", now, language="fr", street="Kerkdreef"),
            priya=add_member(session, mill, "+32470000003", now, language="en", street="Vaartkant"),
            heinz=add_member(
                session, mill, "+32470000004", now, language="de", whatsapp=False, street="Vaartkant"
            ),
            godelieve=add_member(session, mill, "+32470000005", now, whatsapp=False, street="Kerkdreef"),
            claes=add_account(session, be, "inspector", "Claes", now),
            de_smet=add_account(session, be, "zone_admin", "De Smet", now),
            sofie=add_account(session, be, "youth_inspector", "Sofie", now),
            karim=add_account(session, be, "partner", "Karim", now),
            officer_elsewhere=add_account(session, nl, "inspector", "De Vries", now),
            willem=add_member(session, dike, "+31610000010", now, role="coordinator", name="Willem"),
            noor=add_member(session, dike, "+31610000001", now, street="Dijklaan"),
        )
        session.commit()
    return cast


def content(**changes: object) -> drafts.Content:
    """Return what a coordinator typed for an urgent alert, with changes."""
    values: dict[str, object] = {
        "kind": "urgent",
        "category": "burglary",
        "text": "Twee personen forceren achterdeur, zwarte jassen, vluchten richting sluis.",
        "language": "nl",
        "called": "yes",
        "called_at": "21:04",
    }
    return drafts.Content(**(values | changes))  # type: ignore[arg-type]


def release(house: House, who: Somebody, slug: str = "molenwijk", **changes: object) -> alerts.Alert:
    """Write and release an alert by the nouns, as a coordinator would by the pages."""
    with house.writing() as session:
        group = groups.by_slug(session, who.actor, slug)
        alert = drafts.draft(session, who.actor, group, content(**changes), now=house.clock())
        outcome = alerts.release(session, who.actor, alert, now=house.clock())
        session.commit()
        assert outcome.stopped is None, outcome.stopped
        session.refresh(alert)
        session.expunge(alert)
    return alert


def people(house: House, alert: alerts.Alert) -> dict[str, int]:
    """Return how many people stand at which state."""
    with house.reading() as session:
        return standing.people_by_state(session, "alert", alert.id)
