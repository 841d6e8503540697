"""Owns how many SMS parts a text takes: GSM-7 (160, then 153 a part) or UCS-2 (70, then 67 a part).

Alphabet and sizes: 3GPP TS 23.038 and 23.040.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# Each of these is sent as an escape and a letter, so it costs two.
_EXTENDED = frozenset("^{}\\[~]|€\f")
_CLOSE = {
    "‘": "'", "’": "'", "‚": ",", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "´": "'", "`": "'",
    "–": "-", "—": "-", "‑": "-", "…": "...", "·": "-", "•": "-", "⁄": "/", "×": "x",
    "\u00a0": " ", "\u202f": " ", "\u2009": " ", "œ": "oe", "Œ": "OE", "ł": "l", "Ł": "L", "đ": "d", "ı": "i",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Segments:
    """What a text costs by SMS: its alphabet, units used, parts, and the characters that force UCS-2."""

    encoding: Literal["GSM-7", "UCS-2"]
    units: int
    parts: int
    culprits: tuple[str, ...]


def count(text: str) -> Segments:
    """Return what `text` costs by SMS; an empty text is one part."""
    culprits = tuple(dict.fromkeys(character for character in text if not _in_gsm(character)))
    if culprits:
        sizes = [len(character.encode("utf-16-be", "surrogatepass")) // 2 for character in text]
        return Segments("UCS-2", sum(sizes), _pack(sizes, 70, 67), culprits)
    sizes = [2 if character in _EXTENDED else 1 for character in text]
    return Segments("GSM-7", sum(sizes), _pack(sizes, 160, 153), ())


def simplify(text: str) -> str:
    """Return `text` with each character outside GSM-7 changed to one that reads alike inside it, where there is one."""
    return "".join(character if _in_gsm(character) else _close(character) for character in text)


def affordable(text: str) -> str:
    """Return `text` in letters that read alike at half the price, or as it is when one of them has no such letter."""
    simple = simplify(text)
    return simple if all(map(_in_gsm, simple)) else text


def _in_gsm(character: str) -> bool:
    return character in _BASIC or character in _EXTENDED


def _close(character: str) -> str:
    """Marks may go from a letter; a sign that is several, such as a half, is written out."""
    parts = unicodedata.normalize("NFKD", _CLOSE.get(character, character))
    plain = "".join(_CLOSE.get(part, part) for part in parts if not unicodedata.combining(part))
    return plain if plain and all(map(_in_gsm, plain)) else character


def _pack(sizes: Iterable[int], single: int, part: int) -> int:
    """A pair (escape and letter, or surrogates) is never cut in two, so a part may stay one unit short."""
    sizes = list(sizes)
    if sum(sizes) <= single:
        return 1
    parts, used = 1, 0
    for size in sizes:
        if used + size > part:
            parts, used = parts + 1, 0
        used += size
    return parts
