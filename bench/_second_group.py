"""Moves the demo's members from a number on into a second group, which is called `second`.

python bench/_second_group.py 10000
"""

import sys

from sqlalchemy import select, update

from wabp import app
from wabp.models import Consent, Group, Membership


def main() -> None:
    """Make the group, in the database that the environment names."""
    services = app.build()
    now = services.clock()
    with services.writing() as session:
        first = session.scalars(select(Group).where(Group.slug == "demo")).one()
        second = Group(
            zone=first.zone, district=first.district, slug="second", name="Tweede buurtgroep",
            state="active", quiet="none", demo=True, created_at=now,
        )  # fmt: skip
        session.add(second)
        session.flush()
        moving = Membership.group_id == first.id, Membership.number > int(sys.argv[1])
        people = select(Membership.person_id).where(*moving)
        session.execute(
            update(Consent).where(Consent.person_id.in_(people)).values(group_id=second.id),
            execution_options={"synchronize_session": False},
        )
        session.execute(
            update(Membership).where(*moving).values(group_id=second.id),
            execution_options={"synchronize_session": False},
        )
        session.commit()


if __name__ == "__main__":
    main()
