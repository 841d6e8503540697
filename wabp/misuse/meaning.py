"""Owns a small trained model of what a sentence is about: for what no pattern says in so many words.

A sentence is a bag of words, of beginnings and ends of long words, and of the lists of the patterns that its words are
in; what names somebody or something counts only as such, so the model knows nobody. A label is found when the weights of
what is in the bag add up to more than its bound; for what concerns a whole text, all of it is one sentence. Weights and
bounds come from `tools/train-meaning` and the labelled texts of this project.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import sqrt

from wabp.misuse import addresses
from wabp.misuse.clues import Clues
from wabp.misuse.findings import Span
from wabp.misuse.phrases import phrases

# What can be said of one sentence, and what of the text as a whole. Hate and profiling are not among them: a bag of words
# cannot tell them from speech against them, or a white man from a white shoe.
OF_SENTENCE = (
    "home_address",
    "photo_request",
    "vigilantism",
    "accusation",
    "minor",
    "health",
)
OF_TEXT = ("urgent_no_call", "offtopic")
LABELS = (*OF_SENTENCE, *OF_TEXT)
# Words to put instead of the sentence, by label, as the patterns of that label have them.
_INSTEAD: Mapping[str, str | None] = {"vigilantism": "@distance", "photo_request": "@photos", "accusation": "@neutral|"}
_CALLS = frozenset(("vigilantism", "photo_request"))
_MINOR = frozenset(("#minor", "@name"))
_CHILD_LISTS = frozenset(f"children.{name}" for name in ("child", "few", "small", "class", "code"))
_LONGEST = 400
_LONG_WORD, _BEGINNING, _ENDING = 7, 5, 5
_OLDEST_MINOR = 17
# A word has about this many features, so that most numbers of a bag stay near one.
_SCALE = 2.0


@dataclass(frozen=True, slots=True)
class Model:
    """`weights` gives, for each feature, a number for each label; `base` what each starts from; `bounds` what it must pass.

    `least` is what words must at least add for any label of a sentence, and for any of a text.
    """

    base: Sequence[float]
    bounds: Sequence[float]
    least: tuple[float, float]
    weights: Mapping[str, Sequence[tuple[int, float]]]


def find(clues: Clues, known: frozenset[str]) -> Iterator[Span]:
    """Yield findings of labels that are not `known` for this text yet, at most one a label."""
    reading = clues.reading
    words = tokens(clues)
    if not words:
        return
    bounds = model().bounds
    found: dict[str, tuple[float, int, int]] = {}
    for first, stop in reading.sentences:
        row = words[first : min(stop, first + _LONGEST)]
        for number, score in enumerate((_scores(row, 0) or ())[: len(OF_SENTENCE)]):
            label = OF_SENTENCE[number]
            if score > bounds[number] and label not in known and _may_be(label, row):
                found[label] = max(found.get(label, (score, first, stop)), (score, first, stop))
    for label, (_, first, stop) in found.items():
        if label == "home_address":
            # Where somebody lives is a number in a street, whatever the sentence sounds like.
            if home := addresses.open_home(reading, clues.places, first, stop):
                yield home
            continue
        start, end = reading.starts[first], reading.ends[stop - 1]
        yield Span(label, start, end, _INSTEAD.get(label, ""), f"{label}.drift")
    scores = _scores(words[:_LONGEST], 1)
    for number in range(len(OF_SENTENCE), len(LABELS) if scores else 0):
        if scores and scores[number] > bounds[number] and LABELS[number] not in known:
            yield Span(LABELS[number], None, None, None, f"{LABELS[number]}.drift")


def _may_be(label: str, row: Sequence[str]) -> bool:
    """A call that is spoken against is none; and without a child, or words that one is described with, there is no minor."""
    if label in _CALLS:
        return not phrases().speaks_against(row)
    if label == "minor":
        return any(word in _MINOR or not _CHILD_LISTS.isdisjoint(phrases().lists_of(word)) for word in row)
    return True


def tokens(clues: Clues) -> list[str]:
    """Return the words, with a mark in the place of whatever names somebody or something."""
    words = [word if not word.isdigit() else _number(word) for word in clues.reading.words]
    for mark, rows in (("@place", clues.places), ("@name", clues.names)):
        for first, stop in rows:
            words[first:stop] = [mark] * (stop - first)
    return words


def bag(words: Sequence[str]) -> dict[str, float]:
    """Return the features of a row of words with how much each counts: long rows weigh no more than short ones."""
    distinct = set(words)
    found: dict[str, float] = {}
    for word in distinct:
        for feature in _of_word(word):
            found[feature] = found.get(feature, 0.0) + 1.0
    scale = _scale(len(distinct))
    return {feature: count * scale for feature, count in found.items()}


def _of_word(word: str) -> Iterator[str]:
    """Yield the features of a word: itself, its beginning and end when it is long, and the lists that hold it."""
    yield word
    if len(word) >= _LONG_WORD:
        yield f"{word[:_BEGINNING]}-"
        yield f"-{word[-_ENDING:]}"
    for name in phrases().lists_of(word):
        yield f"<{name}>"


def _scale(words: int) -> float:
    return 1 / (_SCALE * sqrt(words)) if words else 0.0


def _number(digits: str) -> str:
    return "#minor" if len(digits) < 3 and 0 < int(digits) <= _OLDEST_MINOR else "#"


def _scores(words: Sequence[str], kind: int) -> list[float] | None:
    """Return how much a row of words speaks for each label of a kind: 0 those of a sentence, 1 those of a text.

    None says that no label can pass its bound: the words would not do even if all spoke for the same one.
    """
    known = [_weights_of(word)[kind] for word in set(words)]
    scale = _scale(len(known))
    if sum(most for most, _ in known) * scale < model().least[kind]:
        return None
    sums = [0.0] * len(LABELS)
    for _, pairs in known:
        for label, weight in pairs:
            sums[label] += weight
    return [base + total * scale for base, total in zip(model().base, sums, strict=True)]


_Weights = tuple[float, tuple[tuple[int, float], ...]]
_remembered: dict[str, tuple[_Weights, _Weights]] = {}
_MOST_REMEMBERED = 50_000


def _weights_of(word: str) -> tuple[_Weights, _Weights]:
    """Return what a word adds to labels of a sentence and of a text, all its features together, and the most of it."""
    known = _remembered.get(word)
    if known is None:
        if len(_remembered) >= _MOST_REMEMBERED:
            _remembered.clear()
        sums: dict[int, float] = {}
        for feature in _of_word(word):
            for label, weight in model().weights.get(feature, ()):
                sums[label] = sums.get(label, 0.0) + weight
        of_sentence = tuple(pair for pair in sums.items() if pair[0] < len(OF_SENTENCE))
        of_text = tuple(pair for pair in sums.items() if pair[0] >= len(OF_SENTENCE))
        known = _remembered[word] = (_most(of_sentence), of_sentence), (_most(of_text), of_text)
    return known


def _most(pairs: Sequence[tuple[int, float]]) -> float:
    return max((weight for _, weight in pairs if weight > 0), default=0.0)


@cache
def model() -> Model:
    """Return the trained model."""
    stored = json.loads((files("wabp.misuse") / "meaning.json").read_text(encoding="utf-8"))
    weights = {
        feature: tuple((int(label), weight) for label, weight in pairs.items())
        for feature, pairs in stored["weights"].items()
    }
    needed = [bound - base for bound, base in zip(stored["bounds"], stored["base"], strict=True)]
    least = min(needed[: len(OF_SENTENCE)]), min(needed[len(OF_SENTENCE) :])
    return Model(stored["base"], stored["bounds"], least, weights)
