"""Owns finding the home address of a person spoken about; the place of an incident or a meeting, and the sender's home, are none.

First the streets with a house number (or numbers alone, when the street stands elsewhere), then what the sentence says of
them: `patterns/addresses.toml`.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from wabp.misuse import lexicon
from wabp.misuse.findings import Span
from wabp.misuse.phrases import Match, early_phrases
from wabp.misuse.reading import CLAUSE, JOINED, SENTENCE, Reading

_NUMBER = re.compile(
    r"[1-9]\d{0,3}(?: ?(?:bis|ter)(?![a-z])|[a-gi-tv-z](?![a-z\d]))?(?: ?(?:-|/|\+|en|tot|et|a) ?\d{1,4}(?:[a-z](?![a-z\d]))?(?![\d/-]|[.:]\d)|-(?:i{1,3}|iv|hs))?(?![a-z\d]|[.:,]\d|\.[a-z]|/\d|-[a-z\d]|%| ?€)"
)
_BOX = re.compile(
    r",? ?\(?(?:bus|bte|boite|bt|box|app\.?|apt\.?|appt?\.?|appartement|apartment|flat|kamer|kot|etage|verdieping|verd\.?|huis|hs|hoog) ?\.? ?(?:nr\.? ?)?[a-z\d.]{1,5}(?![a-z\d])\)?"
)
_BOX_OPENINGS = frozenset("bu bt bo ap fl ka ko et ve hu hs ho".split())
# A row of houses is nobody's ("10 tot 30").
_ROW = re.compile(r"tot|\da |\d a ")
_EMERGENCY = frozenset(("100", "101", "112"))
_LONGEST_STREET = 6
# As often as this in ordinary texts, and a word in small letters that ends as a street does is none ("onderweg").
_ORDINARY = 3e-5
# How many words may stand between a name and the address behind it.
_NAME_REACH = 3
_PEOPLE_REACH = 14
_BETWEEN_NAME = frozenset(
    "van de het den der in op uit aan te d la le les du des l a au at from of on the nr nummer numero no number aus von the wonende woonachtig "
    "straat rue avenue".split()
)
# A text of nothing but addresses is read for so many.
_MOST = 60
_NO_STREET_WORD = frozenset("la le les de du des on in at of from to and or van op aan uit".split())
_BEFORE_NAME = frozenset("van op in uit aan de den het at from of on aus".split())
_BEFORE_FRENCH = frozenset("a vers depuis avec pour il y entre et jusqu dans par sur dont".split())


@dataclass(frozen=True, slots=True)
class _Home:
    """The words `first` to `stop` of a street with number, and where it stands; `street` is what may be said."""

    first: int
    stop: int
    start: int
    end: int
    street: tuple[int, int] | None
    mark: str = "home"
    weak: bool = False


def find(
    reading: Reading, people: Sequence[tuple[int, int, str]], places: Sequence[tuple[int, int]] = ()
) -> Iterator[Span]:
    """Yield street and number where a sentence is about who lives there; `people` and `places` are rows of words."""
    homes = _homes(reading, places)[:_MOST]
    if not homes:
        return
    inside = {index for home in homes for index in range(home.first, home.stop)}
    people = [person for person in people if person[0] not in inside]
    said = early_phrases().find(reading, _marks(homes))
    for home in homes:
        rule = _rule(reading, home, people, said)
        if rule:
            yield _span(reading, home, rule)


def open_home(reading: Reading, places: Sequence[tuple[int, int]], first: int, stop: int) -> Span | None:
    """Return the first street and number among the words `first` to `stop` that nothing in its sentence speaks against."""
    homes = [
        home
        for home in _homes(reading, places)[:_MOST]
        if first <= home.first < stop and home.mark == "home" and not home.weak
    ]
    if not homes:
        return None
    said = early_phrases().find(reading, _marks(homes))
    for home in homes:
        against = any(_match(said, family, home) for family in ("own", "point", "venue", "thing"))
        if not against and not _within(said, "scene", *reading.sentence_of(home.first)):
            return _span(reading, home, "drift")
    return None


def _span(reading: Reading, home: _Home, rule: str) -> Span:
    instead = reading.typed(*home.street).strip() if home.street else ""
    return Span("home_address", home.start, home.end, instead, f"home_address.{rule}")


def _marks(homes: Sequence[_Home]) -> dict[str, set[int]]:
    return {
        mark: {index for home in homes if home.mark == mark for index in range(home.first, home.stop)}
        for mark in ("home", "number")
    }


def _rule(
    reading: Reading, home: _Home, people: Sequence[tuple[int, int, str]], said: Mapping[str, Sequence[Match]]
) -> str:
    """Return why an address is somebody's home, "" when nothing tells so."""
    if sure := _match(said, "sure", home):
        return _name_of(sure)
    if _match(said, "own", home):
        return ""
    if lives := _match(said, "lives", home):
        return _name_of(lives)
    dweller = _match(said, "dweller", home)
    if home.mark == "number":
        return _name_of(dweller) if dweller else ""
    named, begin = _named(reading, home, people)
    if named == "beside":
        return "of_a_named_person"
    if _match(said, "point", home):
        return ""
    venue, incident = _match(said, "venue", home), _match(said, "incident", home)
    if dweller and (_is_behind(dweller, venue) and (_is_behind(dweller, incident) or _is_accused(reading, home, said))):
        return _name_of(dweller)
    if venue:
        return ""
    those = _match(said, "those", home)
    if those and not _match(said, "thing", home) and not _match(said, "dwelling", home) and _is_behind(those, incident):
        return _name_of(those)
    if named and (incident is None or not begin <= incident.first < home.first):
        return "of_a_named_person"
    household = _match(said, "household", home)
    if home.weak or (incident and not (household and "go_to" in household.rule and _is_behind(household, incident))):
        return ""
    if household:
        return _name_of(household)
    return _follows_person(reading, home, people) or _about_somebody(reading, home, people, said)


def _about_somebody(
    reading: Reading, home: _Home, people: Sequence[tuple[int, int, str]], said: Mapping[str, Sequence[Match]]
) -> str:
    """An address that is no place of anything, in or beside a sentence about somebody, is where that person lives."""
    first, stop = reading.sentence_of(home.first)
    if _within(said, "scene", first, stop) or _match(said, "thing", home):
        return ""
    low = reading.sentence_of(first - 1)[0] if first else first
    high = reading.sentence_of(stop)[1] if stop < len(reading.words) else stop
    if somebody := _within(said, "somebody", low, high):
        return _name_of(somebody)
    return "of_a_named_person" if any(low <= begin < high for begin, _, _ in people) else ""


def _within(said: Mapping[str, Sequence[Match]], family: str, first: int, stop: int) -> Match | None:
    return next((match for match in said.get(family, ()) if first <= match.first < stop), None)


def _is_behind(match: Match, other: Match | None) -> bool:
    """What comes later in the sentence takes nothing back."""
    return other is None or other.first >= match.first


def _match(said: Mapping[str, Sequence[Match]], family: str, home: _Home) -> Match | None:
    """Return the first phrase of a family that holds the address and says more than its street ("Station Road")."""
    return next(
        (
            match
            for match in said.get(family, ())
            if match.first < home.stop
            and match.stop > home.first
            and (match.first < home.first or match.stop > home.stop)
        ),
        None,
    )


def _name_of(match: Match) -> str:
    return match.rule.partition(".")[2]


def _is_accused(reading: Reading, home: _Home, said: Mapping[str, Sequence[Match]]) -> bool:
    return _within(said, "accused", *reading.sentence_of(home.first)) is not None


def _named(reading: Reading, home: _Home, people: Sequence[tuple[int, int, str]]) -> tuple[str, int]:
    """Tell whether a named person stands "beside" the address, or "before" it in the sentence, and from which word on."""
    first, stop = reading.sentence_of(home.first)
    at = bisect_left(people, (home.first, 0, ""))
    if at:
        begin, end, _ = people[at - 1]
        between = range(end, home.first)
        if (
            begin >= first
            and len(between) <= _NAME_REACH
            and all(reading.words[index] in _BETWEEN_NAME for index in between)
        ):
            return "beside", begin
        if begin >= first and len(between) <= _PEOPLE_REACH and not home.weak:
            return "before", begin
    if at < len(people):
        begin, _, _ = people[at]
        behind = reading.words[home.stop : begin]
        if (
            begin < stop
            and len(behind) < 3
            and all(word in {"bij", "chez", "familie", "famille", "fam", "de", "van", "at"} for word in behind)
        ):
            return "beside", begin
    return "", 0


def _follows_person(reading: Reading, home: _Home, people: Sequence[tuple[int, int, str]]) -> str:
    """A sentence that opens with an address, after one about a named person, tells where that person lives."""
    first, stop = reading.sentence_of(home.first)
    if home.first - first > 1 or not first:
        return ""
    before = reading.sentence_of(first - 1)
    about = any(before[0] <= begin < before[1] for begin, _, _ in people)
    return "of_a_named_person" if about and stop - home.stop < 8 else ""


# Streets and numbers.


def _homes(reading: Reading, places: Sequence[tuple[int, int]]) -> list[_Home]:
    """Return every street with a house number, and numbers alone when a street stands elsewhere, by place."""
    numbers = [(index, number) for index in reading.numbered if (number := _number_at(reading, index))]
    if not numbers:
        return []
    homes: list[_Home] = []
    loose: list[_Home] = []
    taken = -1
    street_known = False
    ends = {stop: first for first, stop in places}
    for index, (start, end) in numbers:
        if index <= taken:
            continue
        home = (
            _behind_street(reading, index, start, end, ends)
            or _before_french(reading, index, start, end)
            or _before_english(reading, index, start, end)
        )
        if home:
            homes.append(home)
            taken = home.stop - 1
            street_known = True
        elif bare := _alone(reading, index, start, end):
            loose.append(bare)
        elif capital := _capital_name(reading, index, start, end):
            homes.append(capital)
            taken = capital.stop - 1
    if loose and (street_known or _names_street(reading, places)):
        homes += loose
    return sorted(homes, key=lambda home: home.first)


def _names_street(reading: Reading, places: Sequence[tuple[int, int]]) -> bool:
    """Tell whether a street is named anywhere in the text."""
    openers = lexicon.sections("house_numbers")["openers"]
    return (
        any(reading.capital[first] for first, _ in places)
        or not openers.isdisjoint(reading.words)
        or any(_ends_as_street(word) and _is_street(reading, index) for index, word in enumerate(reading.words))
    )


def _is_street(reading: Reading, index: int) -> bool:
    word = reading.words[index]
    return len(word) > 5 and (reading.capital[index] or lexicon.commonness(word) <= _ORDINARY)


@lru_cache(maxsize=4096)
def _ends_as_street(word: str) -> bool:
    return word.endswith(_endings())


@cache
def _endings() -> tuple[str, ...]:
    return tuple(sorted(lexicon.sections("house_numbers")["endings"]))


def _number_at(reading: Reading, index: int) -> tuple[int, int] | None:
    """Return where a house number stands that begins with word `index`, its box included."""
    start = reading.starts[index]
    if not reading.plain[start].isdigit():
        return None
    if not any(map(str.isalpha, reading.words[max(0, index - 1) : index + 2 : 2] if index else reading.words[1:2])):
        return None
    if (
        start
        and reading.plain[start - 1] in "@€$:.,/+"
        and not (reading.plain[start - 1] == "." and index and reading.words[index - 1] in {"nr", "no", "n"})
    ):
        return None
    match = _NUMBER.match(reading.plain, start)
    if not match:
        return None
    number = match.group()
    if not number.isdigit() and _ROW.search(number):
        return None
    if number in _EMERGENCY and (reading.gaps[index] == CLAUSE or reading.words[index - 1] == "ring"):
        return None
    counted = lexicon.sections("house_numbers")["counted"]
    behind = bisect_left(reading.starts, match.end())
    if behind + 1 < len(reading.words) and reading.words[behind] == "a" and reading.words[behind + 1] in counted:
        behind += 1
    if behind < len(reading.words) and reading.gaps[behind] == JOINED and reading.words[behind] in counted:
        return None
    boxed = behind < len(reading.words) and reading.words[behind][:2] in _BOX_OPENINGS
    box = _BOX.match(reading.plain, match.end()) if boxed else None
    return start, box.end() if box else match.end()


def _stop(reading: Reading, end: int) -> int:
    return bisect_left(reading.starts, end)


def _behind_street(reading: Reading, index: int, start: int, end: int, places: dict[int, int]) -> _Home | None:
    """ "Kerkstraat 14", "rue des Lilas 14", "Church Lane, 12", "Kouter nr. 3"."""
    lists = lexicon.sections("house_numbers")
    last = index - 1
    while (
        last > 0
        and reading.gaps[last + 1] <= CLAUSE
        and (
            reading.words[last] in lists["numbering"]
            or (reading.words[last] in {"au", "op", "at"} and reading.gaps[last] == CLAUSE)
        )
    ):
        last -= 1
    # "Quai 3" by itself is where a train leaves.
    if last >= 0 and reading.words[last] == "quai":
        return None
    if last < 0 or any(reading.gaps[at] == SENTENCE for at in range(last + 1, index + 1)):
        return None
    if len(reading.plain[reading.ends[last] : start]) > 16:
        return None
    word = reading.words[last]
    small = not reading.capital[last]
    if _ends_as_street(word) and (len(word) > 6 or not small or word in lists["whole"]):
        if small and (word in lists["whole"] or lexicon.commonness(word) > _ORDINARY):
            return None
        first = _back(reading, last)
    elif last + 1 in places and last - places[last + 1] < _LONGEST_STREET:
        first = places[last + 1]
    elif word in lists["closers"] and last and reading.words[last - 1].isalpha() and len(word) > 2:
        first = _back(reading, last) if reading.capital[last] else last - 1
    else:
        opener = _opener(reading, last)
        if opener is None or word in _BEFORE_FRENCH:
            return None
        first = opener
    street = reading.starts[first], reading.ends[last]
    # A town and a price stand so too ("Elsene, 640").
    weak = (
        reading.gaps[index] == CLAUSE
        and last + 1 in places
        and not _ends_as_street(word)
        and reading.words[first] not in lists["openers"]
    )
    if weak and _goes_on(reading, end):
        return None
    return _Home(first, _stop(reading, end), street[0], end, street, weak=weak)


def _goes_on(reading: Reading, end: int) -> bool:
    """Tell whether a number is followed by what it may count."""
    behind = _stop(reading, end)
    return behind < len(reading.words) and reading.gaps[behind] == JOINED


def _back(reading: Reading, last: int) -> int:
    """Return where the name of a street begins that ends at word `last`: "Oude Baan", "Jan Breydelstraat"."""
    first = last
    while (
        first > 0
        and last - first < 4
        and reading.gaps[first] == JOINED
        and reading.capital[first - 1]
        and reading.capital[first]
    ):
        if first - 1 == 0 or reading.gaps[first - 1] == SENTENCE:
            break
        first -= 1
    return first


def _opener(reading: Reading, last: int) -> int | None:
    """Return where "rue", "avenue" stands that the words up to `last` go on."""
    openers = lexicon.sections("house_numbers")["openers"]
    for first in range(last - 1, max(-1, last - _LONGEST_STREET), -1):
        if reading.gaps[first + 1] != JOINED or not reading.words[first].isalpha():
            return None
        if reading.words[first] in openers:
            return first
    return None


def _before_french(reading: Reading, index: int, start: int, end: int) -> _Home | None:
    """ "14 rue des Lilas", "14, avenue Louise", "12 de la rue Haute"."""
    lists = lexicon.sections("house_numbers")
    first = _stop(reading, end)
    while (
        first < len(reading.words)
        and first - index < 5
        and (
            reading.words[first] in {"de", "la", "l", "du", "dans"}
            or (first == index + 1 and len(reading.words[first]) == 1 and reading.capital[first])
        )
    ):
        first += 1
    if first >= len(reading.words) or reading.words[first] not in lists["openers"] or reading.gaps[first] == SENTENCE:
        return None
    last = first
    while last + 1 < len(reading.words) and last - first < _LONGEST_STREET and reading.gaps[last + 1] == JOINED:
        word = reading.words[last + 1]
        small = word in {"de", "des", "du", "la", "le", "les", "l", "d", "aux", "au", "saint", "sainte"}
        if not word.isalpha() or (
            last > first
            and not small
            and not reading.capital[last + 1]
            and reading.words[last] not in {"de", "des", "du", "la", "le", "les", "l", "d", "aux", "saint", "sainte"}
        ):
            break
        last += 1
    if last == first:
        return None
    return _Home(index, last + 1, start, reading.ends[last], (reading.starts[first], reading.ends[last]))


def _before_english(reading: Reading, index: int, start: int, end: int) -> _Home | None:
    """ "12 Church Lane"."""
    lists = lexicon.sections("house_numbers")
    closers, in_capitals = lists["closers"], lists["closers in capitals"]
    first = _stop(reading, end)
    for last in range(first, min(first + 4, len(reading.words))):
        if reading.gaps[last] != JOINED or not reading.words[last].isalpha() or reading.words[last] in _NO_STREET_WORD:
            return None
        street = last > first and (
            reading.words[last] in closers or (reading.capital[last] and reading.words[last] in in_capitals)
        )
        dutch = len(reading.words[last]) > 6 and last - first < 2 and _ends_as_street(reading.words[last])
        if (street and (len(reading.words[last]) > 2 or reading.capital[last])) or (dutch and reading.capital[last]):
            return _Home(index, last + 1, start, reading.ends[last], (reading.starts[first], reading.ends[last]))
    return None


def _alone(reading: Reading, index: int, start: int, end: int) -> _Home | None:
    """ "nummer 14", "die van 23", "au 7": a number whose street stands elsewhere."""
    lists = lexicon.sections("house_numbers")
    if not index or (reading.gaps[index] == SENTENCE and reading.words[index - 1] not in lists["numbering"]):
        return None
    before = reading.words[index - 1]
    if before in lists["numbering"] and before not in {"n", "no"}:
        return _Home(index, _stop(reading, end), reading.starts[index - 1], end, None)
    if before in {"n", "no"} and reading.plain[reading.ends[index - 1] : start].strip(" ") in {"", ".", "°"}:
        return _Home(index, _stop(reading, end), reading.starts[index - 1], end, None)
    if before not in lists["bare"] or end - start > 4:
        return None
    return _Home(index, _stop(reading, end), start, end, None, mark="number")


def _capital_name(reading: Reading, index: int, start: int, end: int) -> _Home | None:
    """ "van Lange Geer 66", "op Coupure 12": any name in capitals behind a small word may be a street."""
    if (
        index < 2
        or reading.shouted
        or reading.plain[reading.ends[index - 1] : start] not in {" ", ", "}
        or end - start > 8
    ):
        return None
    first = index
    while (
        first > 0
        and index - first < 3
        and reading.capital[first - 1]
        and reading.words[first - 1].isalpha()
        and (first == index or reading.gaps[first] == JOINED)
    ):
        first -= 1
    if first == index or not first:
        return None
    behind_comma = reading.gaps[first] == CLAUSE and not _goes_on(reading, end)
    if reading.gaps[index] == CLAUSE and _goes_on(reading, end):
        return None
    if not behind_comma and (reading.words[first - 1] not in _BEFORE_NAME or reading.gaps[first] != JOINED):
        return None
    lists = lexicon.sections("house_numbers")
    last = reading.words[index - 1]
    if (
        len(last) < 4
        or last in lists["no streets"]
        or last in lists["counted"]
        or last in lexicon.sections("plates")["driving"]
    ):
        return None
    street = reading.starts[first], reading.ends[index - 1]
    return _Home(first, _stop(reading, end), street[0], end, street, weak=True)
