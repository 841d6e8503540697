"""Owns reading what is spelled out: "nul vier zeven nul", "zéro quatre septante-cinq", "double seven", "Alfa Bravo Charlie".

A word stands for signs: digits, a letter, "+", or "-" for a dash that is said. Which rows of them are a number or a
plate is for others. Words of Dutch, French, English and German may be mixed, and so may typed digits.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from wabp.misuse import lexicon
from wabp.misuse.reading import SENTENCE, Reading

# As often as this in ordinary texts, and a short word is itself rather than letters of a plate.
_ORDINARY, _ORDINARY_PAIR = 5e-6, 1e-3
# Longer rows are read in parts, so that a text of nothing else stays cheap.
_LONGEST_ROW = 60

_UNITS = {
    "nl": "nul een twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien vijftien zestien zeventien "
    "achttien negentien",
    "fr": "zero un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize",
    "en": "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen",
    "de": "null eins zwei drei vier funf sechs sieben acht neun zehn elf zwolf dreizehn vierzehn funfzehn sechzehn siebzehn "
    "achtzehn neunzehn",
}
_TENS = {
    "nl": "twintig dertig veertig vijftig zestig zeventig tachtig negentig",
    "en": "twenty thirty forty fifty sixty seventy eighty ninety",
    "de": "zwanzig dreissig vierzig funfzig sechzig siebzig achtzig neunzig",
}
_FRENCH_TENS = {
    "vingt": 20, "vingts": 20, "trente": 30, "quarante": 40, "cinquante": 50, "soixante": 60, "septante": 70, "octante": 80,
    "huitante": 80, "nonante": 90,
}  # fmt: skip
_SLIPS = {
    "nulletje": 0, "nulle": 0, "oh": 0, "nought": 0, "ein": 1, "une": 1, "ene": 1, "zwo": 2, "fuenf": 5, "zoo": 0, "vuuf": 5,
    "zeve": 7, "zeuven": 7, "nege": 9, "negen": 9, "zwoelf": 12, "fourty": 40, "ninty": 90, "dreizig": 30, "eenendertig": 31,
}  # fmt: skip
# "drie nullen", "deux zéros", "two sevens".
_PLURALS = {
    "nullen": "0", "enen": "1", "eentjes": "1", "tweeen": "2", "drieen": "3", "vieren": "4", "vijven": "5", "zessen": "6",
    "zevens": "7", "achten": "8", "negens": "9", "zeros": "0", "zeroes": "0", "ones": "1", "twos": "2", "threes": "3",
    "fours": "4", "fives": "5", "sixes": "6", "sevens": "7", "eights": "8", "nines": "9",
}  # fmt: skip
_TIMES = {
    "dubbel": 2, "dubbele": 2, "dobbel": 2, "double": 2, "doppel": 2, "twice": 2, "triple": 3, "tripel": 3, "treble": 3,
    "driedubbel": 3, "driedubbele": 3, "quadruple": 4,
}  # fmt: skip
_AGAIN = frozenset("keer maal fois times mal".split())

# The alphabets of radio and telephone; a word that is also a number or a small word is left out.
_ALPHABETS = """
alfa alpha bravo charlie delta echo foxtrot golf hotel india juliet juliett juliette kilo lima mike november oscar papa quebec
romeo sierra tango uniform victor whiskey whisky xray yankee zulu
anton bernard cornelis dirk eduard ferdinand gerard hendrik izaak isaac johan karel lodewijk nico otto pieter quotient quinten rudolf
simon teunis utrecht willem xantippe xavier ypsilon ijmuiden zaandam zacharias
anatole arthur berthe celestin desire eugene francois gaston henri irma joseph kleber louis marcel nicolas pierre quintal
raoul suzanne therese ursule william yvonne zoe
berta caesar dora emil friedrich gustav heinrich ida julius kaufmann ludwig martha nordpol paula quelle richard samuel
theodor ulrich viktor wilhelm
"""
_LETTER_NAMES = {
    "bee": "b", "cee": "c", "dee": "d", "eff": "f", "gee": "g", "haa": "h", "hache": "h", "jee": "j", "kaa": "k", "elle": "l",
    "emme": "m", "enne": "n", "pee": "p", "quu": "q", "kuu": "q", "erre": "r", "esse": "s", "tee": "t", "uu": "u", "vee": "v",
    "wee": "w", "ix": "x", "iks": "x", "ex": "x", "igrek": "y", "zet": "z", "zed": "z", "zede": "z", "zee": "z", "zett": "z",
}  # fmt: skip
# "de x van Xavier", "B comme Bernard", "T for Tango".
_AS_IN = frozenset("van comme wie for as like".split())
_DASHES = frozenset(
    "streepje koppelteken verbindingsstreepje liggend tiret trait dash hyphen strich bindestrich minus punt point dot slash "
    "spatie espace space komma virgule".split()
)
_PLUS = frozenset(("plus",))
_FILLERS = frozenset("dan en et puis ensuite then and und dann euh eh uh uhm ehm nog encore de la le the letter lettre".split())
# "One", "a" and "on" say nothing by themselves.
_WEAK = frozenset("een un une one ene ein oh ex en elle zet nog onze elf zee tee bee dee".split())


def _numbers() -> dict[str, str]:
    found: dict[str, int] = {}
    for language, words in _UNITS.items():
        units = words.split()
        found |= {word: value for value, word in enumerate(units)}
        tens = dict(zip(_TENS.get(language, "").split(), range(20, 100, 10), strict=False))
        found |= tens
        if language in {"nl", "de"}:
            joint = "en" if language == "nl" else "und"
            ones = [*units[1:10], "ein"]
            for name, ten in tens.items():
                found |= {f"{one}{joint}{name}": ten + (index if index < 10 else 1) for index, one in enumerate(ones, 1)}
    found |= _FRENCH_TENS | _SLIPS
    return {word: str(value) for word, value in found.items()}


_NUMBERS = _numbers()
_OPEN_TENS = frozenset((*_FRENCH_TENS, *_TENS["en"].split()))
_SAID_TENS = frozenset((*_TENS["nl"].split(), *_TENS["de"].split()))
_HUNDREDS = frozenset("honderd cent cents hundred hundert".split())
_LETTERS = {word: word[0] for word in _ALPHABETS.split()} | _LETTER_NAMES
_STRONG = frozenset((*_NUMBERS, *_LETTERS, *_PLURALS, *_HUNDREDS)) - _WEAK
_CAN_BE_SAID = frozenset((*_NUMBERS, *_LETTERS, *_PLURALS, *_HUNDREDS, *_TIMES, *_DASHES, *_PLUS))
_FEWEST_PIECES = 3
# Any word of three letters may be letters of a plate.
_LONGER_THAN_LETTERS = 4
_NOTHING, _PART, _SAID, _AS_IN_PART = range(4)
_KINDS: dict[str, int] = {}
_MOST_REMEMBERED = 20_000


@dataclass(frozen=True, slots=True)
class Piece:
    """Words from `first` up to, not with, `stop` stand for `signs`; `said` when they were not typed as signs."""

    first: int
    stop: int
    signs: str
    said: bool


# Telephones and plates both ask, so the rows of a text are kept as long as its reading is.
_ROWS_OF: WeakKeyDictionary[Reading, list[list[Piece]]] = WeakKeyDictionary()


def rows(reading: Reading) -> Sequence[list[Piece]]:
    """Return each row of words that spells signs, at least one of them said in words."""
    if _STRONG.isdisjoint(reading.words):
        return ()
    found = _ROWS_OF.get(reading)
    if found is None:
        found = _ROWS_OF[reading] = list(_rows(reading))
    return found


def _rows(reading: Reading) -> Iterator[list[Piece]]:
    words = [reading.plain[start:end] for start, end in zip(reading.starts, reading.ends, strict=True)]
    for first, stop in _stretches(words):
        row: list[Piece] = []
        index = first
        while index < stop:
            piece = _piece(reading, words, index)
            if row and (piece is None or reading.gaps[index] == SENTENCE or len(row) >= _LONGEST_ROW):
                yield from _trimmed(row)
                row = []
            if piece is None:
                index += 1
            else:
                row.append(piece)
                index = piece.stop
        yield from _trimmed(row)


def _stretches(words: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield where enough words stand together that may spell something; most numbers that are said stand alone."""
    first = 0
    said = behind_as_in = False
    for index, word in enumerate(words):
        kind = _KINDS.get(word)
        if kind is None:
            kind = _kind_of(word)
        if kind == _NOTHING and not behind_as_in:
            if said and index - first >= _FEWEST_PIECES:
                yield first, index
            first = index + 1
            said = False
        said = said or kind == _SAID
        behind_as_in = kind == _AS_IN_PART
    if said and len(words) - first >= _FEWEST_PIECES:
        yield first, len(words)


def _kind_of(word: str) -> int:
    """Return whether a word can be said for signs or be a part of what is spelled, as far as the word alone tells."""
    if word in _AS_IN or word == "in":
        kind = _AS_IN_PART
    elif word in _CAN_BE_SAID or "honderd" in word or "hundert" in word:
        kind = _SAID
    elif not word.isalpha() or len(word) < _LONGER_THAN_LETTERS or word in _AGAIN or word in _FILLERS:
        kind = _PART
    else:
        kind = _NOTHING
    if len(_KINDS) >= _MOST_REMEMBERED:
        _KINDS.clear()
    _KINDS[word] = kind
    return kind


def _trimmed(row: list[Piece]) -> Iterator[list[Piece]]:
    """A row neither starts nor ends with a pause, and says more than a figure."""
    first, stop = 0, len(row)
    while first < stop and row[first].signs in {"", "-"}:
        first += 1
    while first < stop and row[stop - 1].signs in {"", "-"}:
        stop -= 1
    kept = row[first:stop]
    if len(kept) >= _FEWEST_PIECES and any(piece.said for piece in kept):
        yield kept


def _piece(reading: Reading, words: Sequence[str], index: int) -> Piece | None:
    word = words[index]
    if word.isdigit() and not _hundreds(words, index)[0]:
        return Piece(index, index + 1, word, False)
    times = _times(words, index)
    if times:
        count, at = times
        repeated = _single(reading, words, at)
        if repeated:
            return Piece(index, repeated.stop, repeated.signs * count, True)
    return _single(reading, words, index)


def _times(words: Sequence[str], index: int) -> tuple[int, int] | None:
    """Return how often the next word counts, and where it stands: "dubbel zeven", "deux fois zéro", "drie nullen"."""
    word = words[index]
    following = words[index + 1] if index + 1 < len(words) else ""
    if word in _TIMES and following:
        return _TIMES[word], index + 1
    count = _NUMBERS.get(word, word)
    if count.isdigit() and 1 < int(count) < 5:
        if following in _PLURALS:
            return int(count), index + 1
        if following in _AGAIN and index + 2 < len(words):
            return int(count), index + 2
    return None


def _single(reading: Reading, words: Sequence[str], index: int) -> Piece | None:
    word = words[index]
    number = _number(words, index)
    if number:
        return number
    if word in _PLURALS:
        return Piece(index, index + 1, _PLURALS[word], True)
    if word in _PLUS:
        return Piece(index, index + 1, "+", True)
    if word in _DASHES:
        return Piece(index, index + 1, "-", True)
    letter = _LETTERS.get(word) or (word if len(word) == 1 and word.isalpha() else "")
    if letter:
        return Piece(index, _after_example(words, index, letter), letter, len(word) > 1)
    if word in _FILLERS:
        return Piece(index, index + 1, "", False)
    if " " in word or "." in word or _looks_like_signs(reading, index, word):
        return Piece(index, index + 1, "".join(filter(str.isalnum, word)), False)
    return None


def _after_example(words: Sequence[str], index: int, letter: str) -> int:
    """Return where it goes on behind "van Xavier", "comme Bernard", "as in Bravo"."""
    at = index + 1
    if at < len(words) and words[at] in _AS_IN:
        at += 2 if words[at] == "as" and at + 1 < len(words) and words[at + 1] == "in" else 1
        if at < len(words) and len(words[at]) > 2 and words[at].startswith(letter):
            return at + 1
    return index + 1


def _looks_like_signs(reading: Reading, index: int, word: str) -> bool:
    """Letters of a plate as a telephone writes them down ("1 XKL twee vier zes"), not a small word."""
    if len(word) > 7 or not word.isalnum() or (len(word) > 3 and word.isalpha()):
        return False
    return not word.isalpha() or reading.capital[index] or word == "abc" or (
        lexicon.commonness(word) < (_ORDINARY if len(word) > 2 else _ORDINARY_PAIR)
    )


def _number(words: Sequence[str], index: int) -> Piece | None:
    """Return a number under a thousand, read as it is said: "quatre-vingt-dix", "vier en twintig", "cent douze"."""
    hundreds, at = _hundreds(words, index)
    if hundreds:
        rest = _below_hundred(words, at)
        if rest is None and at + 1 < len(words) and words[at] in {"en", "and", "und"}:
            rest = _below_hundred(words, at + 1)
        if rest is None:
            return Piece(index, at, f"{hundreds}00", True)
        return Piece(index, rest[1], f"{hundreds}{rest[0]:02d}", True)
    glued = _glued_hundred(words[index])
    if glued:
        return Piece(index, index + 1, glued, True)
    found = _below_hundred(words, index)
    return Piece(index, found[1], str(found[0]), True) if found else None


def _hundreds(words: Sequence[str], index: int) -> tuple[int, int]:
    if words[index] in _HUNDREDS:
        return 1, index + 1
    value = words[index] if words[index].isdigit() else _NUMBERS.get(words[index], "")
    if len(value) == 1 and value != "0" and index + 1 < len(words) and words[index + 1] in _HUNDREDS:
        return int(value), index + 2
    return 0, index


def _glued_hundred(word: str) -> str:
    """Return the digits of "vierhonderdvijfenzeventig" or "zweihundert", "" for any other word."""
    for hundred in ("honderd", "hundert"):
        before, found, after = word.partition(hundred)
        if found and len(word) < 40:
            value = _NUMBERS.get(before, "" if before else "1")
            rest = _NUMBERS.get(after.removeprefix("en"), "" if after else "0")
            if len(value) == 1 and rest and len(rest) < 3:
                return f"{value}{int(rest):02d}"
    return ""


def _below_hundred(words: Sequence[str], index: int) -> tuple[int, int] | None:
    word = words[index] if index < len(words) else ""
    value = _NUMBERS.get(word, word if word.isdigit() and len(word) < 3 else None)
    if value is None:
        return None
    following = words[index + 1] if index + 1 < len(words) else ""
    number, at = int(value), index + 1
    if word == "quatre" and following in {"vingt", "vingts"}:
        number, at = 80, index + 2
    elif word == "dix" and following in {"sept", "huit", "neuf"}:
        return 10 + int(_NUMBERS[following]), index + 2
    elif 0 < number < 10 and following in {"en", "und"} and index + 2 < len(words) and words[index + 2] in _SAID_TENS:
        return number + int(_NUMBERS[words[index + 2]]), index + 3
    if number < 20 or (word not in _OPEN_TENS and number != 80):
        return number, at
    joined = at + 1 if at < len(words) and words[at] == "et" else at
    unit = _below_hundred_unit(words, joined, 20 if number in {60, 80} and word not in {"sixty", "eighty"} else 10)
    return (number + unit[0], unit[1]) if unit else (number, at)


def _below_hundred_unit(words: Sequence[str], index: int, limit: int) -> tuple[int, int] | None:
    word = words[index] if index < len(words) else ""
    value = int(_NUMBERS.get(word, "0"))
    if word == "dix" and limit == 20 and index + 1 < len(words) and words[index + 1] in {"sept", "huit", "neuf"}:
        return 10 + int(_NUMBERS[words[index + 1]]), index + 2
    return (value, index + 1) if 0 < value < limit else None
