"""Owns where in a text a name could stand: rows of words that a list, a capital, a title or an initial makes possible."""

from collections.abc import Collection, Iterator
from functools import cache

from wabp.misuse import lexicon
from wabp.misuse.reading import JOINED, SENTENCE, Reading
from wabp.misuse.word_kinds import (
    CALLED,
    COMMON,
    FAR,
    FIRST,
    FUNCTION,
    KIN,
    LAST,
    MAYBE_FIRST,
    MAYBE_LAST,
    MOSTLY_FIRST,
    NAMED,
    ORGANISATION,
    PARTICLE,
    RARE,
    SELDOM,
    SMALL,
    STREET,
    SURE,
    TITLE,
    TOWN,
    kinds,
)

_LONGEST = 7
_MOST_PARTICLES = 3
_GLUED_PART = 4
_PART_USED = 3e-6
_LONGEST_PUT_TOGETHER = 30
# Behind a first name these lead to the family name: "jan van de bakker", "luigi de santis"; "le bus" is a bus.
_LEADS_ON = frozenset("van vande vanden vander von de den der d t ten ter te di da del el al ben".split())
# "Sanjay Mehra van de VUB", "G. Tuinstra te Kollum": behind a whole name these lead to where somebody belongs.
_BELONGS = frozenset("van te von de du of".split())
# "Oost-Europeanen", "Noord-Afrika" are no names.
_COMPASS = frozenset("noord oost zuid west nord est sud ouest north east south ost sud midden centraal".split())
# "Frans" is a man, or French before a noun: "Frans kenteken".
_FRENCH = "frans"
_SPOKEN = frozenset("goed het spreekt spreken sprak spraken praat praten vloeiend gebroken beetje alleen geen".split())
_VERBS = ("t", "de", "te", "den", "ten")
# In German these lead to the next noun, which has a capital too.
_GERMAN_ARTICLES = frozenset("den der dem des das die zum zur am im vom beim".split())


class Sight:
    """A reading with the kind of each word: what candidates and their features are looked for in.

    `blocked` words belong to places, plates and other things. In a shouted text no word counts as a capital.
    """

    def __init__(self, reading: Reading, blocked: Collection[int]) -> None:
        kind_of = kinds()
        self.reading = reading
        self.words = reading.words
        self.gaps = reading.gaps
        self.blocked = blocked
        self.shouted = reading.shouted
        self.capital = [False] * len(self.words) if self.shouted else reading.capital
        self.kinds = [
            kind | FIRST if capital and (kind := kind_of[word]) & MOSTLY_FIRST else kind_of[word]
            for word, capital in zip(reading.words, self.capital, strict=True)
        ]
        self.lower = not self.shouted and True not in reading.capital

    def opens(self, index: int) -> bool:
        """True when a sentence starts with this word."""
        return index == 0 or self.gaps[index] == SENTENCE

    def touches(self, index: int) -> bool:
        """True when nothing parts this word from the one before it."""
        return 0 < index < len(self.words) and self.gaps[index] == JOINED

    def goes_to(self, index: int) -> bool:
        """True when a name that stands before this word may take it in."""
        return self.touches(index) and index not in self.blocked

    def is_initial(self, index: int) -> bool:
        """True for one letter with a capital that stands alone: "J. Maes", not "E-bike"."""
        reading = self.reading
        return (
            self.capital[index]
            and len(self.words[index]) == 1
            and self.words[index].isalpha()
            # "À Pâques" opens a sentence.
            and reading.typed(reading.starts[index], reading.ends[index]) != "À"
            and reading.plain[reading.ends[index] : reading.ends[index] + 1] not in ("-", "'")
        )


def candidates(sight: Sight) -> Iterator[tuple[int, int]]:
    """Yield the rows of words (first, stop) that could be a name, in order, none over another."""
    stop = 0
    capital = sight.capital
    for index, kind in enumerate(sight.kinds):
        if index >= stop and (kind & NAMED or capital[index] or kind & RARE) and _starts(sight, index):
            ahead = _stop(sight, index)
            first = _trimmed(sight, index, ahead)
            yield _back(sight, first, stop) if first == index else first, ahead
            stop = ahead


def _starts(sight: Sight, index: int) -> bool:
    if index in sight.blocked:
        return False
    kind, word = sight.kinds[index], sight.words[index]
    if word in _COMPASS and sight.reading.plain.startswith("-", sight.reading.ends[index]):
        return False
    if word == _FRENCH and _is_french(sight, index):
        return False
    if sight.capital[index]:
        if len(word) == 1:
            return sight.is_initial(index) and _a_name_follows(sight, index + 1)
        if kind & TITLE and not kind & NAMED:
            return False
        if kind & FUNCTION and not kind & SURE:
            # "An Goossens", "De Smet": a small word is a name only before one.
            return (
                bool(kind & (NAMED | PARTICLE))
                and (not sight.opens(index) or bool(kind & MAYBE_FIRST))
                and _a_name_follows(sight, index + 1)
            )
        return word.isalpha() and (bool(kind & (NAMED | RARE | SELDOM)) or not sight.opens(index))
    if kind & SURE and not kind & FAR:
        return True
    if kind & NAMED:
        return _is_titled(sight, index) or _pairs(sight, index) or (bool(kind & SURE) and _is_called(sight, index))
    if not kind & RARE or not word.isalpha():
        return False
    return _is_titled(sight, index) or _is_unknown_pair(sight, index) or is_glued(word)


def _is_french(sight: Sight, index: int) -> bool:
    """Tell "Frans kenteken" and "goed Frans", the language, from the man of that name."""
    if index and sight.words[index - 1] in _SPOKEN:
        return True
    if not sight.goes_to(index + 1) or sight.capital[index + 1]:
        return False
    kind = sight.kinds[index + 1]
    return bool(kind & (COMMON | SELDOM | RARE)) and not (kind & (NAMED | SMALL) or sight.words[index + 1].endswith(_VERBS))


def _pairs(sight: Sight, index: int) -> bool:
    """True for a word that is perhaps a name with a family name behind it: "roos maes", "dilek eroglu"."""
    if not sight.goes_to(index + 1) or sight.capital[index + 1]:
        return False
    kind = sight.kinds[index + 1]
    if sight.kinds[index] & FUNCTION:
        return bool(kind & LAST)
    return bool(kind & LAST) or (bool(sight.kinds[index] & (FIRST | MAYBE_FIRST)) and bool(kind & (RARE | FIRST)))


def _is_called(sight: Sight, index: int) -> bool:
    """True for "hij heet zuhal" and "mijn broer zuhal"."""
    return sight.touches(index) and bool(sight.kinds[index - 1] & (CALLED | KIN))


def _is_unknown_pair(sight: Sight, index: int) -> bool:
    """True for two words in a row that nobody uses, as a name from afar is in lower case: "sandhia oedit"."""
    if not sight.goes_to(index + 1) or sight.capital[index + 1] or len(sight.words[index]) <= 2:
        return False
    kind, word = sight.kinds[index + 1], sight.words[index + 1]
    # A verb before a first name is no part of it: "raccompagné chantal".
    return bool(kind & (RARE | LAST)) and not kind & FIRST and word.isalpha() and len(word) > 2


def _is_titled(sight: Sight, index: int) -> bool:
    """True behind a title, past particles: "mevrouw van den bossche", not "le monsieur du bus"."""
    before = index - 1
    if index and sight.kinds[index] & COMMON and not sight.capital[index] and not sight.kinds[before] & TITLE:
        return False
    while index - before <= _MOST_PARTICLES and before >= 0 and sight.kinds[before] & PARTICLE and sight.gaps[before + 1] == JOINED:
        before -= 1
    return before >= 0 and sight.gaps[before + 1] == JOINED and bool(sight.kinds[before] & TITLE)


def _a_name_follows(sight: Sight, index: int) -> bool:
    """True when the words from here on, past particles and initials, go on as a name would."""
    for step in range(index, min(index + _MOST_PARTICLES + 1, len(sight.words))):
        if not sight.goes_to(step):
            return False
        kind = sight.kinds[step]
        if sight.capital[step] and len(sight.words[step]) > 1 and (kind & NAMED or not kind & FUNCTION):
            return True
        if not kind & PARTICLE and not sight.is_initial(step):
            return False
    return False


def _back(sight: Sight, index: int, floor: int) -> int:
    """Take in the particles before a family name: "De Smet", "van der Elst"."""
    first = index
    while (
        first > floor
        and sight.touches(first)
        and sight.kinds[first - 1] & PARTICLE
        and first - 1 not in sight.blocked
        and (sight.capital[first - 1] or _is_titled(sight, first - 1))
    ):
        first -= 1
    return first


def _trimmed(sight: Sight, first: int, stop: int) -> int:
    """Leave out what somebody is, in front of the name: "Rabbijn Mosje Feldman", "Canadees Robert", "Kliko van Svitlana"."""
    for step in range(first + 1, stop):
        kind = sight.kinds[step - 1]
        if kind & NAMED or sight.is_initial(step - 1) or not sight.capital[step - 1]:
            break
        if not sight.kinds[step] & FIRST and not (sight.kinds[step] & PARTICLE and not sight.capital[step]):
            continue
        if not kind & RARE or (sight.opens(step - 1) and is_compound(sight.words[step - 1])):
            while step < stop and sight.kinds[step] & PARTICLE and not sight.capital[step]:
                step += 1
            return step if step < stop and sight.kinds[step] & FIRST else first
    return first


def _stop(sight: Sight, index: int) -> int:
    """Return the word behind the last one that goes on with the name that starts here."""
    stop = index + 1
    parts = [sight.kinds[index]]
    titled = _is_titled(sight, index)
    if not parts[0] & NAMED and not titled and not sight.capital[index] and _is_unknown_pair(sight, index):
        parts.append(sight.kinds[stop])
        stop += 1
    while stop - index < _LONGEST and sight.goes_to(stop):
        if _goes_on(sight, stop, parts, titled):
            parts.append(sight.kinds[stop])
            stop += 1
            continue
        ahead = _past_particles(sight, stop)
        if ahead == stop or not sight.goes_to(ahead) or not _belongs_to_name(sight, stop, ahead, parts):
            break
        parts.append(sight.kinds[ahead])
        stop = ahead + 1
    return stop


def _past_particles(sight: Sight, index: int) -> int:
    ahead = index
    if sight.reading.language == "de" and sight.words[ahead] in _GERMAN_ARTICLES:
        return index
    while ahead - index < _MOST_PARTICLES and sight.goes_to(ahead) and sight.kinds[ahead] & PARTICLE:
        ahead += 1
    return ahead


def _belongs_to_name(sight: Sight, stop: int, ahead: int, parts: list[int]) -> bool:
    """True when the word behind particles is part of the name: "Jan van Damme", not "pot catalytique de la Prius"."""
    kind, capital = sight.kinds[ahead], sight.capital[ahead]
    whole = len(parts) > 1 and not parts[-1] & FIRST
    if whole and sight.words[stop] in _BELONGS and not sight.capital[stop] and not kind & SURE:
        return False
    if kind & ORGANISATION and not kind & NAMED:
        return False
    if capital and not kind & FUNCTION and (sight.capital[stop - 1] or parts[-1] & SURE):
        return True
    return bool(kind & LAST) or bool(kind & (MAYBE_LAST | RARE) and parts[0] & FIRST and sight.words[stop] in _LEADS_ON)


def _goes_on(sight: Sight, index: int, parts: list[int], titled: bool) -> bool:
    kind, word = sight.kinds[index], sight.words[index]
    if sight.is_initial(index):
        return True
    if not word.isalpha() or len(word) == 1:
        return False
    if sight.capital[index]:
        return bool(kind & NAMED) or not kind & (SMALL | KIN | TITLE)
    if sight.capital[index - 1]:
        # A lower-case word behind a capital is the next thing said, unless nothing but a family name.
        return bool(kind & LAST) and bool(parts[-1] & FIRST)
    if kind & NAMED:
        return not kind & (FUNCTION | PARTICLE) or bool(kind & SURE)
    whole = len(parts) > 1 and any(part & NAMED for part in parts[1:])
    return bool(kind & RARE) and (titled or any(part & NAMED for part in parts)) and not whole


@cache
def is_compound(word: str) -> bool:
    """True for a word put together from words that people use: "politiezone", "damesfiets"."""
    return len(word) <= _LONGEST_PUT_TOGETHER and any(
        lexicon.commonness(word[:cut]) >= _PART_USED and lexicon.commonness(word[cut:]) >= _PART_USED
        for cut in range(_GLUED_PART, len(word) - _GLUED_PART + 1)
    )


@cache
def is_glued(word: str) -> bool:
    """True for "kevinmaes": a first and a last name typed as one word."""
    kind = kinds()[word]
    if not 2 * _GLUED_PART <= len(word) <= _LONGEST_PUT_TOGETHER or not kind & RARE or kind & (STREET | TOWN | NAMED):
        return False
    return any(
        kinds()[word[:cut]] & (FIRST | MOSTLY_FIRST) and _ends_a_name(word[cut:])
        for cut in range(_GLUED_PART - 1, len(word) - _GLUED_PART + 1)
    )


def _ends_a_name(word: str) -> bool:
    kind = kinds()[word]
    return bool(kind & LAST) or (bool(kind & MAYBE_LAST) and word in lexicon.listed("last_names"))
