"""Story 05: an urgent alert, with and without the call."""

from tests.house import Cast, House, people, release


def test_every_phone_gets_it_once_in_its_own_language_with_the_call_and_the_emergency_line(
    house: House, cast: Cast
) -> None:
    alert = release(house, cast.fatima)
    assert house.send_all() == 7
    assert people(house, alert) == {"accepted": 7}
