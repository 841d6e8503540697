"""Owns the rulebook of a country or zone: reading its file, and refusing one that would break a promise."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any

from wabp.misuse.findings import LABELS, Action
from wabp.texts import LANGUAGES

COUNTRIES = ("be", "nl")
_ACTIONS: tuple[Action, ...] = ("refuse", "confirm", "advise")
_REQUIRED_CATEGORIES = {"burglary", "prevention"}


@dataclass(frozen=True, slots=True)
class Number:
    """A public number: whom it reaches in each language, and the day it was checked (None: still to check)."""

    number: str
    key: str
    urgent: bool
    free: bool | None
    verified: date | None
    names: Mapping[str, str]

    @property
    def check(self) -> bool:
        """True while nobody has checked the number against a source."""
        return self.verified is None


@dataclass(frozen=True, slots=True)
class Clause:
    """A heading that a charter has to treat, in each language."""

    key: str
    titles: Mapping[str, str]


@dataclass(frozen=True)
class Rulebook:
    """The rules of one country or zone. `version` is what every decision records."""

    country: str
    version: str
    title: str
    police_number: str
    rescue_number: str
    emergency_numbers: tuple[Number, ...]
    actions: Mapping[str, Action]
    reasons: Mapping[str, str]
    minimum_age: int
    quiet_from: time
    quiet_until: time
    expiry_hours: Mapping[str, int]
    retention: Mapping[str, int]
    categories: tuple[str, ...]
    saar: Mapping[str, tuple[str, ...]]
    house_rules: Mapping[str, tuple[str, ...]]
    charter: tuple[Clause, ...]


def load_rulebook(country_or_file: str) -> Rulebook:
    """Return the rulebook of "be" or "nl", or the one in a file. Raises ValueError with file, key and cure."""
    if country_or_file in COUNTRIES:
        return _of_country(country_or_file)
    path = Path(country_or_file)
    try:
        own = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = error.strerror or "unreadable"
        raise ValueError(f"{path}: cannot read the rulebook ({reason}); give be, nl or a TOML file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not a TOML file ({error}); correct that line") from None
    base = own.pop("base", None)
    if base is None:
        return _build(own, str(path))
    if base not in COUNTRIES:
        raise ValueError(f"{path}: base is {base!r}; write \"be\" or \"nl\"")
    return _build(_lay_over(_tables_of(base), own), str(path))


@cache
def _of_country(country: str) -> Rulebook:
    return _build(_tables_of(country), f"{country}.toml")


def _tables_of(country: str) -> dict[str, Any]:
    return tomllib.loads((files("wabp.rulebook") / f"{country}.toml").read_text(encoding="utf-8"))


def _lay_over(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Tables merge key by key; anything else, lists too, is replaced as a whole."""
    merged = dict(base)
    for key, value in own.items():
        if isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = _lay_over(merged[key], value)
        else:
            merged[key] = value
    return merged


def _build(tables: Mapping[str, Any], source: str) -> Rulebook:
    read = _Reader(tables, source)
    country = read.text("country")
    if country not in COUNTRIES:
        raise read.wrong("country", 'write "be" or "nl"')
    labels = {label: read.table(f"labels.{label}") for label in LABELS}
    unknown = set(read.table("labels")) - set(LABELS)
    if unknown:
        raise read.wrong(f"labels.{min(unknown)}", f"the labels are {', '.join(LABELS)}")
    return Rulebook(
        country=country,
        version=read.text("version"),
        title=read.text("title"),
        police_number=read.digits("police_number"),
        rescue_number=read.digits("rescue_number"),
        emergency_numbers=tuple(_number(read, row) for row in read.rows("numbers")),
        actions=MappingProxyType({label: _action(read, label) for label in labels}),
        reasons=MappingProxyType({label: read.text(f"labels.{label}.reason") for label in labels}),
        minimum_age=read.whole("minimum_age"),
        quiet_from=read.hour("quiet_from"),
        quiet_until=read.hour("quiet_until"),
        expiry_hours=_wholes(read, "expiry_hours", ("urgent", "info")),
        retention=_wholes(read, "retention", tuple(_tables_of("be")["retention"])),
        categories=_categories(read),
        saar=_lists(read, "saar"),
        house_rules=_lists(read, "house_rules"),
        charter=tuple(Clause(str(row.get("key", "")), _named(read, row, "charter")) for row in read.rows("charter")),
    )


class _Reader:
    """Reads one value at a time and names file, key and cure when it is not what it should be."""

    def __init__(self, tables: Mapping[str, Any], source: str) -> None:
        self._tables = tables
        self._source = source

    def wrong(self, key: str, cure: str) -> ValueError:
        return ValueError(f"{self._source}: {key} is missing or wrong; {cure}")

    def value(self, key: str) -> Any:
        found: Any = self._tables
        for part in key.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        return found

    def text(self, key: str) -> str:
        found = self.value(key)
        if not isinstance(found, str) or not found.strip():
            raise self.wrong(key, "write a text between quotes")
        return found

    def digits(self, key: str) -> str:
        found = self.text(key)
        if not (found.isascii() and found.isdigit() and len(found) <= 6):
            raise self.wrong(key, 'write a short number such as "112"')
        return found

    def whole(self, key: str) -> int:
        found = self.value(key)
        if not isinstance(found, int) or isinstance(found, bool) or found < 1:
            raise self.wrong(key, "write a whole number from 1")
        return found

    def hour(self, key: str) -> time:
        try:
            return time.fromisoformat(self.text(key))
        except ValueError:
            raise self.wrong(key, 'write an hour such as "22:00"') from None

    def table(self, key: str) -> Mapping[str, Any]:
        found = self.value(key)
        if not isinstance(found, Mapping):
            raise self.wrong(key, f"write a table [{key}]")
        return found

    def rows(self, key: str) -> list[Mapping[str, Any]]:
        found = self.value(key)
        if not isinstance(found, list) or not found or not all(isinstance(row, Mapping) for row in found):
            raise self.wrong(key, f"write one or more tables [[{key}]]")
        return found


def _action(read: _Reader, label: str) -> Action:
    found = read.text(f"labels.{label}.action")
    for action in _ACTIONS:
        if action == found:
            return action
    raise read.wrong(f"labels.{label}.action", f"write {', '.join(_ACTIONS)}")


def _number(read: _Reader, row: Mapping[str, Any]) -> Number:
    verified, number = row.get("verified"), row.get("number")
    if not isinstance(number, str) or not any(map(str.isdigit, number)):
        raise read.wrong("numbers.number", 'write a number such as "0900-8844"')
    if not (isinstance(verified, date) or (verified is None and row.get("check") is True)):
        raise read.wrong(f"numbers.verified of {number}", "write the day it was checked, or check = true")
    free = row.get("free")
    return Number(
        number=number,
        key=str(row.get("key", number)),
        urgent=row.get("urgent") is True,
        free=free if isinstance(free, bool) else None,
        verified=verified,
        names=_named(read, row, "numbers"),
    )


def _named(read: _Reader, row: Mapping[str, Any], key: str) -> Mapping[str, str]:
    for language in LANGUAGES:
        if not isinstance(row.get(language), str) or not row[language]:
            raise read.wrong(f"{key}.{language}", f"give it in {', '.join(LANGUAGES)}")
    return MappingProxyType({language: row[language] for language in LANGUAGES})


def _wholes(read: _Reader, key: str, names: tuple[str, ...]) -> Mapping[str, int]:
    unknown = set(read.table(key)) - set(names)
    if unknown:
        raise read.wrong(f"{key}.{min(unknown)}", f"the names are {', '.join(names)}")
    return MappingProxyType({name: read.whole(f"{key}.{name}") for name in names})


def _categories(read: _Reader) -> tuple[str, ...]:
    found = read.value("categories")
    if not isinstance(found, list) or not all(isinstance(slug, str) for slug in found):
        raise read.wrong("categories", "write a list of names")
    if not set(found) >= _REQUIRED_CATEGORIES:
        raise read.wrong("categories", f"it has to hold {' and '.join(sorted(_REQUIRED_CATEGORIES))}")
    return tuple(found)


def _lists(read: _Reader, key: str) -> Mapping[str, tuple[str, ...]]:
    lists = {language: read.value(f"{key}.{language}") for language in LANGUAGES}
    for language, lines in lists.items():
        if not isinstance(lines, list) or not lines or not all(isinstance(line, str) for line in lines):
            raise read.wrong(f"{key}.{language}", "write a list of lines")
    return MappingProxyType({language: tuple(lines) for language, lines in lists.items()})
