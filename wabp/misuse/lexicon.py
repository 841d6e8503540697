"""Owns the lists in `words/`, the names of countries (from Babel) and how common a word is (from wordfreq).

All are read when first needed.
"""

import gzip
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from itertools import chain, zip_longest
from pathlib import Path

import msgpack
from anyascii import anyascii
from babel import localedata

LANGUAGES = ("nl", "fr", "en", "de")
# Longer codes are of continents and regions.
_COUNTRY_CODE = 2


class _Letters(dict[int, str]):
    """Each character in our lower-case letters, spelled out when it is first met."""

    def __missing__(self, code: int) -> str:
        letters = self[code] = anyascii(chr(code)).lower()
        return letters


_LETTERS = _Letters()


def plain(text: str) -> str:
    """Return words of a list in the letters that a `Reading` has; other alphabets are spelled in ours."""
    return text.lower() if text.isascii() else text.translate(_LETTERS)


@cache
def sections(name: str) -> Mapping[str, frozenset[str]]:
    """Return the plain words of `words/<name>.txt` by [section], those before the first under ""; "_" becomes a blank."""
    found: dict[str, set[str]] = {"": set()}
    section = ""
    for line in (files("wabp.misuse") / "words" / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[] ")
            found.setdefault(section, set())
        elif not line.startswith("#"):
            found[section].update(plain(word).replace("_", " ") for word in line.split())
    return {section: frozenset(words) for section, words in found.items()}


@cache
def listed(name: str) -> frozenset[str]:
    """Return the plain words of all sections of `words/<name>.txt`."""
    return frozenset().union(*sections(name).values())


@cache
def countries() -> frozenset[str]:
    """Return the plain names of countries in our languages."""
    return frozenset(
        plain(name.split("(")[0].strip())
        for language in LANGUAGES
        for code, name in localedata.load(language, merge_inherited=False)["territories"].items()
        if len(code) == _COUNTRY_CODE
    )


def _ranks(language: str) -> Sequence[Sequence[str]]:
    """Return the words of a language by rank: those of rank 350 make up 10 to the power of -3.50 of a text.

    The file is read as it lies in wordfreq, whose import takes a tenth of a second for cutting texts in fifty languages.
    """
    package = find_spec("wordfreq")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("wordfreq")
    packed = Path(package.origin).with_name("data") / f"small_{language}.msgpack.gz"
    ranks: list[list[str]]
    _, *ranks = msgpack.unpackb(gzip.decompress(packed.read_bytes()))
    return ranks


@cache
def _frequencies() -> dict[str, float]:
    """How often each plain word stands in the texts of the language that uses it most."""
    found: dict[str, float] = {}
    ranks = zip_longest(*map(_ranks, LANGUAGES), fillvalue=())
    # The words of one rank are equally frequent; the most frequent ones come last and count.
    for rank, words in reversed(list(enumerate(ranks))):
        spelled = [word if word.isascii() else plain(word) for word in chain.from_iterable(words)]
        found.update(dict.fromkeys(spelled, 10 ** (-rank / 100)))
    return found


def commonness(word: str) -> float:
    """Return the share of words in ordinary texts that are this one, 0 when it is rare."""
    return _frequencies().get(word, 0.0)
