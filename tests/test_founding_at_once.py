"""What happens when two people do the same in the same moment: one group, one short name, one owner of a street."""

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from tests.founding import (
    HILDE,
    HILDE_OTHER,
    add_street,
    apply,
    decide,
    fill,
    handed_in,
    send,
    sign,
    somebody,
    state_of,
    typed,
)
from tests.house import Cast, House
from wabp.errors import BadInput
from wabp.models import ApplicationVersion, Group, Membership


def at_once(*acts: Callable[[], object]) -> list[BaseException | None]:
    """Do all of these in threads that start together. Returns what each raised."""
    together = threading.Barrier(len(acts))
    raised: list[BaseException | None] = [None] * len(acts)

    def run(position: int, act: Callable[[], object]) -> None:
        together.wait()
        try:
            act()
        except Exception as problem:  # The test looks at every kind.
            raised[position] = problem

    threads = [threading.Thread(target=run, args=(position, act)) for position, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_of_two_groups_on_one_street_one_is_approved(house: House, cast: Cast) -> None:
    add_street(house, "Havenlaan")
    first = handed_in(house, "Havenlaan", browser="one", name="Haven")
    second = handed_in(house, "Havenlaan", browser="two", name="Dokken", number=HILDE_OTHER)
    raised = at_once(lambda: decide(house, cast.claes, first), lambda: decide(house, cast.claes, second))
    assert sorted([state_of(house, first), state_of(house, second)]) == ["approved", "submitted"]
    (refused,) = [problem for problem in raised if problem is not None]
    assert isinstance(refused, BadInput)
    assert refused.key == "errors.street_taken"


def test_a_double_click_makes_one_group(house: House, cast: Cast) -> None:
    add_street(house, "Havenlaan")
    application_id = fill(house, "browser", typed(house, ["Havenlaan"]))
    assert at_once(*[lambda: send(house, application_id)] * 3) == [None] * 3
    with house.reading() as session:
        assert session.scalar(select(func.count()).select_from(Group).where(Group.name == "Havenlaan")) == 1
        assert session.scalar(select(func.count()).select_from(ApplicationVersion)) == 1


def test_two_groups_named_alike_in_the_same_moment_get_two_short_names(house: House, cast: Cast) -> None:
    add_street(house, "Havenlaan")
    ids = [fill(house, browser, typed(house, ["Havenlaan"], name="Haven")) for browser in ("one", "two", "three")]
    assert at_once(*[lambda one=one: send(house, one) for one in ids]) == [None] * 3
    with house.reading() as session:
        slugs = session.scalars(select(Group.slug).where(Group.name == "Haven").order_by(Group.slug)).all()
    assert slugs == ["haven", "haven2", "haven3"]


def test_one_code_sent_by_two_phones_appoints_one(house: House, cast: Cast) -> None:
    add_street(house, "Havenlaan")
    founding = apply(house, "Havenlaan")
    text = f"AANVRAAG {founding.codes['founder']}"
    assert at_once(lambda: house.say(HILDE, text), lambda: house.say(HILDE_OTHER, text)) == [None, None]
    house.send_all()
    answers = [house.phones.of(number)[0] for number in (HILDE, HILDE_OTHER)]
    assert sorted("ingediend" in answer for answer in answers) == [False, True]
    with house.reading() as session:
        members = select(func.count()).select_from(Membership).where(Membership.group_id == founding.group_id)
        assert session.scalar(members) == 1


@pytest.mark.parametrize("_again", range(2))
def test_both_sign_in_the_same_moment(house: House, cast: Cast, _again: int) -> None:
    add_street(house, "Havenlaan")
    founding = handed_in(house, "Havenlaan")
    decide(house, cast.claes, founding)
    hilde = somebody(house, HILDE)
    assert at_once(lambda: sign(house, cast.claes, founding), lambda: sign(house, hilde, founding)) == [None, None]
    assert state_of(house, founding) == "active"
