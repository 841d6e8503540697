"""Owns where a text may be cut: between graphemes (what a reader sees as one sign), best between words."""

import unicodedata
from collections.abc import Callable

_JOINER = "\u200d"
_WORD_SEARCH = 24


def boundaries(text: str) -> list[int]:
    """Return the positions where `text` may be cut, 0 and its length among them.

    The rules of Unicode Annex 29 that matter here: marks, joiners, skin tones, tags, flags, Hangul parts.
    """
    places = [0]
    flags = 0
    for position in range(1, len(text)):
        before, here = text[position - 1], text[position]
        flags = flags + 1 if _is_flag(before) else 0
        if _extends(here) or before == _JOINER or (before == "\r" and here == "\n"):
            continue
        if (_is_flag(here) and flags % 2 == 1) or (_is_jamo(before) and _is_jamo_tail(here)):
            continue
        places.append(position)
    if text:
        places.append(len(text))
    return places


def shorten(text: str, fits: Callable[[str], bool], ending: str) -> str:
    """Return the longest start of `text` that fits with `ending` behind it; `text` itself when it fits.

    `fits` must stay true for shorter texts. Returns "" when not even one grapheme fits.
    """
    if fits(text):
        return text
    places = boundaries(text)
    low, high = 0, len(places) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if fits(text[: places[middle]].rstrip() + ending):
            low = middle
        else:
            high = middle - 1
    cut = text[: places[low]]
    head, blank, tail = cut.rpartition(" ")
    if blank and head.strip() and len(tail) <= _WORD_SEARCH:
        cut = head
    cut = cut.rstrip()
    return cut + ending if cut else ""


def _extends(character: str) -> bool:
    point = ord(character)
    if point < 0x300:
        return False
    return (
        point in (0x200C, 0x200D)
        or 0xFE00 <= point <= 0xFE0F
        or 0x1F3FB <= point <= 0x1F3FF
        or 0xE0020 <= point <= 0xE007F
        or unicodedata.category(character).startswith("M")
    )


def _is_flag(character: str) -> bool:
    return 0x1F1E6 <= ord(character) <= 0x1F1FF


def _is_jamo(character: str) -> bool:
    point = ord(character)
    return 0x1100 <= point <= 0x11FF or 0xAC00 <= point <= 0xD7FB or 0xA960 <= point <= 0xA97F


def _is_jamo_tail(character: str) -> bool:
    point = ord(character)
    return 0x1100 <= point <= 0x11FF or 0xD7B0 <= point <= 0xD7FB
