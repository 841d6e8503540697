"""Owns the first and last names that Faker collects from many countries, spelled in our letters.

They are read from the sources of Faker's person providers as text: importing Faker takes a quarter of a second and builds
generators that nobody asks for.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from wabp.misuse.lexicon import plain

# Where people of Belgium and the Netherlands have their names from, as far as Faker writes them in full.
_LOCALES = (
    "nl_BE nl_NL fr_BE fr_FR fr_CH fr_CA fr_DZ de_DE de_AT de_LU en_GB en_US en_IN en_PK en_NG en_KE es_ES es_MX it_IT "
    "pt_PT pt_BR pl_PL ro_RO hu_HU cs_CZ sk_SK hr_HR sl_SI bg_BG ru_RU uk_UA el_GR hy_AM ka_GE sv_SE da_DK no_NO fi_FI et_EE "
    "lt_LT lv_LV tr_TR az_AZ id_ID vi_VN zh_CN ko_KR tw_GH yo_NG ig_NG ha_NG sw zu_ZA"
).split()
# "    first_names_male: Tuple[str, ...] = (" opens a list of names, a method ends the last one.
_ATTRIBUTE = re.compile(r"^    (\w+)(?:: .+?)? = ", re.MULTILINE)
_METHOD = re.compile(r"^    (?:def|@)", re.MULTILINE)
_NAME = re.compile(r'"([^"{}\n]+)"')
# What has no vowel in our letters nobody would type.
_WORD = re.compile(r"[a-z]*[aeiouy][a-z]*")


@dataclass(frozen=True, slots=True)
class Registers:
    """Plain words that are first names, and words that are last names."""

    first: frozenset[str]
    last: frozenset[str]


@cache
def registers() -> Registers:
    """Return the words of all names."""
    texts: dict[str, list[str]] = {"first": [], "last": []}
    for source in _sources():
        for kind, names in _names(source):
            texts[kind] += names
    return Registers(**{kind: _words(names) for kind, names in texts.items()})


def _sources() -> Iterator[str]:
    faker = find_spec("faker")
    for folder in (faker.submodule_search_locations or ()) if faker else ():
        for locale in _LOCALES:
            path = Path(folder, "providers", "person", locale, "__init__.py")
            if path.is_file():
                yield path.read_text(encoding="utf-8")


def _names(source: str) -> Iterator[tuple[str, list[str]]]:
    end = _METHOD.search(source)
    parts = _ATTRIBUTE.split(source[: end.start()] if end else source)
    for attribute, listed in zip(parts[1::2], parts[2::2], strict=True):
        kind = "first" if "first_name" in attribute else "last" if "last_name" in attribute else None
        if kind:
            yield kind, _NAME.findall(listed)


def _words(names: list[str]) -> frozenset[str]:
    """Return the words of names, single letters apart."""
    return frozenset(_WORD.findall(plain("\n".join(names)))).difference("aeiouy")
