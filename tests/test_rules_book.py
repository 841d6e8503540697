"""Rulebooks: the facts they hold, zones laying over, and clear refusals."""

from datetime import date, time
from pathlib import Path

import pytest

from wabp import rules
from wabp.texts import LANGUAGES


@pytest.mark.parametrize(("country", "police", "plate"), [("be", "101", "refuse"), ("nl", "112", "confirm")])
def test_a_country_knows_its_number_and_what_a_plate_leads_to(country: str, police: str, plate: str) -> None:
    book = rules.load_rulebook(country)
    assert (book.country, book.police_number, book.actions["licence_plate"]) == (country, police, plate)
    assert book.minimum_age == 18
    assert (book.quiet_from, book.quiet_until) == (time(22), time(7))
    assert dict(book.expiry_hours) == {"urgent": 2, "info": 24}
    assert set(book.actions) == set(rules.LABELS)


@pytest.mark.parametrize("country", ["be", "nl"])
def test_a_rulebook_speaks_four_languages(country: str) -> None:
    book = rules.load_rulebook(country)
    for language in LANGUAGES:
        assert len(book.saar[language]) == 4
        assert book.house_rules[language]
        assert all(clause.titles[language] for clause in book.charter)
        assert all(entry.names[language] for entry in book.emergency_numbers)


def test_a_number_is_dated_or_marked_to_check() -> None:
    numbers = {entry.number: entry for entry in rules.load_rulebook("be").emergency_numbers}
    assert numbers["101"].verified == date(2026, 11, 20)
    assert numbers["102"].check


def test_a_country_is_read_once() -> None:
    assert rules.load_rulebook("be") is rules.load_rulebook("be")


def test_a_zone_lays_its_values_over_its_country(tmp_path: Path) -> None:
    file = tmp_path / "zone.toml"
    file.write_text('base = "be"\nversion = "zone-3"\n[labels.profiling]\naction = "refuse"\n', encoding="utf-8")
    book = rules.load_rulebook(str(file))
    assert (book.version, book.actions["profiling"], book.police_number) == ("zone-3", "refuse", "101")
    assert book.reasons["profiling"]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('base = "fr"', "base"),
        ('base = "be"\nminimum_age = "18"', "minimum_age"),
        ('base = "be"\nquiet_from = "late"', "quiet_from"),
        ('base = "be"\n[labels.profiling]\naction = "shout"', "labels.profiling.action"),
        ('base = "be"\n[labels.gossip]\naction = "refuse"', "labels.gossip"),
        ('base = "be"\ncategories = ["burglary"]', "categories"),
        ('base = "be"\n[retention]\neverything = 1', "retention.everything"),
        ('base = "be"\npolice_number = "Bel!"', "police_number"),
        ('version = "1"', "country"),
        ("not toml", "not a TOML file"),
    ],
)
def test_a_wrong_rulebook_is_refused_with_file_and_key(tmp_path: Path, text: str, key: str) -> None:
    file = tmp_path / "zone.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=key) as refused:
        rules.load_rulebook(str(file))
    assert "zone.toml" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_missing_rulebook_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot read"):
        rules.load_rulebook("/nowhere/zone.toml")


def written(tmp_path: Path, text: str) -> str:
    file = tmp_path / "zone.toml"
    file.write_text(text, encoding="utf-8")
    return str(file)


def test_a_label_may_lead_elsewhere_in_one_kind_of_message(tmp_path: Path) -> None:
    book = rules.load_rulebook(written(tmp_path, 'base = "be"\n[labels.offtopic]\nurgent = "refuse"\n'))
    assert book.action("offtopic") == "confirm"
    assert book.action("offtopic", "info") == "confirm"
    assert book.action("offtopic", "urgent") == "refuse"
    [finding] = rules.check("Gelukkige verjaardag aan iedereen!", "nl", book, kind="urgent")
    assert (finding.label, finding.action) == ("offtopic", "refuse")


MISSING = "Vermist: Emma Claes, 9 jaar, rode jas, zit in het vierde leerjaar. Gezien? Bel {number}."


@pytest.mark.parametrize(("country", "number"), [("be", "101"), ("be", "116 000"), ("nl", "0900-8844")])
def test_the_notice_of_a_missing_child_with_the_number_of_the_police_asks_for_a_second_look(
    country: str, number: str
) -> None:
    book = rules.load_rulebook(country)
    text = MISSING.format(number=number)
    found = rules.check(text, "nl", book, category="missing_person")
    assert {"person_name", "minor"} <= {finding.label for finding in found}
    assert rules.verdict(found, kind="info", called=False) is rules.Verdict.CONFIRM
    assert rules.verdict(rules.check(text, "nl", book), kind="info", called=False) is rules.Verdict.REFUSE


@pytest.mark.parametrize("number", ["ons", "de ouders op 0470 10 11 23", "1010"])
def test_a_notice_without_a_number_of_the_police_is_refused(number: str) -> None:
    found = rules.check(MISSING.format(number=number), "nl", rules.load_rulebook("be"), category="missing_person")
    assert rules.verdict(found, kind="info", called=False) is rules.Verdict.REFUSE


def test_what_a_zone_changes_can_be_told_and_has_a_version_of_its_own(tmp_path: Path) -> None:
    own = 'base = "nl"\nminimum_age = 21\n[labels.profiling]\naction = "refuse"\n'
    book = rules.load_rulebook(written(tmp_path, own))
    country = rules.load_rulebook("nl")
    assert book.version.startswith(f"{country.version}+")
    assert list(rules.changes(book)) == [
        ("version", country.version, book.version),
        ("actions.profiling", "confirm", "refuse"),
        ("minimum_age", "18", "21"),
    ]
    assert list(rules.changes(country)) == []


def notice(category: str = "scam", numbers: str = "101", labels: str = "minor", action: str = "confirm") -> str:
    row = f'category = "{category}"\nnumbers = ["{numbers}"]\nlabels = ["{labels}"]\naction = "{action}"'
    return f'base = "be"\n[[notices]]\n{row}\n'


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('base = "be"\nquite_from = "22:00"', "quite_from"),
        ('base = "be"\n[labels.offtopic]\nnight = "refuse"', "labels.offtopic.night"),
        ('base = "be"\n[labels.offtopic]\nurgent = "never"', "labels.offtopic.urgent"),
        (notice(category="gossip"), "category"),
        (notice(numbers="police"), "numbers"),
        (notice(labels="all"), "labels"),
        (notice(action="shout"), "action"),
    ],
)
def test_a_slip_in_a_zones_file_is_named(tmp_path: Path, text: str, key: str) -> None:
    with pytest.raises(ValueError, match=key):
        rules.load_rulebook(written(tmp_path, text))
