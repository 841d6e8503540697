"""`wabp user`: letting officers in and out from the machine itself."""

import json
import re

import pytest
from sqlalchemy import select

from tests.doors import Said, shell
from tests.house import Cast, House
from tests.test_sign_in_office import CLAES, is_in, officer
from wabp.cli import users
from wabp.models import Account, AuditEvent, unseal

LINK = re.compile(r"http://127\.0\.0\.1:8000(/set-up/([\w-]{22,}))\n")


def add(house: House, capsys: pytest.CaptureFixture[str], *more: str, email: str = CLAES) -> Said:
    options = {"--role": "inspector", "--zone": "pz-leiebocht"}
    given = dict(zip(more[::2], more[1::2], strict=True))
    words = [word for pair in (options | given).items() for word in pair]
    return shell(house, capsys, "user", "add", email, *words)


def accounts_of(house: House) -> list[tuple[str, str, str]]:
    """Return (name, role, language) of the accounts with an e-mail."""
    with house.reading() as session:
        found = session.scalars(select(Account).where(Account.email_digest.is_not(None)))
        return [(unseal(session, account, "name"), account.role, account.language) for account in found]


def test_a_user_is_added_and_the_answer_is_the_link_alone(
    house: House, cast: Cast, capsys: pytest.CaptureFixture[str]
) -> None:
    said = add(house, capsys, "--name", "Peter Claes", "--language", "fr")
    assert said.code == 0
    link = LINK.fullmatch(said.out)
    assert link is not None
    assert "works once, for ten minutes" in said.err
    assert house.browser().get(link[1]).status_code == 200
    assert accounts_of(house) == [("Peter Claes", "inspector", "fr")]


def test_a_name_that_is_left_out_is_taken_from_the_e_mail(
    light_house: House, light_cast: Cast, capsys: pytest.CaptureFixture[str]
) -> None:
    add(light_house, capsys)
    assert accounts_of(light_house) == [("Jan Claes", "inspector", "nl")]


def test_adding_a_user_again_starts_anew_and_may_change_the_role_which_is_recorded(
    light_house: House, light_cast: Cast, capsys: pytest.CaptureFixture[str]
) -> None:
    browser = officer(light_house)
    said = add(light_house, capsys, "--role", "zone_admin", email=CLAES.upper())
    assert LINK.fullmatch(said.out)
    assert not is_in(browser)
    assert accounts_of(light_house) == [("Jan Claes", "zone_admin", "nl")]
    with light_house.reading() as session:
        found = session.scalars(select(AuditEvent.detail).where(AuditEvent.act == "office_invited")).all()
    assert found == ["inspector", "inspector zone_admin"]


def test_a_closed_user_is_signed_out_and_can_be_added_again(
    light_house: House, light_cast: Cast, capsys: pytest.CaptureFixture[str]
) -> None:
    browser = officer(light_house)
    assert shell(light_house, capsys, "user", "disable", CLAES).code == 0
    assert not is_in(browser)
    assert "disabled" in shell(light_house, capsys, "user", "list").out
    link = LINK.fullmatch(add(light_house, capsys).out)
    assert link is not None
    assert light_house.browser().get(link[1]).status_code == 200


IN_LEIEBOCHT = ("--role", "partner", "--zone", "pz-leiebocht")
AN_ADDRESS = "Write an e-mail address like name@example.be."


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ("add", CLAES, "--role", "inspector", "--zone", "gent"),
            "There is no zone 'gent'. Choose one of: basisteam-merwedrecht, pz-leiebocht. `wabp zone add` makes one.",
        ),
        (("add", "claes", *IN_LEIEBOCHT), AN_ADDRESS),
        (("add", "a@b@c.be", *IN_LEIEBOCHT), AN_ADDRESS),
        (("add", "Claes <claes@example.be>", *IN_LEIEBOCHT), AN_ADDRESS),
        (("add", "a" * 255 + "@b.be", *IN_LEIEBOCHT), AN_ADDRESS),
        (("add", CLAES, *IN_LEIEBOCHT, "--name", "x" * 81), "The name has at most 80 characters. Make it shorter."),
        (
            ("disable", "nobody@example.be"),
            "There is no account with this e-mail. `wabp user list` shows the accounts.",
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_line_and_nothing_is_made(
    light_house: House, light_cast: Cast, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], line: str
) -> None:
    said = shell(light_house, capsys, "user", *words)
    assert (said.code, said.out, said.err) == (2, "", f"wabp: {line}\n")
    assert accounts_of(light_house) == []


def test_an_unknown_role_names_the_roles(
    light_house: House, light_cast: Cast, capsys: pytest.CaptureFixture[str]
) -> None:
    said = add(light_house, capsys, "--role", "chief")
    assert said.code == 2
    assert all(role in said.err for role in users._ROLES)
    assert len(said.err.splitlines()) == 1


def test_without_any_zone_the_command_that_makes_one_is_named(
    light_house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    said = add(light_house, capsys)
    assert said.code == 2
    assert "`wabp zone add` makes one" in said.err


def test_an_e_mail_of_another_zone_is_refused_and_stays_as_it_is(
    light_house: House, light_cast: Cast, capsys: pytest.CaptureFixture[str]
) -> None:
    browser = officer(light_house)
    said = add(light_house, capsys, "--zone", "basisteam-merwedrecht")
    assert said.code == 2
    assert "belongs to an account of another zone" in said.err
    assert is_in(browser)


def test_the_list_tells_accounts_apart_without_giving_e_mails_away(
    light_house: House, light_cast: Cast, capsys: pytest.CaptureFixture[str]
) -> None:
    officer(light_house)
    add(light_house, capsys, "--role", "partner", email="an@brugfiguren.example")
    plain = shell(light_house, capsys, "user", "list").out
    assert "pz-leiebocht\tinspector\tworks\tj…@leiebocht.example\n" in plain
    assert "pz-leiebocht\tpartner\twaiting\ta…@brugfiguren.example\n" in plain
    assert CLAES not in plain
    rows = json.loads(shell(light_house, capsys, "user", "list", "--json").out)
    assert {"role": "inspector", "zone": "pz-leiebocht", "email": "j…@leiebocht.example", "state": "works"} in rows


def test_each_command_has_an_example(light_house: House, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("add", "disable", "list"):
        assert "Example: wabp user" in shell(light_house, capsys, "user", command, "--help").out
