"""Owns finding licence plates: those of Belgium, the Netherlands and the countries whose cars drive there, also partial, masked and spelled ones.

Sources of the forms: mobilit.belgium.be and nl.wikipedia (Belgium, now and before 2010), RDW sidecodes 1-14 (the Netherlands),
de.wikipedia "Kfz-Kennzeichen" (other countries). Personalised plates can be told only by the word "plate" before them.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise

from wabp.misuse import lexicon, spoken
from wabp.misuse.findings import Span
from wabp.misuse.reading import SENTENCE, Reading

# @ is a letter, # a digit. What the form alone is worth:
# SURE a plate in any typing; NEAT when joined by hyphens or glued, or in capitals; CAPITALS only in capitals;
# BESIDE only in capitals with a vehicle in the text, or behind the word plate.
_SURE, _NEAT, _CAPITALS, _BESIDE = range(4)
_FORMS = (
    ("belgian", _SURE, "#-@@@-###"),
    # Motorbike, trailer, old-timer, moped, trial, dealer, professional, farm; taxi and hire have three letters.
    ("belgian", _NEAT, "@-@@@-### @-###-@@@ @-@@@-## @-@@-###"),
    ("belgian_old", _BESIDE, "@@@-### ###-@@@"),
    ("belgian_diplomatic", _CAPITALS, "@@-@@-## @@-@@-### @@-####"),
    ("dutch", _NEAT, "@@-##-## ##-##-@@ ##-@@-## @@-##-@@ @@-@@-## ##-@@-@@ ##-@@@-# #-@@@-## @@-###-@ @-###-@@ @@@-##-@ @-##-@@@ #-@@-### ###-@@-#"),
    ("french", _NEAT, "@@-###-@@"),
    ("british", _CAPITALS, "@@##-@@@"),
    ("british", _BESIDE, "@#-@@@ @##-@@@ @###-@@@ @@@-####"),
    ("romanian", _CAPITALS, "@@-##-@@@ @-##-@@@ @-###-@@@"),
    ("bulgarian", _CAPITALS, "@@-####-@@ @-####-@@"),
    ("polish", _CAPITALS, "@@-####@ @@@-####@ @@-###@@ @@@-###@@ @@-#@### @@-##@## @@@-@### @@@-##@#"),
    ("polish", _BESIDE, "@@-##### @@@-#####"),
    ("german", _CAPITALS, "@-@-# @-@-## @-@-### @-@-#### @-@@-# @-@@-## @-@@-### @-@@-#### @@-@-# @@-@-## @@-@-### @@-@-#### @@-@@-# @@-@@-## @@-@@-### @@-@@-#### @@@-@-# @@@-@-## @@@-@-### @@@-@-#### @@@-@@-# @@@-@@-## @@@-@@-###"),
    ("other", _BESIDE, "####-@@@ @@-#### @-##### @-#####-@ @@-###-@@@ @@-#####-@@ ##-@-#### ##-@@-### ##-@@-#### ##-@@@-## ##-@@@-### ##-@-##### #@#-#### ##-@-### @-###-@@-## @-###-@@-### @@-##-### ###-@-### @@-@@-##"),
)  # fmt: skip
# Letters that a form's first or second group must have, where the country gives only these.
_ROMANIAN = frozenset(
    "ab ag ar b bc bh bn br bt bv bz cj cl cs ct cv db dj gj gl gr hd hr if il is mh mm ms nt ot ph sb sj sm sv tl tm tr vl vn vs".split()
)
_BELGIAN_SINGLE = frozenset("moqsyzvgutwx")
_CYRILLIC_TWINS = frozenset("abekmhopctyx")
_POLISH_PROVINCES = frozenset("bcdefgklnoprstwz")

# What stands before a group of letters or digits, and the group.
_GROUP = re.compile(r"([\W_]*)([^\W\d_]+|\d+)")
_JOINTS = {"": 0, "-": 0, ".": 0, "·": 0, "_": 0, " ": 1, " - ": 1, "- ": 1, " -": 1, " . ": 1, "--": 1}
_LONGEST_WINDOW = 4
# One character for a group by its length: "a" to "c" for letters, "1" to "5" for digits, "?" for what no plate has.
_SHORT_CODES = ("??", "a1", "b2", "c3", "?4", "?5")
_BAD_GAP = "?"
_LONGEST_REMEMBERED = 32
# So many words of a plate stand before or behind its digits.
_FURTHEST = 3
_ANNOUNCED_BEHIND = 48
_CODE_REACH = 4
# As often as this in ordinary texts, and letters are a word rather than part of a plate; two letters are often an abbreviation.
_ORDINARY, _ORDINARY_PAIR = 8e-6, 1e-4

_MASK = re.compile(r"[?*_#•…]|\.\.|[a-z\d]\.(?=[\s,;!]|$|\d)|(?<![^\W_])x{1,3}(?![^\W_])|\dx")
_MASKED = re.compile(
    r"(?<![\w@./-])(?=[a-z.]{0,3}[\d?*_#•-])(?:"
    r"[1-9?*][-. ]?(?:[a-z?*_#•]{3}|[a-z?*_#•.]{3}(?=-))[-. ]?[\d?*_#•x.]{2,3}"
    r"|[1-9]-[a-z?*_#•.x]{2,3}-\.{2,3}"
    r"|(?=[^-]*[a-z])[a-z\d?*_#•.]{1,3}-[a-z\d?*_#•.]{1,3}-[a-z\d?*_#•.]{1,3}"
    r"|[a-z?*]{2}[\d?*]{2} ?[a-z.?*]{3}|[a-z?*_]{2}-[\d?*_x.]{3}-[a-z?*_]{2}"
    r")(?![\w@])"
)
_MASK_SIGN = re.compile(r"[?*_#•….]|x{2,}|(?<=\d)x|x(?=\d)")

_SPOKEN_FORMS = re.compile(
    r"[1-9]-?[a-z]{3}-?\d{3}|t[xl][a-z]{2}\d{3}|[moqsyzvg][a-z]{3}\d{3}|[a-z]{2}\d{3}[a-z]{1,2}|[a-z]\d{3}[a-z]{2}|\d\d[a-z]{3}\d|\d[a-z]{3}\d\d"
    r"|[a-z]{3}\d\d[a-z]|[a-z]\d\d[a-z]{3}|\d[a-z]{2}\d{3}|\d{3}[a-z]{2}\d|[a-z]{2}\d{4}|\d{4}[a-z]{2}|\d\d[a-z]{2}\d\d"
    r"|[a-z]{2}\d\d[a-z]{2,3}|[a-z]{4}\d\d|\d\d[a-z]{4}|[a-z]{3}\d{3}|\d{3}[a-z]{3}"
)

# A part of a plate is announced: "begint met", "eindigt op", "iets met", "dernières lettres".
_PARTS = frozenset(
    "begint beginnend beginnen begon begin start startend eindigt eindigend eindigde eind einde laatste eerste iets letters cijfers letter "
    "cijfer middelste combinatie gedeelte gedeeltelijk deel stuk fragment daarin waarin "
    "commence commencant commencait finit finissant finissait termine terminant terminait debut fin derniers dernieres premieres premiers lettres "
    "chiffres partielle partiel "
    "starts starting started begins beginning ends ending ended last first something partial partially digits contains containing "
    "anfang beginnt endet endend letzten ersten teil".split()
)
_LETTERS = re.compile(r"[a-z]+")
_PIECE = re.compile(r"[a-z\d?*_#•]+|[.…]{2,}")
# These count one, but mostly count nothing.
_ARTICLES = frozenset("een un une one ein".split())
_HOUR = re.compile(r"\d{1,2}[uh]\d{0,2}")
# A verb or small word behind digits counts nothing.
_AFTER_DIGITS = frozenset(
    "en et and und reed rijdt rijden die dat op in staat stond was is rond met heeft had qui a et est roule parked was seen went drove which der".split()
)
_AT_AN_END = frozenset("einde eind achteraan vooraan begin achterin fin debut end start ende anfang".split())
_LINKS = frozenset(
    "is was zijn van met nr nummer numero number op een het de den dat en of als heeft had stond staat gezien genoteerd nog nl ne : "
    "met_een belgische nederlandse franse duitse poolse roemeense bulgaarse britse engelse luxemburgse spaanse italiaanse litouwse witte gele rode "
    "est etait avec par sur le la les un une en se numero belge francaise allemande polonaise roumaine bulgare anglaise hollandaise "
    "luxembourgeoise neerlandaise portugaise italienne "
    "the with on of a an number in it its has like belgian dutch french german polish romanian bulgarian british "
    "mit auf das ist der die lautet dikke ongeveer denk ik volgens mij zoiets vermoedelijk misschien gedeeltelijk twee drie vier 2 3 4 two three deux trois vermoed dus".split()
)
_COUNTRIES = frozenset("b be nl n f fr d de l lu uk gb e es i it p pt pl ro bg lt lv h hu sk cz ua eu irl ch a at tr".split())
_FURTHEST_PART = 10
_COUNTED = re.compile(r"\d{1,2}(?:u|h|e|de|ste|er|eme)\d{0,2}|\d+(?:jaar|ans|km|keer)")
_LOOSE = re.compile(r"[a-z\d?*_#•]{1,8}(?:[-. ]{1,3}(?:[a-z\d?*_#•]{1,5})|\.{2,3}|…){0,7}")


@dataclass(frozen=True, slots=True)
class _Form:
    country: str
    worth: int
    groups: int


@dataclass(frozen=True, slots=True)
class _Typing:
    """How groups are typed: joined, with hyphens, in capitals, with letters that are a word of every day."""

    tight: bool
    hyphens: bool
    capitals: bool
    ordinary: bool


@dataclass(frozen=True, slots=True)
class _Around:
    """What else the text says: where a plate is announced, and whether anything drives."""

    announced: Sequence[tuple[int, int]]
    driving: bool


def find(reading: Reading) -> Iterable[Span]:
    """Return each plate once; who drives the car is for other modules."""
    words = lexicon.sections("plates")
    announcing = not words["announcing"].isdisjoint(reading.words)
    if not announcing and not reading.numbered and not spoken.rows(reading):
        return ()
    driving = announcing or not words["driving"].isdisjoint(reading.words)
    return _apart(_found(reading, _Around(_announcements(reading) if announcing else (), driving)))


def _apart(found: Iterable[tuple[int, int, str]]) -> Iterator[Span]:
    last = 0
    for start, end, kind in sorted(found, key=lambda row: (row[0], -row[1])):
        if start >= last:
            last = end
            yield Span("licence_plate", start, end, "@plate", f"licence_plate.{kind}")


def _found(reading: Reading, around: _Around) -> Iterator[tuple[int, int, str]]:
    yield from _spoken(reading, around.driving)
    if reading.numbered:
        yield from _whole(reading, around)
        if around.driving and _MASK.search(reading.plain):
            yield from _masked(reading)
    if around.announced or (reading.numbered and around.driving and not _PARTS.isdisjoint(reading.words)):
        yield from _parts(reading, around)


def _announcements(reading: Reading) -> Sequence[tuple[int, int]]:
    words = lexicon.sections("plates")["announcing"]
    return [
        (start, end) for word, start, end in zip(reading.words, reading.starts, reading.ends, strict=True) if word in words
    ]


# Whole plates: windows of letters and digits whose sizes are those of a form.


@cache
def _forms() -> dict[str, list[_Form]]:
    found: dict[str, list[_Form]] = {}
    for country, worth, forms in _FORMS:
        for form in forms.split():
            groups = re.findall(r"@+|#+", form)
            code = "".join(_SHORT_CODES[len(group)][group[0] == "#"] for group in groups)
            found.setdefault(code, []).append(_Form(country, worth, len(groups)))
    return found


def _whole(reading: Reading, around: _Around) -> Iterator[tuple[int, int, str]]:
    forms = _forms()
    for first, stop in _reaches(reading):
        words = [reading.plain[reading.starts[index] : reading.ends[index]] for index in range(first, stop)]
        code = "".join(map(_code_of, words))
        windows = _windows(code) if len(code) < _LONGEST_REMEMBERED else _windows.__wrapped__(code)
        if not windows:
            continue
        places = [place for index, word in enumerate(words, first) for place in _places(word, reading.starts[index])]
        done = 0
        for begin, size in windows:
            if begin < done:
                continue
            groups = places[begin : begin + size]
            country = _country(reading, around, forms[code[begin : begin + size]], groups)
            if country:
                yield groups[0][0], groups[-1][1], country
                done = begin + size


@lru_cache(maxsize=4096)
def _code_of(word: str) -> str:
    """Return the code of each group of letters and of digits in a word; "?" too for a gap that no plate has."""
    return "".join(
        _BAD_GAP * (gap not in _JOINTS)
        + (_SHORT_CODES[len(group)][group.isdigit()] if len(group) < len(_SHORT_CODES) else _BAD_GAP)
        for gap, group in _GROUP.findall(word)
    )


def _places(word: str, start: int) -> Iterator[tuple[int, int]]:
    """Yield where each sign of the code of a word stands."""
    for gap, group in _GROUP.findall(word):
        if gap not in _JOINTS:
            yield start, start
        start += len(gap)
        yield start, start + len(group)
        start += len(group)


@lru_cache(maxsize=4096)
def _windows(code: str) -> Sequence[tuple[int, int]]:
    """Return the groups that have the sizes of a plate: from which one and how many, the widest first."""
    forms = _forms()
    return [
        (begin, size)
        for begin in range(len(code) - 1)
        for size in range(min(_LONGEST_WINDOW, len(code) - begin), 1, -1)
        if code[begin : begin + size] in forms
    ]


def _reaches(reading: Reading) -> Iterator[tuple[int, int]]:
    """Yield rows of short words around digits, near enough to make a plate with them."""
    first = stop = 0
    for index in reading.numbered:
        low, high = _reach(reading, index)
        if low < stop:
            stop = max(stop, high)
            continue
        if stop:
            yield first, stop
        # Digits alone are no plate.
        alone = high - low == 1 and reading.words[low].isdigit()
        first, stop = (0, 0) if alone else (low, high)
    if stop:
        yield first, stop


def _reach(reading: Reading, index: int) -> tuple[int, int]:
    """Return the first of the words that may make a plate with word `index`, and the word after the last."""
    low, high = index, index + 1
    while low > 0 and index - low < _FURTHEST and _is_joined(reading, low) and _is_short(reading, low - 1):
        low -= 1
    while (
        high < len(reading.words)
        and high - index <= _FURTHEST
        and _is_joined(reading, high)
        and _is_short(reading, high)
    ):
        high += 1
    return low, high


def _is_joined(reading: Reading, index: int) -> bool:
    return reading.plain[reading.ends[index - 1] : reading.starts[index]] in _JOINTS


def _is_short(reading: Reading, index: int) -> bool:
    """A group of letters or digits may be part of a plate by its length; so may letters that are spelled out."""
    length = reading.ends[index] - reading.starts[index]
    return length < len(_SHORT_CODES) or length != len(reading.words[index])


def _country(
    reading: Reading, around: _Around, forms: Sequence[_Form], groups: Sequence[tuple[int, int]]
) -> str:
    """Return whose plate the groups of letters and digits are, "" when they are none."""
    plain = reading.plain
    start, end = groups[0][0], groups[-1][1]
    lists = lexicon.sections("plates")
    words = [plain[low:high] for low, high in groups]
    announced = _is_announced(around, start)
    if not announced and (words[0] in lists["not beginnings"] or plain[start : groups[1][1]] in lists["not beginnings"]):
        return ""
    if _goes_on(plain, end) or _went_before(plain, start):
        return ""
    letters = [word for word in words if word.isalpha()]
    gaps = [plain[before[1] : behind[0]] for before, behind in pairwise(groups)]
    tight = all(_JOINTS[gap] == 0 for gap in gaps)
    if not (announced and tight) and not lists["not letters"].isdisjoint(letters):
        return ""
    if not announced and (_is_code(reading, start) or (not tight and not lists["not beginnings"].isdisjoint(letters))):
        return ""
    if not announced and len(words) > 2 and words[-1].isdigit() and words[-2].isdigit() and gaps[0] == " " and "-" in gaps[-1]:
        # Days and hours: "do 13-16".
        return ""
    possible = [form for form in forms if _fits(form, words, letters)]
    if not possible:
        return ""
    typing = _Typing(
        tight,
        any("-" in gap for gap in gaps),
        _is_capital(reading, groups),
        any(_is_ordinary(word) for word in letters),
    )
    return next((form.country for form in possible if _is_worth(form, typing, announced, around.driving)), "")


def _is_capital(reading: Reading, groups: Sequence[tuple[int, int]]) -> bool:
    """The letters of a plate stand in capitals, in a text that has small letters as well."""
    plain, cased = reading.plain, reading.cased
    return not reading.shouted and all(cased[low:high].isupper() for low, high in groups if plain[low].isalpha())


def _is_worth(form: _Form, typing: _Typing, announced: bool, driving: bool) -> bool:
    """Whether groups of a form, typed so, are a plate."""
    if form.country == "german" and not typing.hyphens and (typing.ordinary or not announced):
        return False
    if announced and (typing.tight or typing.capitals or not typing.ordinary):
        return True
    unusual = driving and not typing.ordinary
    if form.worth == _SURE:
        return typing.tight or typing.capitals or unusual
    if form.worth == _NEAT:
        if typing.hyphens:
            return typing.capitals or driving or not typing.ordinary
        return (typing.capitals and (driving or not typing.ordinary)) or (unusual and (typing.tight or form.groups > 2))
    if form.worth == _CAPITALS:
        return typing.capitals or (unusual and typing.tight)
    return unusual and (typing.capitals or typing.hyphens)


def _is_ordinary(word: str) -> bool:
    return len(word) > 1 and word != "abc" and lexicon.commonness(word) > (_ORDINARY if len(word) > 2 else _ORDINARY_PAIR)


def _went_before(plain: str, start: int) -> bool:
    """A mark before the groups makes them the end of something longer."""
    before = plain[max(0, start - 2) : start]
    if before[-1:] in {"@", "/", "_", ".", ":", "€", "$", "#"}:
        return True
    return len(before) == 2 and ((before[1] == "-" and before[0] != " ") or (before[1] == "," and before[0].isdigit()))


def _goes_on(plain: str, end: int) -> bool:
    """A mark behind the groups makes them the beginning of something longer."""
    after = plain[end : end + 2]
    if after[:1] in {"@", "_", "/", "€", "%", "°"}:
        return True
    return len(after) == 2 and (after[1].isdigit() if after[0] == "-" else after[0] in ".:," and after[1].isalnum())


def _fits(form: _Form, groups: Sequence[str], letters: Sequence[str]) -> bool:
    """The letters are some that the country gives."""
    first = letters[0]
    if form.country == "romanian":
        return first in _ROMANIAN
    if form.country == "bulgarian":
        return all(letter in _CYRILLIC_TWINS for word in letters for letter in word)
    if form.country == "polish":
        return first[0] in _POLISH_PROVINCES
    if form.country == "belgian_diplomatic":
        return first == "cd"
    if form.country == "belgian" and groups[0].isalpha():
        return first in _BELGIAN_SINGLE
    return not (form.country == "belgian" and groups[0] == "0")


def _is_announced(around: _Around, start: int) -> bool:
    index = bisect_left(around.announced, (start, start))
    return index > 0 and start - around.announced[index - 1][1] <= _ANNOUNCED_BEHIND


def _is_code(reading: Reading, start: int) -> bool:
    index = bisect_left(reading.starts, start)
    codes = lexicon.sections("plates")["codes"]
    return not codes.isdisjoint(reading.words[max(0, index - _CODE_REACH) : index])


# Plates of which some signs were not read: "1-A?C-...", "2-KLM-7..".


def _masked(reading: Reading) -> Iterator[tuple[int, int, str]]:
    plain, cased = reading.plain, reading.cased
    for match in _MASKED.finditer(plain):
        words = match.group()
        if words.endswith(".") and words.count(".") == 1:
            words = words[:-1]
        end = match.start() + len(words)
        known = sum(map(str.isalnum, words.replace("x", "")))
        if known < 2 or not _MASK_SIGN.search(words) or words.replace("-", "").replace(".", "").isdigit():
            continue
        typed = cased[match.start() : end]
        if "-" not in words and not typed.isupper():
            continue
        if typed == words and any(map(_is_ordinary, _LETTERS.findall(words))):
            continue
        yield match.start(), end, "masked"


# Parts of plates and personalised ones: only where they are announced.


def _parts(reading: Reading, around: _Around) -> Iterator[tuple[int, int, str]]:
    announcing = lexicon.sections("plates")["announcing"]
    done = 0
    for index, word in enumerate(reading.words):
        if index < done or (word not in announcing and word not in _PARTS):
            continue
        part = word in _PARTS
        at = index + 1
        while at < len(reading.words) and at - index < _FURTHEST_PART and not _ends_here(reading, at):
            if reading.words[at] in _PARTS or reading.words[at] in announcing:
                part = part or reading.words[at] in _PARTS
            elif reading.words[at] not in _LINKS or _is_plate_link(reading, at, part):
                break
            at += 1
        done = at
        if at >= len(reading.words) or at - index >= _FURTHEST_PART or _ends_here(reading, at):
            continue
        sure = word in announcing or any(reading.words[step] in announcing for step in range(index, at))
        found = _loose(reading, around, at, part, sure)
        if found:
            yield *found, "partial" if part else "announced"


def _ends_here(reading: Reading, at: int) -> bool:
    """A sentence ends before the word, unless only a colon or a line stands there."""
    gap = reading.plain[reading.ends[at - 1] : reading.starts[at]]
    return reading.gaps[at] == SENTENCE and (". " in gap or gap[:1] in {"!", "?"})


def _is_plate_link(reading: Reading, at: int, part: bool) -> bool:
    """A digit that could be a link ("de laatste 3 cijfers") starts a plate when signs follow it ("2-H", "2 hgt")."""
    word, end = reading.words[at], reading.ends[at]
    if not word.isdigit():
        return False
    if reading.plain[end : end + 1] in {"-", "?", "*"} or (part and _ends_sentence(reading, at)):
        return True
    return at + 1 < len(reading.words) and not _is_ordinary(reading.words[at + 1])


def _ends_sentence(reading: Reading, at: int) -> bool:
    return at + 1 >= len(reading.words) or reading.gaps[at + 1] == SENTENCE


def _loose(reading: Reading, around: _Around, at: int, part: bool, sure: bool) -> tuple[int, int] | None:
    """Return the signs from word `at` on that can be a plate or a part of one; `sure` when a plate is named."""
    plain, cased = reading.plain, reading.cased
    match = _LOOSE.match(plain, reading.starts[at])
    if not match:
        return None
    end = _cut(plain, cased, match.start(), match.end(), reading.shouted)
    before = plain[max(0, match.start() - 6) : match.start()]
    start = match.start() - len(before) + len(before.rstrip("?*.…•"))
    words, typed = plain[match.start() : end], cased[match.start() : end]
    bare = "".join(filter(str.isalnum, words))
    if not bare or len(bare) > 8 or _goes_on(plain, end):
        return None
    capitals = typed.isupper() and not reading.shouted
    ordinary = any(map(_is_ordinary, _LETTERS.findall(words)))
    if bare.isdigit():
        told = part or not _AT_AN_END.isdisjoint(reading.words[at + 1 : at + 5])
        good = told and sure and 2 <= len(bare) <= 4 and not _is_counted(reading, at)
    elif bare.isalpha():
        quoted = any(mark in plain[max(0, start - 2) : start] for mark in ":'\"")
        short = part and sure and 2 <= len(bare) <= 3 and not ordinary
        named = part or bare not in lexicon.sections("plates")["not beginnings"] | _COUNTRIES
        good = named and (short or (capitals and len(bare) > 1 and (quoted or not ordinary)))
        good = good and not (bare in _COUNTRIES and not capitals)
    else:
        tight = "-" in words or " " not in words
        good = capitals or (not ordinary and (tight or (sure and len(bare) > 4)))
        good = good and ("-" in words or not _COUNTED.fullmatch(bare))
    return (start, end) if good else None


def _is_counted(reading: Reading, at: int) -> bool:
    """Digits of which the text counts something: "de laatste 14 dagen"."""
    if _ends_sentence(reading, at) or "," in reading.plain[reading.ends[at] : reading.starts[at + 1]]:
        return False
    follower = reading.words[at + 1]
    return lexicon.commonness(follower) > 0 and follower not in _AFTER_DIGITS


def _cut(plain: str, cased: str, start: int, end: int, shouted: bool) -> int:
    """Leave out what follows a plate behind a blank: words that are not in capitals as its letters are."""
    pieces = list(_PIECE.finditer(plain, start, end))
    capitals = not shouted and cased[pieces[0].start() : pieces[0].end()] == plain[pieces[0].start() : pieces[0].end()].upper()
    stop = pieces[0].end()
    for before, piece in pairwise(pieces):
        word = piece.group()
        if " " in plain[before.end() : piece.start()]:
            shown = capitals and len(word) < 4 and cased[piece.start() : piece.end()].isupper()
            if word.isalpha() and (_is_ordinary(word) or len(word) > 3) and not shown:
                break
            if plain[piece.end() : piece.end() + 1].isalnum() or _HOUR.fullmatch(word):
                break
        stop = piece.end()
    return stop


# Plates that are said: "een a b c een twee drie", "x-ray tango 482 romeo".


def _spoken(reading: Reading, driving: bool) -> Iterator[tuple[int, int, str]]:
    for row in spoken.rows(reading):
        pieces = [piece for piece in row if piece.signs]
        for first in range(min(3, len(pieces))):
            found = _spoken_from(reading, pieces[first:], driving)
            if found:
                yield reading.starts[pieces[first].first], reading.ends[pieces[first + found - 1].stop - 1], "spoken"
                break


def _spoken_from(reading: Reading, pieces: Sequence[spoken.Piece], driving: bool) -> int:
    """Return how many pieces make a plate, 0 when none."""
    signs = ""
    best = 0
    said = articles = 0
    for count, piece in enumerate(pieces[:12], 1):
        if _HOUR.fullmatch(reading.plain, reading.starts[piece.first], reading.ends[piece.stop - 1]):
            break
        signs += piece.signs.replace("-", "")
        # One word of a telephone alphabet may be the car ("Golf 7 GTI 220").
        said += piece.said * (2 if piece.signs.isdigit() else 1)
        articles += 2 * (piece.said and reading.words[piece.first] in _ARTICLES)
        if len(signs) > 8:
            break
        letters = sum(map(str.isalpha, signs))
        loose = driving and letters > 1 and len(signs) - letters > 1 and len(signs) > 4
        if said > 1 and ((loose and said > articles) or ((driving or said > articles) and _SPOKEN_FORMS.fullmatch(signs))):
            best = count
    return best
