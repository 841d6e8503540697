"""Owns whom a sentence speaks of: who does what a phrase says, and whether that person can be recognised.

A row of words is somebody known (a name, "the neighbour at 12", "the baker's son"), a stranger ("two men", "thieves")
or "he", who is whoever was spoken of last. Walks are short, so that everything stays linear in the text.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from wabp.misuse import children
from wabp.misuse.clues import Clues
from wabp.misuse.phrases import Match
from wabp.misuse.reading import CLAUSE, SENTENCE

# How many words a doer stands before the deed, "he" behind the name, and a doer behind the verb.
_WITHIN, _BACK, _AHEAD = 24, 70, 7
# Persons with so few words between them are one: a name and where he lives.
_JOINED = 2

# "Bij Jan is ingebroken", "volgens Jan": a victim or a teller. "De fiets van Jan": somebody beside the deed.
_VICTIM = frozenset("bij chez volgens selon aan tegen against to zu bei laut naast apres".split())
_BESIDE = _VICTIM | frozenset(
    "van voor met de d du of for from with pour avec von mit fur as als naar vers over about zonder sans dankzij on sur".split()
)
_ARTICLE = frozenset("de het den la le l the der die das mijn onze mon ma my our notre familie famille".split())
_OWNER = frozenset("s zijn haar hun zn".split())
_HE = frozenset("hij zij ze ie il elle lui ils elles he she they hem him sie dezelfde celui".split())
_WHO = frozenset("die dat qui who that dieje diene deze".split())
_SPEAKER = frozenset("ik wij we ikke je jij u jullie gij ge nous vous tu j i we you ich wir".split())
_MANY = frozenset("hebben hadden zijn waren gaan ont sont avaient have are were haben sind".split())
# A child of whom more than looks is told.
_CHILDREN = frozenset(
    f"children.{rule}"
    for rule in ("class_at_school", "child_of", "age_and_school", "age_and_family", "name_and_school")
)
_SEVERAL = frozenset(
    "couple koppel familie famille gezin broers freres zussen soeurs les the de brothers family".split()
)
_AND = frozenset("en et and und".split())


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody who can be recognised: the words (first, stop) that say who; none when they stand elsewhere in the text."""

    first: int
    stop: int
    # Meant by a word such as "he".
    meant: bool = False


@dataclass(frozen=True, slots=True)
class _Person:
    first: int
    stop: int
    known: bool
    # A victim is never the doer; somebody beside the deed may be meant by "he" later on.
    victim: bool = False
    beside: bool = False
    # May be meant by "they".
    several: bool = True


class Subjects:
    """Everybody a text speaks of, asked for by what they do."""

    def __init__(self, clues: Clues) -> None:
        self._reading = clues.reading
        self._clues = clues
        self._at: dict[int, _Person] = {}
        self._this_one = {
            index
            for match in clues.of("subjects")
            if match.rule == "subjects._this_one"
            for index in range(match.first, match.stop)
        }
        for person in self._people():
            for index in range(person.first, person.stop):
                self._at[index] = person
        links = any(span.label == "social_handle_or_link" for span in clues.things)
        self._shown = (
            links or bool(clues.homes) or any(match.rule == "subjects._shown" for match in clues.of("subjects"))
        )

    def __bool__(self) -> bool:
        return self._shown or any(person.known for person in self._at.values())

    def of(self, match: Match) -> Known | None:
        """Return who does what `match` says when that is somebody known: before it, or right behind its verb."""
        first = self._reading.sentence_of(match.first)[0]
        spoken = False
        for index in range(match.first - 1, max(first, match.first - _WITHIN) - 1, -1):
            word = self._reading.words[index]
            person = self._at.get(index)
            if person and not person.victim and (spoken or not person.beside):
                return self._known(person)
            if person is None and self._is_he(index):
                return self._meant(index, match)
            if word in _WHO:
                spoken = True
            elif word in _SPEAKER and match.first - index < 3:
                return None
        return self._meant(first, match) if spoken else self.behind(match.first, match, joined=True)

    def behind(self, index: int, match: Match, reach: int = _AHEAD, *, joined: bool = False) -> Known | None:
        """Return who stands within `reach` words behind word `index`, when that is somebody known.

        `joined` when another clause tells of others, unless it only says who: "alles gestolen, die Kevin".
        """
        stop = self._reading.sentence_of(index)[1]
        for ahead in range(index + 1, min(index + 1 + reach, stop)):
            word = self._reading.words[ahead]
            if joined and (word in _AND or (self._reading.gaps[ahead] >= CLAUSE and word not in _ARTICLE | _WHO)):
                return None
            person = self._at.get(ahead)
            if person:
                return None if person.beside else self._known(person)
            if self._is_he(ahead):
                return self._meant(ahead, match)
            if word in _SPEAKER:
                return None
        return None

    def told_of(self, match: Match, *, strangers: bool = False) -> bool:
        """Tell whether `match` tells of somebody known, be it a victim; `strangers` when anybody will do."""
        words = self._reading.words
        first, stop = self._reading.sentence_of(match.first)
        spoken = False
        for index in range(match.stop - 1, max(0, match.first - _BACK) - 1, -1):
            if index < first and not spoken:
                break
            person = self._at.get(index)
            if person:
                return person.known or strangers
            if index < match.first and words[index] in _SPEAKER and index > match.first - 3:
                return False
            spoken = spoken or (index >= first and self._is_he(index))
        if spoken and self._shown:
            return True
        ahead = (self._at.get(index) for index in range(match.stop, min(stop, match.stop + _AHEAD)))
        return any(person.known or strangers for person in ahead if person) or (strangers and not spoken)

    def near(self, match: Match) -> Known | None:
        """Return somebody known in the sentence of `match`, whatever they do there; "at the Kayas'" is somebody too."""
        first, stop = self._reading.sentence_of(match.first)
        back = range(match.stop - 1, max(first, match.first - _WITHIN) - 1, -1)
        for index in (*back, *range(match.stop, min(stop, match.stop + _AHEAD))):
            person = self._at.get(index)
            if person and person.known:
                return Known(person.first, person.stop)
        return None

    def at(self, indexes: Iterable[int]) -> Known | None:
        """Return the first person among these words, when that is somebody known."""
        person = next((person for index in indexes if (person := self._at.get(index))), None)
        return self._known(person) if person and not person.victim else None

    def named_before(self, index: int, first: int) -> int:
        """Return where the row of persons begins that ends right before word `index`: "Kevin Maes van" a home."""
        while person := next(
            (p for at in range(index - 1, max(first, index - _JOINED) - 1, -1) if (p := self._at.get(at))), None
        ):
            if person.first >= index or not person.known:
                break
            index = max(person.first, first)
        return index

    def _meant(self, index: int, match: Match) -> Known | None:
        """Return who is meant by a word such as "he": the last person before it, else whom the rest of the text shows."""
        many = any(word in _MANY for word in self._reading.words[index + 1 : max(index + 2, match.first + 1)])
        for before in range(index - 1, max(0, index - _BACK) - 1, -1):
            person = self._at.get(before)
            if person is None or person.victim:
                continue
            if many and person.known and not person.several:
                return None
            return self._known(person, meant=True) or (Known(0, 0, True) if self._shown else None)
        if self._shown:
            return Known(0, 0, True)
        for ahead in range(match.stop, min(match.stop + _BACK, len(self._reading.words))):
            person = self._at.get(ahead)
            if person and not person.beside:
                return self._known(person, meant=True)
        return None

    def _is_he(self, index: int) -> bool:
        """Tell whether a word stands for somebody spoken of before: "he", "that man"."""
        word = self._reading.words[index]
        return word in _HE or index in self._this_one or (word == "er" and self._reading.language == "de")

    def _known(self, person: _Person, *, meant: bool = False) -> Known | None:
        return Known(person.first, person.stop, meant) if person.known else None

    def _people(self) -> Iterator[_Person]:
        """Yield everybody; of those that share words, the later counts."""
        phrases = sorted(self._clues.of("subjects"), key=lambda match: match.stop - match.first)
        for match in phrases:
            if match.rule.startswith("subjects._stranger") and match.first not in self._this_one:
                yield _Person(match.first, match.stop, False)
        for match in children.recognised(self._clues):
            if match.rule in _CHILDREN:
                yield _Person(match.first, match.stop, True)
        for span in self._clues.homes:
            if span.start is not None and span.end is not None:
                words = self._reading
                yield _Person(bisect_right(words.ends, span.start), bisect_left(words.starts, span.end), True)
        for first, stop in self._clues.names:
            joined = first > 0 and self._reading.words[first - 1] in _AND
            victim, beside = (
                (earlier.victim, earlier.beside)
                if joined and (earlier := self._at.get(first - 2))
                else self._standing(first)
            )
            owner = not joined and stop < len(self._reading.words) and self._reading.words[stop] in _OWNER
            several = joined or (first > 0 and self._reading.words[first - 1] in _SEVERAL)
            yield _Person(first, stop, True, victim, beside or (owner and self._reading.gaps[stop] < CLAUSE), several)
        plated = any(span.label == "licence_plate" for span in self._clues.things)
        for match in phrases:
            if not match.rule.startswith("subjects._") or (plated and match.rule == "subjects._driver"):
                yield _Person(match.first, match.stop, True, *self._standing(match.first))

    def _standing(self, first: int) -> tuple[bool, bool]:
        """Tell whether a person is a victim or teller, and whether only beside the deed."""
        words, gaps = self._reading.words, self._reading.gaps
        french = self._reading.language == "fr"
        while (
            first > 0
            and gaps[first] < CLAUSE
            and words[first - 1] in _ARTICLE
            and not (french and words[first - 1] == "de")
        ):
            first -= 1
        before = words[first - 1] if first and gaps[first] < SENTENCE else ""
        return before in _VICTIM, before in _BESIDE


def subjects_of(clues: Clues) -> Subjects:
    """Return whom a text speaks of, worked out once for all who ask."""
    return clues.once(Subjects)
