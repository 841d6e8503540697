"""Owns finding insults, also of unknown culprits, and hate against a group of people. What is quoted to condemn it is neither.

A group that is named, and the words that point back to it, are marked; the phrases of `hostility.toml` are then looked for around them.
"""

import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files

from wabp.misuse.clues import Clues
from wabp.misuse.findings import Span
from wabp.misuse.phrases import Match, phrases
from wabp.misuse.reading import CLAUSE, JOINED, Reading, plain_words
from wabp.misuse.spelling import Spelling
from wabp.misuse.told import Told

_LABEL = "insult_or_hate"
_GROUP, _WOMEN, _SLUR, _OWN, _ELSE = (f"hate.{rule}" for rule in ("_group", "_women", "slur", "_own", "_else"))
_GROUP_LISTS = (
    "origin_people",
    "origin_people_or_adjective",
    "origin_adjective",
    "kind_people",
    "women",
    "ethnic_slur",
    "kind_slur",
)
_HOSTILE_LISTS = ("quality", "strong_quality", "lowly", "people_insult", "harm", "out", "feeling", "good")
_GLUE = frozenset(
    "kut kanker tering tyfus pokke pokken klote klere kolere pleuris takke tief rot "
    "de het een en van is in te dat niet zijn aan met voor alle al die deze elke ik wij we je jij ze hij zo zoals gewoon echt allemaal moeten moet "
    "zouden worden maar als wat waar dan door uit naar om heel erg jullie ons hun zal zullen ben bent verdomde enorme absolute totale "
    "le la les l un une des de du d et est sont ces ce cet cette tous toutes tout vous nous je j tu il ils elles on que qui comme juste tres plus "
    "a au aux en par pour se me devrait devraient etre pas ne n si trop bien vraiment espece gros sale typique comportement "
    "the a an and are all these those you we they should be to of like so just such i".split()
)
# Who is meant when a group was named: in the same sentence or the next; some also when the name follows.
_THEM = frozenset("ze zij hen hun ils elles eux leur they them those".split())
_YOU = frozenset("je jij jullie u ge gij tu vous te you".split())
_YOU_ALL = frozenset("jullie vous you".split())
_CLITIC = frozenset("les ze hen them eux".split())
_MANY_WOMEN = frozenset("vrouwen femmes women feministen feministes wijven".split())
_WHOSE = frozenset(
    "mijn mn m zijn zn jouw je uw onze hun ma sa ta notre votre leur my his your our their meine seine".split()
)
_ASKING = frozenset(
    "waarom hoe wat vind vinden vindt is zijn zie zien denk denken wie snap pourquoi comment est why how isn does aren".split()
)
_POINTING = frozenset("die dat deze de het al alle zulke door van ces ce cet cette les these those the by".split())
_NOT = frozenset("niet nie pas not n".split())
# The article of an insult goes with it; it also tells whether one or several are meant.
_ONE = frozenset(
    "een ne nen dat zo n un une ce cet cette quel quelle a an this that some dieser dieses ein eine".split()
)
_SOME = frozenset("die de deze dees welke ces les des quels quelles these those the diese".split())
_OPENING = 12
_LONG_SLUR = 7
_THAT = frozenset("dat que qu that dass".split())


def find(clues: Clues) -> Iterator[Span]:
    """Yield each insult and each hostile clause about a group, the widest of those that overlap."""
    reading = _spelling().mended(clues.reading)
    if reading is None:
        reading, found = clues.reading, list(clues.of("hate"))
    else:
        found = list(phrases().find(reading, {"name": _names_in(reading, clues)}, "hate").get("hate", ()))
        found = [match for match in found if not _is_guess(reading, match)]
    told = [match for match in found if not match.rule.startswith("hate._")]
    aims = _aims(reading, found)
    if aims:
        told += _hostile(reading, aims)
    if not told:
        return
    spoken = Told(
        reading, clues.of("reported") if reading is clues.reading else phrases().find(reading, {}, "reported").get("reported", ())
    )
    other = [
        match for match in found if match.rule == _ELSE or (match.rule == _OWN and not _points_away(reading, match))
    ]
    last = -1
    for match in sorted(told, key=lambda match: (match.first, -match.stop)):
        if match.first >= last and not _is_harmless(reading, spoken, other, match):
            last = match.stop
            yield _span(reading, match)


def _names_in(reading: Reading, clues: Clues) -> set[int]:
    """Return the words of a mended reading that are names in the text as typed."""
    starts = {clues.reading.starts[index] for first, stop in clues.names for index in range(first, stop)}
    return {index for index, start in enumerate(reading.starts) if start in starts}


def _span(reading: Reading, match: Match) -> Span:
    """An insult gives way to a neutral word; what is said against a group goes with its clause."""
    first, stop, instead = match.first, match.stop, match.instead
    if (
        match.instead == "@culprits"
        and first > 0
        and reading.words[first - 1] in _ONE | _SOME
        and not reading.gaps[first]
    ):
        first -= 1
        instead = "@person" if reading.words[first] in _ONE else instead
    if match.family == "hostility":
        while first > 0 and reading.gaps[first] == JOINED:
            first -= 1
        while stop < len(reading.words) and reading.gaps[stop] == JOINED:
            stop += 1
    return Span(_LABEL, reading.starts[first], reading.ends[stop - 1], instead, match.rule)


def _is_guess(reading: Reading, match: Match) -> bool:
    """True when an insult would rest on a word that is only spelt nearly so; a name or a place may be."""
    if match.rule.startswith("hate._"):
        return False
    for index in range(match.first, match.stop):
        word, typed = reading.words[index], reading.plain[reading.starts[index] : reading.ends[index]]
        if typed == word or not typed.isalpha():
            continue
        stuck = word in typed if match.rule == _SLUR or index + 1 < match.stop else typed.endswith(word)
        if not stuck and (match.rule != _SLUR or reading.capital[index] or len(word) < _LONG_SLUR):
            return True
    return False


def _points_away(reading: Reading, match: Match) -> bool:
    """True when "I am" goes on about somebody else: "ik ben die sukkels beu"."""
    return not _POINTING.isdisjoint(reading.words[match.first : match.stop])


def _hostile(reading: Reading, aims: set[int]) -> list[Match]:
    return list(phrases().find(_without_asking(reading, aims), {"aim": aims}, "hostility").get("hostility", ()))


def _aims(reading: Reading, found: Sequence[Match]) -> set[int]:
    """Return the words that stand for a group of people."""
    named = {index for match in found if match.rule in (_GROUP, _SLUR) for index in range(match.first, match.stop)}
    women = {match.first for match in found if match.rule == _WOMEN and not _is_somebodys(reading, match.first)}
    if not named and not women:
        return set()
    meant = named | {index for index in women if reading.words[index] in _MANY_WOMEN}
    aims = named | women
    sentences = reading.sentences
    for number, (first, stop) in enumerate(sentences):
        own = [index for index in range(first, stop) if index in meant]
        before = number > 0 and any(index in meant for index in range(*sentences[number - 1]))
        behind = number + 1 < len(sentences) and any(index in meant for index in range(*sentences[number + 1]))
        for index in range(first, stop):
            word = reading.words[index]
            if (
                (own and index > own[0] and (word in _THEM or word in _YOU))
                or (before and not own and (word in _THEM or word in _CLITIC or word in _YOU_ALL))
                or (behind and not own and word in _CLITIC)
            ):
                aims.add(index)
    return aims


def _is_somebodys(reading: Reading, index: int) -> bool:
    """True for the wife of somebody: one woman, no group."""
    return index > 0 and reading.words[index] not in _MANY_WOMEN and reading.words[index - 1] in _WHOSE


def _without_asking(reading: Reading, aims: set[int]) -> Reading:
    """Part a question from what it asks about: "isn't it clear that ..." denies nothing."""
    gaps = list(reading.gaps)
    for first, stop in reading.sentences:
        end = reading.ends[stop - 1]
        if "?" not in reading.plain[end : end + 4] and _ASKING.isdisjoint(reading.words[first : first + 2]):
            continue
        for index in range(first, min(stop - 1, first + _OPENING)):
            if index in aims:
                break
            if (reading.words[index] in _THAT or reading.words[index] in _NOT) and gaps[index + 1] == JOINED:
                gaps[index + 1] = CLAUSE
    if gaps == reading.gaps:
        return reading
    return reading.with_words(list(zip(reading.words, reading.starts, reading.ends, gaps, strict=True)))


def _is_harmless(reading: Reading, told: Told, other: Sequence[Match], match: Match) -> bool:
    """True for what is quoted, condemned, said of oneself, or the name of a beast or a thing."""
    first, stop = match.first, match.stop
    if any(meant.first <= first and stop <= meant.stop for meant in other) or told.quotes(first):
        return True
    if match.family == "hostility" or match.rule == _SLUR:
        return told.condemns(first)
    return told.names(first, stop)


@cache
def _spelling() -> Spelling:
    vocabulary: set[str] = set()
    for name, lists in (
        ("common", _GROUP_LISTS),
        ("hate", ("insult", "people", "foul", "rude", "called")),
        ("hostility", _HOSTILE_LISTS),
    ):
        words = tomllib.loads((files("wabp.misuse") / "patterns" / f"{name}.toml").read_text(encoding="utf-8"))["words"]
        entries = [entry.rstrip("*") for chosen in lists for entry in words.get(chosen, "").split()]
        vocabulary.update(cut[0] for entry in entries if len(cut := plain_words(entry.replace("_", " "))) == 1)
    return Spelling(vocabulary, _GLUE)
