"""The `wabp` command: its answers, its exit codes, and one line that names the cure when something is wrong."""

import contextlib
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from sqlalchemy import select

from tests.conftest import STORY_TIME
from tests.house import TWILIO, House, add_cast
from wabp import cli, db, demo, texts
from wabp.models import AuditEvent, Group, Membership, Person

CLEAN = "Inbraak bezig, twee personen aan de achterdeur."
NAMED = "Kevin Maes steelt fietsen in de straat."
PROFILING = "Donkere man met rugzak loopt rond in de straat."
KEYS = {"WABP_SECRET_KEY": "s" * 32, "WABP_DATA_KEYS": "A" * 43}


@contextlib.contextmanager
def built(folder: Path, **environ: str) -> Iterator[House]:
    """A house whose tables came about by the migrations, as commands insist on."""
    made = House(f"sqlite:///{folder / 'wabp.sqlite3'}", folder, STORY_TIME, **environ)
    db.upgrade(made.app)
    yield made
    made.close()


class Shell:
    """Runs commands in this process, on a house's services."""

    def __init__(self, house: House, capsys: pytest.CaptureFixture[str]) -> None:
        self.house = house
        self._capsys = capsys

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Return exit code, standard output and standard error."""
        self._capsys.readouterr()
        code = cli.run(lambda: self.house.services, arguments)
        said = self._capsys.readouterr()
        return code, said.out, said.err

    def answer(self, *arguments: str) -> str:
        code, out, err = self.run(*arguments)
        assert code == 0, err
        return out.strip()

    def refused(self, *arguments: str) -> str:
        """Return the one line that says what is wrong."""
        code, out, err = self.run(*arguments)
        assert (code, out) == (2, "")
        return one_line(err)

    def send(self, **options: str | None) -> list[str]:
        """Return the arguments of an urgent alert to the mill street, with changes; None leaves one out."""
        given: dict[str, str | None] = {
            "group": "molenwijk", "kind": "urgent", "category": "burglary", "called": "20:58", "text": CLEAN,
        }
        chosen = {name: value for name, value in (given | options).items() if value is not None}
        return ["alert", "send", *(part for name, value in chosen.items() for part in (f"--{name}", value))]


def one_line(err: str) -> str:
    assert err.startswith("wabp: ")
    assert err.endswith("\n")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    return err.strip()


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Shell]:
    """A shell on a house with the people of the stories."""
    with built(tmp_path) as house:
        add_cast(house)
        yield Shell(house, capsys)


@pytest.fixture
def bare(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Shell]:
    """A shell on a house with nobody in it."""
    with built(tmp_path) as house:
        yield Shell(house, capsys)


# ---- help ----


def commands(group: click.Group = cli.wabp, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name)


@pytest.mark.parametrize("path", list(commands()), ids=" ".join)
def test_the_help_of_every_command_shows_an_example(path: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    def never() -> None:
        raise AssertionError("help needs no settings")

    assert cli.run(never, [*path, "--help"]) == 0  # type: ignore[arg-type]
    shown = " ".join(capsys.readouterr().out.split())
    example = shown.partition("Example: ")[2]
    assert "wabp " + " ".join(path) in example


@pytest.mark.parametrize("path", [(), ("alert",), ("group",), ("template",)], ids=" ".join)
def test_without_a_command_the_way_to_the_list_is_named(bare: Shell, path: tuple[str, ...]) -> None:
    assert f"`{' '.join(('wabp', *path))} --help`" in bare.refused(*path)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["sned"], "No such command 'sned'"),
        (["alert", "send", "--grup", "demo"], "--grup"),
        (["alert", "send", "--group", "molenwijk"], "--kind"),
        (["alert", "send", "--kind", "alarm"], "urgent"),
        (["demo", "--members", "many"], "--members"),
        (["alert", "show"], "ID"),
        (["group", "list", "surplus"], "surplus"),
    ],
)
def test_what_was_mistyped_is_named_with_where_the_help_is(shell: Shell, arguments: list[str], said: str) -> None:
    line = shell.refused(*arguments)
    assert said in line
    assert "--help`" in line


# ---- alerts ----


def test_send_prints_the_id_and_nothing_else(shell: Shell) -> None:
    code, out, err = shell.run(*shell.send())
    assert (code, err) == (0, "")
    assert len(out.strip()) == 36
    shown = json.loads(shell.answer("alert", "show", out.strip(), "--json"))
    assert shown == {"id": out.strip(), "state": "released", "recipients": 7, "deliveries": {"queued": 7}}
    assert shell.answer("alert", "show", out.strip()) == "released: 7 recipients (7 queued)"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"group": "nowhere"}, "There is no group 'nowhere'. `wabp group list`"),
        ({"called": None}, "--called"),
        ({"called": "25:99"}, "21:04"),
        ({"called": "now"}, "21:04"),
        ({"called": "21:07"}, "21:07 lies in the future"),
        ({"called": "09:05"}, None),
        ({"text": ""}, "empty"),
        ({"text": " \n\t\u200b"}, "empty"),
        ({"text": "ab " * 1_700}, "5099 characters; at most 1000"),
        ({"category": "gossip"}, "burglary"),
        ({"street": "Dijklaan"}, "street"),
        ({"language": "es"}, "'nl', 'fr', 'en', 'de'"),
    ],
    ids=str,
)
def test_an_alert_that_cannot_be_is_refused_with_its_cure(
    shell: Shell, changes: dict[str, str | None], said: str | None
) -> None:
    if said is None:
        assert shell.answer(*shell.send(**changes))
    else:
        assert said in shell.refused(*shell.send(**changes))


def test_unknown_categories_are_answered_with_the_list(shell: Shell) -> None:
    line = shell.refused(*shell.send(category="gossip"))
    assert "burglary" in line
    assert "prevention" in line


def test_a_call_of_late_yesterday_evening_is_understood_after_midnight(shell: Shell) -> None:
    shell.house.clock.at("00:10")
    assert shell.answer(*shell.send(called="23:58"))


def test_info_needs_no_call(shell: Shell) -> None:
    assert shell.answer(*shell.send(kind="info", category="prevention", called=None, text="Sluit uw fiets af."))


def test_a_named_person_is_refused_with_the_words_and_what_to_write_instead(shell: Shell) -> None:
    line = shell.refused(*shell.send(kind="info", called=None, text=NAMED))
    assert "person_name «Kevin Maes»" in line
    assert "Write instead: " in line
    assert "Maes" not in line.partition("Write instead: ")[2]
    # No reason opens this door.
    assert "refused" in shell.refused(*shell.send(text=NAMED, reason="omdat het echt zo was"))


def test_what_the_check_asks_about_goes_out_with_a_reason_only(shell: Shell) -> None:
    assert "--reason" in shell.refused(*shell.send(text=PROFILING))
    assert "--reason" in shell.refused(*shell.send(text=PROFILING, reason="daarom"))
    assert shell.answer(*shell.send(text=PROFILING, reason="zo was het echt gemeld"))


@pytest.mark.parametrize("unknown", ["0", "x" * 5_000, "01a1fa8a-9059-7dc4-8358-73dddf1b507d", "\u200b"])
def test_an_unknown_alert_is_said_to_be_unknown(shell: Shell, unknown: str) -> None:
    assert "There is no alert with this id" in shell.refused("alert", "show", unknown, "--json")


def test_the_operator_is_audited_and_coordinator_and_deputy_are_told(shell: Shell) -> None:
    shell.answer(*shell.send())
    shell.house.send_all()
    heard = [m for m in shell.house.phones.messages if "20:58" not in m.body]
    assert {(m.to, m.body.partition(":")[0].strip()) for m in heard} == {
        ("+32470000010", "Molenwijk"),
        ("+32470000011", "Molenwijk"),
    }
    with shell.house.reading() as session:
        acts = [(event.actor, event.act) for event in session.scalars(select(AuditEvent))]
    assert ("operator", "released") in acts


def test_group_list_says_who_is_there(shell: Shell) -> None:
    rows = json.loads(shell.answer("group", "list", "--json"))
    assert {"slug": "molenwijk", "name": "Molenwijk", "state": "active", "members": 7} in rows
    assert "molenwijk\tactive\t7\tMolenwijk" in shell.answer("group", "list").splitlines()


@pytest.mark.parametrize("content_sid", ["HX12", "HX" + "g" * 32, "SM" + "a" * 32])
def test_a_template_needs_a_right_id(shell: Shell, content_sid: str) -> None:
    assert "HX" in shell.refused("template", "add", "--kind", "urgent", "--language", "nl", content_sid)


# ---- the demo ----


def demo_members(shell: Shell) -> list[tuple[str, str, str]]:
    with shell.house.reading() as session:
        rows = session.execute(
            select(Person.language, Membership.role, Membership.street_id)
            .join(Membership, Membership.person_id == Person.id)
            .join(Group, Group.id == Membership.group_id)
            .where(Group.slug == "demo")
        )
        return [(language, role, str(street)) for language, role, street in rows]


def test_the_demo_has_exactly_so_many_members_spread_over_languages_and_streets(bare: Shell) -> None:
    code, out, err = bare.run("demo", "--members", "90", "--quiet", "22:00-07:00")
    assert (code, out) == (0, "")
    assert "90 residents" in err
    members = demo_members(bare)
    assert len(members) == 90
    assert Counter(role for _, role, _ in members) == {"coordinator": 1, "deputy": 1, "member": 88}
    assert set(Counter(language for language, _, _ in members)) == set(texts.LANGUAGES)
    per_street = Counter(street for _, _, street in members)
    assert len(per_street) > 5
    assert max(per_street.values()) - min(per_street.values()) <= 1


def test_loading_the_demo_again_replaces_it_with_all_that_was_said(bare: Shell) -> None:
    bare.answer("demo", "--members", "10", "--quiet", "none")
    alert = bare.answer(*bare.send(group="demo"))
    bare.house.send_all()
    bare.house.say(demo.number(5), "Ik zag iets")
    bare.answer("demo", "--members", "6", "--quiet", "none")
    assert len(demo_members(bare)) == 6
    assert "There is no alert" in bare.refused("alert", "show", alert)
    again = bare.answer(*bare.send(group="demo"))
    assert json.loads(bare.answer("alert", "show", again, "--json"))["recipients"] == 6


def test_if_empty_leaves_what_is_there(shell: Shell, tmp_path: Path) -> None:
    assert shell.answer("demo", "--if-empty") == ""
    assert demo_members(shell) == []


def test_the_smallest_demo_has_a_coordinator_and_a_deputy(bare: Shell) -> None:
    bare.answer("demo", "--members", "2")
    assert sorted(role for _, role, _ in demo_members(bare)) == ["coordinator", "deputy"]


@pytest.mark.parametrize("members", ["1", "0", "-5", "900001", "99999999999999999999"])
def test_a_demo_of_nobody_or_everybody_is_refused(bare: Shell, members: str) -> None:
    assert "--members" in bare.refused("demo", "--members", members)


@pytest.mark.parametrize("quiet", ["", "22-7", "22:00-25:00", "nOne", "22:00-07:00 ", "22:00—07:00"])
def test_quiet_hours_that_are_none_are_refused(bare: Shell, quiet: str) -> None:
    assert "22:00-07:00, or none" in bare.refused("demo", "--quiet", quiet)


def test_demo_people_are_never_written_to_by_a_real_provider(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with built(tmp_path) as house:
        Shell(house, capsys).answer("demo", "--members", "5", "--quiet", "none")
    with built(tmp_path, **TWILIO) as house:
        real = Shell(house, capsys)
        assert "invented numbers" in real.refused("demo", "--members", "5")
        assert "invented numbers" in real.refused(*real.send(group="demo"))
        assert real.answer("demo", "--if-empty") == ""
    with built(tmp_path, **TWILIO, WABP_TWILIO_API_URL="http://127.0.0.1:9") as house:
        local = Shell(house, capsys)
        assert local.answer("demo", "--members", "4", "--quiet", "none") == ""
        assert local.answer(*local.send(group="demo"))
