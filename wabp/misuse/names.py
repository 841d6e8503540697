"""Owns finding private persons by name: which candidates are names is weighed, what kind of name each is comes with it.

The weights are learned by `tools/train-names`; a feature's name tells what it stands for.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files

from wabp.misuse import signatures
from wabp.misuse.name_candidates import Sight, candidates, is_glued
from wabp.misuse.name_features import before, features
from wabp.misuse.reading import CLAUSE, JOINED, Reading
from wabp.misuse.word_kinds import (
    ARTICLE,
    DOES,
    FIRST,
    FUNCTION,
    LAST,
    MAYBE_LAST,
    NAMED,
    OFFICER,
    ORGANISATION,
    OWNER,
    PARTICLE,
    RARE,
    TOWN,
)

# However plain it looks, below this too much speaks against it.
CLEARLY_NOT = -3.5
_LONGEST_ROLE = 5
# With a capital inside a sentence these open a family name; "De" opens names of shops as well.
_OPENS_FAMILY = frozenset("van vande vanden vander el ben".split())


def find(
    reading: Reading, places: Sequence[tuple[int, int]], taken: Collection[int]
) -> Iterator[tuple[int, int, str]]:
    """Yield each person's name as words (first, stop) and the rule that found it; `taken` words belong to other things."""
    sight = Sight(reading, {*taken, *(index for first, stop in places for index in range(first, stop))})
    for first, stop in candidates(sight):
        if _is_name(sight, first, stop) and not is_left_alone(sight, first, stop):
            yield first, stop, f"person_name.{_rule(sight, first, stop)}"


def is_left_alone(sight: Sight, first: int, stop: int) -> bool:
    """True for names that are not reported: officers in function, pets and storms, and the sender's own signature."""
    ahead = before(sight, first)
    return (
        ahead.startswith("officer")
        or bool(sight.kinds[first] & OFFICER)
        or (ahead == "thing" and stop - first <= 2)
        or _is_firm(sight, first, stop)
        or _is_officer(sight, first, stop)
        or signatures.signs(sight.reading, first, stop)
    )


def _is_firm(sight: Sight, first: int, stop: int) -> bool:
    """True for "Claeys & Zonen" and "Marks & Spencer": of what an ampersand joins, one is nobody's first name."""
    reading, words = sight.reading, sight.words
    for left, right in ((stop - 1, stop), (first - 1, first)):
        if left < 0 or right >= len(words) or "&" not in reading.plain[reading.ends[left] : reading.starts[right]]:
            continue
        if not (sight.kinds[left] & FIRST and sight.kinds[right] & FIRST):
            return True
    return False


def _is_name(sight: Sight, first: int, stop: int) -> bool:
    if stop - first == 1 and not sight.capital[first] and is_glued(sight.words[first]):
        return True
    weights = _weights()
    total = weights["bias"]
    for feature in features(sight, first, stop):
        total += weights.get(feature, 0.0)
    return total > weights["threshold"] or (total > CLEARLY_NOT and is_plainly_one(sight, first, stop))


def is_plainly_one(sight: Sight, first: int, stop: int) -> bool:
    """True for a first and a last name with capitals, for "les Van Roosbroeck" and for "de zoon van Maes"."""
    head, tail = sight.kinds[first], sight.kinds[stop - 1]
    if not sight.capital[first]:
        return False
    # "Rosaria Di Stefano": behind a particle any name is the family's.
    family = LAST | MAYBE_LAST | (FIRST if sight.kinds[stop - 2] & PARTICLE and sight.capital[stop - 2] else 0)
    if stop - first > 1 and head & FIRST and not head & ORGANISATION and tail & family and sight.capital[stop - 1]:
        return True
    ahead = before(sight, first)
    if stop - first > 1 and sight.words[first] in _OPENS_FAMILY and sight.capital[stop - 1] and tail & (NAMED | RARE):
        return ahead != "start" and not ahead.startswith(("at", "building", "organisation"))
    if ahead == "title" and head & RARE and not head & TOWN:
        return True
    return ahead.startswith(("kin", "title")) and bool(head & NAMED) and not head & (TOWN | FUNCTION)


def _is_officer(sight: Sight, first: int, stop: int) -> bool:
    """True for "Jan Peeters, wijkagent in Gent," and "onze wijkagent, Jan Peeters,": both are said in one breath."""
    gaps, kinds = sight.gaps, sight.kinds
    parted = stop == len(kinds) or gaps[stop] != JOINED
    if parted and first and gaps[first] == CLAUSE and kinds[first - 1] & OFFICER:
        return True
    if stop == len(kinds) or gaps[stop] != CLAUSE:
        return False
    role = stop + (stop + 1 < len(kinds) and bool(kinds[stop] & (ARTICLE | OWNER)))
    behind = role + 1
    while behind < min(len(kinds), role + _LONGEST_ROLE) and gaps[behind] == JOINED and not kinds[behind] & DOES:
        behind += 1
    return bool(kinds[role] & OFFICER) and (behind == len(kinds) or gaps[behind] != JOINED)


def _rule(sight: Sight, first: int, stop: int) -> str:
    ahead = before(sight, first)
    if ahead == "title":
        return "titled"
    if ahead.startswith("kin"):
        return "kinship"
    if stop - first > 1 and not sight.kinds[first] & PARTICLE:
        return "full"
    return "first_only" if sight.kinds[first] & FIRST else "surname"


@cache
def _weights() -> Mapping[str, float]:
    """Return how much each feature speaks for a name, with "bias" and "threshold"."""
    given: dict[str, float] = json.loads((files("wabp.misuse") / "name_weights.json").read_text(encoding="utf-8"))
    return given
