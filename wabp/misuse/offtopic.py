"""Owns noticing chatter that has its own place. A word of safety outweighs it, unless the text is plainly an advert or a party."""

from collections.abc import Iterator, Sequence

from wabp.misuse import children
from wabp.misuse.clues import Clues
from wabp.misuse.findings import Span

# Pleasantries are chatter only when there is little else in the text.
_PLEASANT = frozenset(f"offtopic.{name}" for name in ("greeting", "thanks", "small_talk", "joke"))
# Marks of chatter that count only together.
_SIGNS = frozenset(f"offtopic._{name}" for name in ("ask", "leisure", "own_life"))
_MERRY = frozenset(
    "😂🤣😅😀😄😁😃😉😊🙂😍🥰😘😋🤪😜🎉🎊🥳🎂🎁🍻🍺🥂🍷🍕🍟🎄🎅🎃☀🌞🌸💐🌷❤💕💙💚😎🤡⚽🏀🧇🍓🐱🐶🐈🐕👏🙏💪🧘🎶🎵✌🤗"
)
# What a missing child wears is not lost.
_LOST = frozenset(("offtopic.lost_pet", "offtopic.lost_thing"))
_SMALL = frozenset(
    "a ah alles alvast an and c d dat de des eens en er erg est et for ge gij heel here het i ik in is it ja je jou jullie la le les maar me mij moi much nog och of oh om one ons onze ook op pour so that the this to tot tout trop u un une veel very voor was we weet wel wij you zo".split()
)
# Families of phrases that are no chatter.
_GRAVE = ("accusations", "vigilantism", "images", "profiling", "urgency")
# "Wie komt er mee?" invites to acts that have a finding of their own.
_INVITING = frozenset(f"offtopic.{name}" for name in ("party", "sale", "small_talk", "lost_thing", "giveaway"))
_ACTS = ("vigilantism", "images", "profiling", "accusations")
# A joke may be about the police.
_JOKE = "offtopic.joke_told"
# So many kinds of chatter outweigh a word of safety.
_OUTWEIGHS = 3
_LITTLE_ELSE = 0.6
_SHORT = 12


def find(clues: Clues) -> Iterator[Span]:
    """Yield at most one finding, about the whole text."""
    rule = _chatter(clues)
    if rule:
        yield Span("offtopic", None, None, None, rule)


def _chatter(clues: Clues) -> str:
    """Return the rule that tells best why a text is chatter, "" when it is not."""
    words = clues.reading.words
    if not words:
        return "offtopic.reaction" if clues.reading.plain.strip() else ""
    matches = clues.of("offtopic")
    rules = [match.rule for match in matches if not match.rule.startswith("offtopic._")]
    if any(rule in _LOST for rule in rules) and children.recognised(clues):
        rules = [rule for rule in rules if rule not in _LOST]
    strong = list(dict.fromkeys(rule for rule in rules if rule not in _PLEASANT))
    pleasant = list(dict.fromkeys(rule for rule in rules if rule in _PLEASANT))
    if _JOKE in strong:
        return _JOKE
    if strong and is_about_safety(clues):
        return strong[0] if len(strong) >= _OUTWEIGHS else ""
    if strong and not (len(strong) == 1 and strong[0] in _INVITING and _speaks_of(clues, _ACTS)):
        return strong[0]
    if not (pleasant or matches or len(words) <= _SHORT) or is_about_safety(clues):
        return ""
    idle = {index for match in matches for index in range(match.first, match.stop)}
    idle.update(index for index, word in enumerate(words) if word in _SMALL)
    if (pleasant and len(idle) >= _LITTLE_ELSE * len(words)) or (len(words) <= _SHORT and len(idle) == len(words)):
        return pleasant[0] if pleasant else "offtopic.reaction"
    signs = {match.rule for match in matches if match.rule in _SIGNS}
    merry = not _MERRY.isdisjoint(clues.reading.text)
    at_home = any(match.rule == "offtopic._setting" for match in matches)
    if (
        "offtopic._leisure" in signs
        and not at_home
        and len(signs) + len(pleasant) + merry > 1
        and not _speaks_of(clues, _GRAVE)
    ):
        return "offtopic.small_talk"
    return ""


def is_about_safety(clues: Clues) -> bool:
    """Tell whether a text holds words of danger, crime, services in trouble or the watch itself."""
    said = any(match.rule == "offtopic._safety" for match in clues.of("offtopic"))
    return said or _speaks_of(clues, ("accusations",))


def _speaks_of(clues: Clues, families: Sequence[str]) -> bool:
    return any(not match.rule.startswith(f"{family}._") for family in families for match in clues.of(family))
