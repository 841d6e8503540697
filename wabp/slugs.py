"""Owns the short name of a group: a few plain letters for addresses and commands, made of the name."""

import re

from wabp import keywords, words

LONGEST = 20

# What stands before the name of nearly every group, and says nothing.
_BEFORE_A_NAME = re.compile(
    r"(?:(?:de |het |the |le |la |die )?"
    r"(?:buurt(?:preventie|informatie)?(?:groep|netwerk|wacht)?|whatsapp|wabp|bin|plp|groep|groupe|group|gruppe|"
    r"quartier|nachbarschaft(?:sgruppe)?|neighbou?rhood(?: watch)?) )+"
    r"(?:(?:van|de|den|het|du|des|la|le|of|the|der) )*(?=.)"
)
# Words that phones command with, besides those that `words` and `keywords` know.
_RESERVED = frozenset(
    "help aide hilfe taal langue language sprache advies conseil advice beratung chat nacht nuit night wis efface "
    "erase losche koppel lier link verbinde mijn mes my meine aan uit on off an aus demo politie police polizei".split()
)
_PLAIN = {ord("ß"): "ss", ord("æ"): "ae", ord("ł"): "l", ord("đ"): "d"}


def slug_of(name: str) -> str:
    """Return the short name that a name gives; never a word that a phone commands us with."""
    plain = keywords.fold(name).translate(_PLAIN).encode("ascii", "ignore").decode()
    found = _BEFORE_A_NAME.sub("", " ".join(re.findall(r"[a-z0-9]+", plain)), count=1).split()
    slug = "".join(found[:1])[:LONGEST]
    for word in found[1:]:
        if len(slug + word) > LONGEST:
            break
        slug += word
    return f"groep{slug}"[:LONGEST] if not re.search("[a-z]", slug) or _commands(slug) else slug


def _commands(word: str) -> bool:
    known = words.is_stop(word), words.is_start(word), keywords.is_yes(word), keywords.is_no(word)
    return word in _RESERVED or any(known) or keywords.read(word) is not None
