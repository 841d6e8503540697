"""Owns seeing through bad or disguised spelling of a given vocabulary: a letter lost, doubled, swapped or put as a digit, blanks lost or added.

Only words that nobody uses are mended, and only into words of the vocabulary, so ordinary text is left as it is.
"""

import re
from collections.abc import Collection, Iterator, Sequence

from wabp.misuse import lexicon
from wabp.misuse.reading import JOINED, Reading

_SHORTEST, _LONGEST = 4, 30
_SHORTEST_MISSPELT = 6
_MOST_REMEMBERED = 20_000
# Two words as common as this are not the halves of a torn one.
_COMMON = 1e-5
_LETTERS = str.maketrans("013457@$!|€", "oieasta" + "siie")
_OTHER_ONE = str.maketrans("013457@$!|€", "oleasta" + "slle")
_MARKED = re.compile(r"[^\W_]+(?:[@$!|€*]+[^\W_]+)+")
_MARKS = "@$!|€*"
_VOWELS = "aeiou"
_REPEATED = re.compile(r"(.)\1{2,}")

# A word of the text as it is to be read: the word, its start and end in the plain text, its gap.
_Word = tuple[str, int, int, int]


class Spelling:
    """A vocabulary, and `glue`: short words that may stick to it when a blank is lost."""

    def __init__(self, vocabulary: Collection[str], glue: Collection[str]) -> None:
        self._words = frozenset(word for word in vocabulary if len(word) >= _SHORTEST)
        self._short = frozenset(vocabulary)
        self._glue = frozenset(glue)
        self._close: dict[str, str] = {}
        for word in sorted(self._words):
            if len(word) >= _SHORTEST_MISSPELT - 1:
                for key in _shortened(word):
                    self._close.setdefault(key, word)
        self._remembered: dict[str, tuple[str, ...]] = {}
        self._odd: dict[str, bool] = {}
        # A torn word has a first half that is not common, or a second one; only those pieces are worth a look.
        self._pieces = frozenset(
            piece
            for word in self._words
            if len(word) >= _SHORTEST_MISSPELT
            for cut in range(1, len(word))
            for piece in (word[:cut], word[cut:])
            if lexicon.commonness(piece) <= _COMMON
        )

    def mended(self, reading: Reading) -> Reading | None:
        """Return the reading with mended words, None when there is nothing to mend."""
        marked = any(mark in reading.plain for mark in _MARKS)
        if not marked and not self._is_odd(reading.words):
            return None
        words = list(self._with_marks(reading)) if marked else _listed(reading)
        mended: list[_Word] = []
        for word, start, end, gap in words:
            if mended and gap == JOINED and self._is_torn(mended[-1][0], word):
                before = mended.pop()
                mended.append((before[0] + word, before[1], end, before[3]))
                continue
            # The parts of a word share its letters; what sticks together is shown as one.
            mended += [(part, start, end, JOINED if number else gap) for number, part in enumerate(self._parts(word))]
        return reading.with_words(mended) if [word for word, _, _, _ in mended] != reading.words else None

    def _is_odd(self, words: Sequence[str]) -> bool:
        """True when some word is read as another, or might be a piece of one."""
        odd = self._odd
        for word in words:
            known = odd.get(word)
            if known is None:
                if len(odd) >= _MOST_REMEMBERED:
                    odd.clear()
                known = odd[word] = word in self._pieces or self._parts(word) != (word,)
            if known:
                return True
        return False

    def _parts(self, word: str) -> tuple[str, ...]:
        """Return what a word is to be read as: itself, a word of the vocabulary, or several words."""
        known = self._remembered.get(word)
        if known is None:
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            known = self._remembered[word] = self._mended(word)
        return known

    def _mended(self, word: str) -> tuple[str, ...]:
        if not _SHORTEST <= len(word) <= _LONGEST or word in self._short or word.isdigit() or lexicon.commonness(word):
            return (word,)
        for letters in (word.translate(_LETTERS), word.translate(_OTHER_ONE), _REPEATED.sub(r"\1", word)):
            if letters != word and (letters in self._short or lexicon.commonness(letters)):
                return (letters,)
        return self._unstuck(word) or (self._closest(word) or word,)

    def _closest(self, word: str) -> str | None:
        """Return the word of the vocabulary that is one letter away and starts alike."""
        if len(word) < _SHORTEST_MISSPELT - 1:
            return None
        candidates = [word, *_shortened(word)]
        for candidate in candidates:
            found = candidate if candidate in self._words else self._close.get(candidate)
            if (
                found
                and found[0] == word[0]
                and abs(len(found) - len(word)) < 2
                and len(found) >= _SHORTEST_MISSPELT - 1
            ):
                return found
        return None

    def _unstuck(self, word: str) -> tuple[str, ...]:
        """Return the words that stick together in one, when all are glue but for one of the vocabulary."""
        for cut in range(1, len(word)):
            head, tail = word[:cut], word[cut:]
            if head in self._short and (rest := self._glued(tail)):
                return (head, *rest)
            if tail in self._short and len(tail) >= _SHORTEST - 1 and (rest := self._glued(head)):
                return (*rest, tail)
        for cut in range(1, 7):
            if word[:cut] in self._glue and len(word) - cut > _SHORTEST and (rest := self._headed(word[cut:])):
                return (word[:cut], *rest)
        return ()

    def _headed(self, word: str) -> tuple[str, ...]:
        for cut in range(_SHORTEST, len(word)):
            if word[:cut] in self._words and (rest := self._glued(word[cut:])):
                return (word[:cut], *rest)
        return ()

    def _glued(self, letters: str) -> tuple[str, ...]:
        """Return up to three words of glue, or one everyday word of the vocabulary, that make up the letters."""
        if letters in self._glue or letters in self._words:
            return (letters,)
        for cut in range(1, min(len(letters), 9)):
            head, tail = letters[:cut], letters[cut:]
            if head not in self._glue:
                continue
            if tail in self._glue or tail in self._words:
                return (head, tail)
            for middle in range(1, min(len(tail), 9)):
                if tail[:middle] in self._glue and (tail[middle:] in self._glue or tail[middle:] in self._words):
                    return (head, tail[:middle], tail[middle:])
        return ()

    def _is_torn(self, before: str, word: str) -> bool:
        """True when two pieces that nobody uses make up one word of the vocabulary."""
        return (
            _SHORTEST_MISSPELT <= len(before) + len(word) <= _LONGEST
            and before + word in self._words
            and not (lexicon.commonness(before) > _COMMON and lexicon.commonness(word) > _COMMON)
        )

    def _with_marks(self, reading: Reading) -> Iterator[_Word]:
        """Yield the words, those with a mark for a letter in one piece."""
        marked = {found.start(): found for found in _MARKED.finditer(reading.plain)}
        done = 0
        for word, start, end, gap in _listed(reading):
            if start < done:
                continue
            found = marked.get(start)
            whole = self._unmarked(found.group()) if found else ""
            if found and whole:
                done = found.end()
                yield whole, start, done, gap
            else:
                yield word, start, end, gap

    def _unmarked(self, letters: str) -> str:
        """Return the word of the vocabulary that letters with marks stand for, "" when there is none."""
        if len(letters) > _LONGEST:
            return ""
        if "*" in letters:
            tries = [letters.replace("*", vowel) for vowel in _VOWELS] + [letters.replace("**", "u").replace("*", "o")]
        else:
            tries = [letters.translate(_LETTERS), letters.translate(_OTHER_ONE)]
        return next((whole for whole in tries if whole in self._short), "")


def _listed(reading: Reading) -> list[_Word]:
    return list(zip(reading.words, reading.starts, reading.ends, reading.gaps, strict=True))


def _shortened(word: str) -> Iterator[str]:
    """Yield the word without each of its letters but the first, and with each two neighbours as their sorted pair."""
    for cut in range(1, len(word)):
        yield word[:cut] + word[cut + 1 :]
