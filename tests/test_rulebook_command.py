"""`wabp rulebook`: what a zone's own file changes, using it, and going back."""

from pathlib import Path

import pytest
from sqlalchemy import select

from tests.doors import shell
from tests.house import Cast, House
from wabp import groups
from wabp.models import AuditEvent, Group, Zone

STRICT = 'base = "be"\n[labels.profiling]\naction = "refuse"\n'


def written(tmp_path: Path, text: str) -> str:
    file = tmp_path / "zone.toml"
    file.write_text(text, encoding="utf-8")
    return str(file)


def zone_slug(house: House) -> str:
    with house.reading() as session:
        return session.scalars(select(Zone.slug).join(Group).where(Group.slug == "molenwijk")).one()


def action_of(house: House) -> str:
    with house.reading() as session:
        group = session.scalars(select(Group).where(Group.slug == "molenwijk")).one()
        return groups.rulebook_of(group).action("profiling")


def test_checking_a_file_says_what_it_changes(
    light_house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = shell(light_house, capsys, "rulebook", "check", written(tmp_path, STRICT))
    assert said.code == 0
    lines = said.out.splitlines()
    assert lines[0].split("\t")[1] == "be"
    assert "actions.profiling\tconfirm\trefuse" in lines


def test_a_wrong_file_is_one_line_with_key_and_cure(
    light_house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = written(tmp_path, 'base = "be"\n[labels.profiling]\naction = "forbid"\n')
    said = shell(light_house, capsys, "rulebook", "check", wrong)
    assert (said.code, said.out) == (2, "")
    assert "labels.profiling.action" in said.err
    assert "write refuse, confirm, advise" in said.err
    assert len(said.err.splitlines()) == 1


def test_a_zone_uses_its_file_at_once_and_goes_back_to_its_country(
    house: House, cast: Cast, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    slug = zone_slug(house)
    used = shell(house, capsys, "rulebook", "use", written(tmp_path, STRICT), "--zone", slug)
    version = used.out.strip()
    assert used.code == 0
    assert "+" in version
    assert action_of(house) == "refuse"
    assert shell(house, capsys, "rulebook", "use", "country", "--zone", slug).code == 0
    assert action_of(house) == "confirm"
    with house.reading() as session:
        told = session.scalars(select(AuditEvent.detail).where(AuditEvent.act == "ruled")).all()
    assert version in told


@pytest.mark.parametrize(
    ("text", "slug", "named"),
    [
        (STRICT.replace("be", "nl", 1), None, "base"),
        (STRICT, "nergens", "nergens"),
        ("no toml", None, "not a TOML file"),
    ],
)
def test_what_cannot_be_used_changes_nothing(
    light_house: House,
    light_cast: Cast,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    text: str,
    slug: str | None,
    named: str,
) -> None:
    file = written(tmp_path, text)
    said = shell(light_house, capsys, "rulebook", "use", file, "--zone", slug or zone_slug(light_house))
    assert said.code == 2
    assert named in said.err
    assert action_of(light_house) == "confirm"


def test_a_rulebook_that_cannot_be_read_any_more_gives_way_to_the_countrys_and_doctor_tells(
    light_house: House, light_cast: Cast, capsys: pytest.CaptureFixture[str]
) -> None:
    with light_house.writing() as session:
        zone = session.scalars(select(Zone).join(Group).where(Group.slug == "molenwijk")).one()
        zone.rulebook = 'base = "be"\nold_key = 1\n'
        session.commit()
    assert action_of(light_house) == "confirm"
    assert "old_key" in shell(light_house, capsys, "doctor").out
