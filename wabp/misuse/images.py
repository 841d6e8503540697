"""Owns finding pictures of people that are asked for, announced or pointed at; what is kept for the police is none."""

from collections.abc import Iterator

from wabp.misuse.clues import Clues
from wabp.misuse.findings import Span
from wabp.misuse.phrases import Match

_FAMILY = "images"
_HINT, _ASK, _NOBODY = f"{_FAMILY}._", f"{_FAMILY}.ask_images", f"{_FAMILY}.ask_nobody"


def find(clues: Clues) -> Iterator[Span]:
    """Yield one call for pictures, the widest or the question, of each sentence."""
    sentences: dict[tuple[int, int], list[Match]] = {}
    for match in clues.of(_FAMILY):
        sentences.setdefault(clues.reading.sentence_of(match.first), []).append(match)
    hints = {first: {match.rule.removeprefix(_HINT) for match in found} for (first, _), found in sentences.items()}
    for (first, stop), found in sentences.items():
        call = _call(found, hints[first], clues.reading.is_asked(first))
        if call and not _is_harmless(hints[first], hints.get(stop, set())):
            yield clues.span(call, "photo_request")


def _call(found: list[Match], hints: set[str], asked: bool) -> Match | None:
    """Return the call for pictures of a sentence: a phrase, or else words that make one together."""
    phrases = [match for match in found if not match.rule.startswith(_HINT) and (asked or match.rule != _NOBODY)]
    if phrases:
        return max(phrases, key=lambda match: (asked and match.rule == _ASK, match.stop - match.first))
    rule = _told_together(hints, asked)
    pictures = [match for match in found if match.rule == f"{_HINT}picture"]
    if not rule or not pictures:
        return None
    others = [match for match in found if match.rule in (f"{_HINT}share", f"{_HINT}recognise")]
    ends = [pictures[0], *others]
    return pictures[0]._replace(
        rule=f"{_FAMILY}.{rule}",
        first=min(match.first for match in ends),
        stop=max(match.stop for match in ends),
    )


def _told_together(hints: set[str], asked: bool) -> str:
    people = "of_people" in hints
    if "share" in hints and (people or "to_group" in hints):
        return "post_images"
    if "recognise" in hints and people:
        return "point_at_images"
    return "ask_images" if asked and "asked" in hints and "camera" in hints else ""


def _is_harmless(hints: set[str], behind: set[str]) -> bool:
    """True when the pictures go to the police, as this sentence or the one behind says, or show no person."""
    to_group = "to_group" in hints and "not_to_group" not in hints
    if to_group and "of_people" in hints:
        return False
    if "of_swindlers" in hints:
        return True
    if "to_police" in hints or ("to_police" in behind and not to_group):
        return True
    if "of_things" in hints and "of_suspects" not in hints:
        return True
    return "of_some_thing" in hints and hints.isdisjoint({"of_people", "of_suspects"})
