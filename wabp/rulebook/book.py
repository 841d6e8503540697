"""Owns the rulebook of a country or zone: reading its file, and refusing one that would break a promise."""

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date, time
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeGuard

from wabp.misuse.findings import LABELS, Action
from wabp.texts import LANGUAGES

COUNTRIES = ("be", "nl")
Kind = Literal["urgent", "info"]
KINDS: tuple[Kind, ...] = ("urgent", "info")
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


@dataclass(frozen=True, slots=True)
class Notice:
    """An official notice, such as that of a missing child: of its category, with one of its public numbers in the text.

    For `labels` it leads to `action` instead of what the rulebook says otherwise.
    """

    category: str
    numbers: tuple[str, ...]
    labels: frozenset[str]
    action: Action


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
    actions_by_kind: Mapping[Kind, Mapping[str, Action]]
    notices: tuple[Notice, ...]
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

    def action(self, label: str, kind: Kind | None = None, notice: Notice | None = None) -> Action:
        """Return what a label leads to in a message of `kind`, and in a notice when it is one."""
        if notice is not None and label in notice.labels:
            return notice.action
        if kind is None:
            return self.actions[label]
        return self.actions_by_kind[kind].get(label, self.actions[label])

    def notice(self, category: str | None, text: str) -> Notice | None:
        """Return the notice that a text of this category is: it gives a number at which the police can be told."""
        for notice in self.notices:
            if notice.category == category and any(_stands_in(number, text) for number in notice.numbers):
                return notice
        return None


def load_rulebook(country_or_file: str) -> Rulebook:
    """Return the rulebook of "be" or "nl", or the one in a file. Raises ValueError with file, key and cure."""
    if country_or_file in COUNTRIES:
        return _of_country(country_or_file)
    return read_rulebook(read_file(country_or_file), country_or_file)


def read_file(path: str) -> str:
    """Return the text of a zone's file. Raises ValueError with file and cure."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        reason = error.strerror or "unreadable"
        raise ValueError(f"{path}: cannot read the rulebook ({reason}); give be, nl or a TOML file") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not a TOML file ({error}); save it as UTF-8 text") from None


@lru_cache(maxsize=256)
def read_rulebook(text: str, source: str) -> Rulebook:
    """Return the rulebook that a zone's own text makes. Raises ValueError with `source`, key and cure.

    A text laid over its country's that names no version of its own gets one that tells its content apart.
    """
    try:
        own = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{source}: not a TOML file ({error}); correct that line") from None
    base = own.pop("base", None)
    if base is None:
        return _build(own, source)
    if base not in COUNTRIES:
        raise ValueError(f"{source}: base is {base!r}; write \"be\" or \"nl\"")
    _refuse_unknown(own, _tables_of(base), source)
    if "version" not in own:
        own["version"] = f"{_tables_of(base)['version']}+{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    return _build(_lay_over(_tables_of(base), own), source)


def changes(book: Rulebook) -> Iterator[tuple[str, str, str]]:
    """Yield what a rulebook changes to its country's: the key, what it was and what it is."""
    was, now = _told(_of_country(book.country)), _told(book)
    for key in sorted(was.keys() | now.keys(), key=lambda key: (key != "version", key)):
        if was.get(key) != now.get(key):
            yield key, was.get(key, "nothing"), now.get(key, "nothing")


def _told(book: Rulebook) -> dict[str, str]:
    """Return every value of a rulebook by key, as a line can show it."""
    told: dict[str, str] = {}
    for field in fields(book):
        value = getattr(book, field.name)
        if isinstance(value, Mapping):
            told.update({f"{field.name}.{key}": _shown(inner) for key, inner in value.items()})
        else:
            told[field.name] = _shown(value)
    return told


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_shown(inner)}" for key, inner in sorted(value.items())) or "nothing"
    if isinstance(value, tuple | frozenset):
        return ", ".join(map(_shown, value if isinstance(value, tuple) else sorted(value))) or "nothing"
    if isinstance(value, Number):
        return f"{value.number} ({value.key})"
    if isinstance(value, Clause):
        return value.key
    if isinstance(value, Notice):
        return f"{value.category} with {_shown(value.numbers)}: {value.action} for {_shown(value.labels)}"
    return str(value)


@cache
def _of_country(country: str) -> Rulebook:
    return _build(_tables_of(country), f"{country}.toml")


def _tables_of(country: str) -> dict[str, Any]:
    return tomllib.loads((files("wabp.rulebook") / f"{country}.toml").read_text(encoding="utf-8"))


def _refuse_unknown(own: Mapping[str, Any], known: Mapping[str, Any], source: str) -> None:
    """A key that no rulebook has is a slip, and silence about it would let a zone think that it holds."""
    for key in own:
        if key not in known:
            raise ValueError(f"{source}: {key} is no part of a rulebook; the parts are {', '.join(sorted(known))}")


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
        actions=MappingProxyType({label: _action(read, f"labels.{label}.action") for label in labels}),
        actions_by_kind=MappingProxyType({kind: _actions_of(read, kind, labels) for kind in KINDS}),
        notices=tuple(_notice(read, row) for row in read.value("notices") or ()),
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


def _action(read: _Reader, key: str) -> Action:
    found = read.text(key)
    for action in _ACTIONS:
        if action == found:
            return action
    raise read.wrong(key, f"write {', '.join(_ACTIONS)}")


def _actions_of(read: _Reader, kind: Kind, labels: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Action]:
    """Return what messages of one kind do otherwise: `urgent = "refuse"` beside a label's action."""
    for label, table in labels.items():
        unknown = set(table) - {"action", "reason", *KINDS}
        if unknown:
            raise read.wrong(f"labels.{label}.{min(unknown)}", f"write action, reason, {' or '.join(KINDS)}")
    own = {label: _action(read, f"labels.{label}.{kind}") for label, table in labels.items() if kind in table}
    return MappingProxyType(own)


def _notice(read: _Reader, row: Mapping[str, Any]) -> Notice:
    """A notice may soften what is found of a missing person, never what would harm somebody else."""
    category: object = row.get("category")
    numbers, labels = row.get("numbers"), row.get("labels")
    if not isinstance(category, str) or category not in (read.value("categories") or ()):
        raise read.wrong("notices.category", "write one of the categories")
    if not _are_texts(numbers) or not all(map(_digits, numbers)):
        raise read.wrong("notices.numbers", 'write public numbers such as ["116000"]')
    if not _are_texts(labels) or not set(labels) <= set(LABELS):
        raise read.wrong("notices.labels", f"the labels are {', '.join(LABELS)}")
    for action in _ACTIONS:
        if row.get("action") == action:
            return Notice(category, tuple(numbers), frozenset(labels), action)
    raise read.wrong("notices.action", f"write {', '.join(_ACTIONS)}")


def _stands_in(number: str, text: str) -> bool:
    digits = r"[ ./-]?".join(_digits(number))
    return re.search(rf"(?<!\d){digits}(?!\d)", text) is not None


def _are_texts(value: object) -> TypeGuard[list[str]]:
    return isinstance(value, list) and bool(value) and all(isinstance(item, str) for item in value)


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


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
