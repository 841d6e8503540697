"""Owns every sentence that leaves by phone, plus error and finding texts, in four languages.

The sentences are data: `wording/<language>/<topic>.toml`. A key is the topic and the path inside its
file, such as `answers.stopped` or `alert.category.burglary`. Pages have their own catalogues (gettext).
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files

LANGUAGES = ("nl", "fr", "en", "de")
DEFAULT_LANGUAGE = "nl"

# Line feed is the one control character that people type on purpose.
_KEPT_CONTROLS = {"\n"}
_ZERO_WIDTH_JOINER = "\u200d"
_SLOT = re.compile(r"\{([a-z_]+)\}")


def say(key: str, language: str, **values: object) -> str:
    """Return the sentence `key` in `language`, its {slots} filled once.

    Values are never read as a template, so a text that holds braces stays as it is.
    Raises KeyError for an unknown key or a slot without a value: both are bugs, not input.
    """
    sentence = catalogue(language)[key]
    return _SLOT.sub(lambda slot: str(values[slot.group(1)]), sentence)


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """Return all sentences of one language by key. Raises KeyError for a language we do not have."""
    if language not in LANGUAGES:
        raise KeyError(language)
    folder = files("wabp") / "wording" / language
    sentences: dict[str, str] = {}
    for entry in folder.iterdir():
        if entry.name.endswith(".toml"):
            topic = entry.name.removesuffix(".toml")
            sentences.update(_flatten(topic, tomllib.loads(entry.read_text(encoding="utf-8"))))
    return sentences


def _flatten(prefix: str, table: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flatten(f"{prefix}.{name}", value)
        else:
            yield f"{prefix}.{name}", str(value)


def clean(text: str) -> str:
    """Return typed text without what nobody can see: controls, bidi marks, zero-width characters.

    The result is NFC, has line feeds only, and no blank at either end. A joiner inside an emoji stays.
    """
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " "))
    kept = [
        character
        for position, character in enumerate(text)
        if character in _KEPT_CONTROLS
        or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn"}
        or _joins_emoji(text, position)
    ]
    return "".join(kept).strip()


def _joins_emoji(text: str, position: int) -> bool:
    """A zero-width joiner between two symbols draws one emoji, such as a family; elsewhere it only hides."""
    if text[position] != _ZERO_WIDTH_JOINER or not 0 < position < len(text) - 1:
        return False
    return all(
        unicodedata.category(neighbour) in {"So", "Sk", "Mn"}
        for neighbour in (text[position - 1], text[position + 1])
    )
