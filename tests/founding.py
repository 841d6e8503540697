"""Founding a group in tests: what somebody types, the codes that phones send, and the officer's decision."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from tests.house import House, Somebody
from wabp import accounts, applications, appointments, groups, paperwork, reviews
from wabp.applications import QUESTIONS
from wabp.models import Application, District, Group, Membership, Street, Zone

URL = "http://127.0.0.1:8000"
HILDE, HILDE_DEPUTY, HILDE_OTHER = "+32470000040", "+32470000041", "+32470000042"
REASON = "Goed plan, de screening is rond."


@dataclass(frozen=True)
class Founding:
    """A group that was applied for, with the codes that the pages show."""

    slug: str
    group_id: UUID
    application_id: UUID
    codes: dict[str, str]


def add_street(house: House, name: str, beside: str = "Vaartkant") -> None:
    """Add a street that is in no group yet, in the district of another one."""
    with house.writing() as session:
        district = session.scalars(select(Street).where(Street.name == beside)).one().district
        session.add(Street(district=district, name=name, postcode=None))
        session.commit()


def typed(house: House, streets: Sequence[str], **changes: object) -> dict[str, dict[str, object]]:
    """Return what somebody types on each page, with changes by the names of the fields."""
    with house.reading() as session:
        rows = session.scalars(select(Street).where(Street.name.in_(streets)).order_by(Street.name)).all()
        assert len(rows) == len(streets)
        district = rows[0].district
        area: dict[str, object] = {
            "zone_id": str(district.zone_id),
            "district_id": str(district.id),
            "street_ids": [str(row.id) for row in rows],
            "name": "Havenlaan",
        }
        version = _charter_of(district.zone)
    pages: dict[str, dict[str, object]] = {
        "area": area,
        "motive": {"motive": "Vier inbraken deze zomer. We willen elkaar snel verwittigen."},
        "coordinator": {
            "founder_coordinates": "yes", "founder_name": "Hilde Maes", "coordinator_name": "", "adult": "yes",
        },
        "deputy": {"deputy_name": "Bart Claus"},
        "plan": {"plan": "De coördinator schrijft, hoogstens twee keer per week, na een oproep naar 101."},
        "charter": {"charter": version},
    }
    for page in pages.values():
        page.update({name: changes.pop(name) for name in list(changes) if name in page})
    assert not changes
    return pages


def fill(house: House, browser: str, pages: dict[str, dict[str, object]]) -> UUID:
    """Type all pages in one browser, one after the other. Returns the application's id."""
    with house.writing() as session:
        application = applications.start(session, browser, now=house.clock())
        for question in QUESTIONS:
            revision = application.revision
            wrong = applications.save(
                session, application, question, pages[question], revision=revision, now=house.clock()
            )
            assert wrong == []
        session.commit()
        return application.id


def send(house: House, application_id: UUID) -> Founding:
    """Press the button that makes a group of an application, and read its codes from the page."""
    with house.writing() as session:
        application = session.get_one(Application, application_id)
        group = applications.send(session, application, now=house.clock())
        session.commit()
        slug, group_id = group.slug, group.id
    return Founding(slug, group_id, application_id, codes_of(house, application_id))


def codes_of(house: House, application_id: UUID) -> dict[str, str]:
    """Return the codes that an application's page shows, by role; the founder's as `founder` too."""
    codes: dict[str, str] = {}
    with house.writing() as session:
        application = session.get_one(Application, application_id)
        assert application.group is not None
        # The browser holds the codes only until the founder's phone has sent its own.
        holder = application if application.group.state == "draft" else accounts.OPERATOR
        for one in appointments.of_group(session, application.group):
            if one.proven_at is None:
                letters = appointments.code_for(session, holder, one, now=house.clock()).letters
                codes[one.role] = letters
                if one.founded:
                    codes["founder"] = letters
        session.commit()
    return codes


def apply(house: House, *streets: str, browser: str = "browser of Hilde", **changes: object) -> Founding:
    """Apply for a group on these streets; no phone has sent its code yet."""
    return send(house, fill(house, browser, typed(house, streets, **changes)))


def handed_in(house: House, *streets: str, number: str = HILDE, **changes: object) -> Founding:
    """Apply, and let the founder's phone send the code."""
    founding = apply(house, *streets, **changes)
    house.say(number, f"AANVRAAG {founding.codes['founder']}")
    house.send_all()
    return founding


def decide(house: House, officer: Somebody, founding: Founding, decision: str = "approve", **given: object) -> None:
    """Decide on the version that is there now."""
    with house.writing() as session:
        group = session.get_one(Group, founding.group_id)
        values: dict[str, object] = {
            "version": paperwork.versions(session, group)[0].number,
            "reason": REASON,
            "checklist": {},
            "screened": True,
        }
        reviews.decide(
            session,
            officer.actor,
            founding.group_id,
            decision=decision,
            public_url=URL,
            now=house.clock(),
            **(values | given),  # type: ignore[arg-type]
        )
        session.commit()


def sign(house: House, who: Somebody, founding: Founding) -> None:
    with house.writing() as session:
        group = session.get_one(Group, founding.group_id)
        reviews.sign(session, who.actor, group, public_url=URL, now=house.clock())
        session.commit()


def activate(house: House, officer: Somebody, founding: Founding, number: str = HILDE) -> None:
    """Approve a group that was handed in, and sign for both."""
    decide(house, officer, founding)
    sign(house, officer, founding)
    sign(house, somebody(house, number), founding)


def somebody(house: House, number: str) -> Somebody:
    """Return whoever a phone is of."""
    with house.reading() as session:
        address = groups.person_at(session, "phone", number)
        assert address is not None
        return Somebody(address.person_id, number, accounts.person_actor(address.person))


def state_of(house: House, founding: Founding) -> str:
    with house.reading() as session:
        return session.get_one(Group, founding.group_id).state


def roles_of(house: House, founding: Founding) -> list[tuple[str, str, int]]:
    """Return role, state and number of everybody in a group, in order of their numbers."""
    with house.reading() as session:
        rows = session.scalars(
            select(Membership).where(Membership.group_id == founding.group_id).order_by(Membership.number)
        )
        return [(row.role, row.state, row.number) for row in rows]


def add_district(house: House, zone_name: str, name: str, *streets: str) -> None:
    """Add a district with streets to a zone."""
    with house.writing() as session:
        zone = session.scalars(select(Zone).where(Zone.name == zone_name)).one()
        district = District(zone=zone, name=name)
        session.add_all([district, *(Street(district=district, name=street, postcode=None) for street in streets)])
        session.commit()


def _charter_of(zone: Zone) -> str:
    from wabp import rules

    return rules.load_rulebook(zone.country).version
