"""Owns finding guilt stated as fact of somebody who can be recognised, and what the sentence may say instead.

The deed is a phrase of `patterns/accusations.toml`; who does it comes from `subjects.py`. Doubt and questions acquit.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from wabp.misuse.clues import Clues
from wabp.misuse.findings import Span
from wabp.misuse.phrases import Match
from wabp.misuse.reading import CLAUSE
from wabp.misuse.subjects import Known, Subjects, subjects_of

# Between the two halves of a deed ("heeft ... gestolen") these begin another one, or tell that it was suffered.
_PARTS = frozenset(
    "dat omdat toen hoe of als nadat wie werd werden is was wordt worden que quand parce ete fait that when because ete etre "
    "ik wij we je nous vous i dass weil".split()
)
_SUFFERED = frozenset("ete est sont fait fut etre was were been being be got get gets werd werden wordt".split())
# Verbs of leaving, whose helper is "to be".
_LEFT = frozenset("parti partie partis disparu disparue file".split())
_OWN = frozenset("propre propres eigen own".split())
_AUXILIARY = frozenset("a ont avait avaient ai avons".split())
_DENIAL = frozenset(
    "niet nie geen geene nooit niemand nicht kein keine not never nobody didn doesn isn wasn jamais aucun pas "
    "ontkent ontkende ontkennen denies denied leugnet".split()
)
_EVEN_SO = frozenset("thuishouden thuis afblijven rien alleen enkel only seulement toevallig eens voor niks".split())
_BEFORE_DOER, _BEHIND_DEED = 2, 2
# Verbs that stand before a participle or a noun: what is before them says nothing of them.
_HELPERS = frozenset(
    "is was zijn waren heeft hebben had hadden a ont avait est sont has have had are were be in op en".split()
)
# Whoever does this between the name and the deed tells of it, or suffers it.
_WITNESS = frozenset(
    "zag zagen ziet zien gezien hoorde hoort meldt melden meldde meldden gemeld belde gebeld belt vraagt vroeg vragen klaagt klaagde waarschuwt "
    "waarschuwde slachtoffer getuige betrapte vond vonden vindt ontdekte ontdekten ontdekt kreeg kregen ontving verloor mist geschrokken bang zegt zei "
    "vertelt vertelde vu voit entendu signale signalent appele appelle demande constate decouvert trouve victime temoin plaint dit raconte "
    "saw sees seen heard reports reported says said called asked found caught noticed discovered witness victim told lost sah".split()
)
_THEFT = frozenset(("accusations.theft",))
_THINGS = frozenset(
    "fietsen bromfietsen brommers scooters autos pakjes pakketten pakketjes handtassen portefeuilles juwelen gereedschap koper "
    "laptops gsm kabels zonnepanelen tuinmeubelen bloembakken velos voitures colis scooters trottinettes outils bijoux sacs "
    "bikes bicycles cars parcels packages tools scooters jewellery plants wheelies purses wallets phones fahrrader pakete autos".split()
)
_STREET = re.compile(
    r"(?<![^\W_])[a-z-]{2,30}(?:straat|laan|plein|dreef|steenweg|kaai|kade|kant|strasse|platz)\b(?!,? (?:nr\.? |nummer )?\d)"
)
_HOUR = re.compile(r"\b(?:om |rond |vers |a |at |um )?\d{1,2} ?(?:[uh:] ?\d{2}|[uh]\b|uur\b| am\b| pm\b)")
_AT_THE_WHEEL = frozenset(("drunk_driving", "drunk_driver"))
_DRIVER = frozenset("bestuurder bestuurster chauffeur conducteur conductrice driver".split())
_LONGEST = 2000
# "Een gestolen fiets", "les tableaux volés": what such a word stands beside was stolen before.
_BESIDE_THING = frozenset(
    "een de het die deze dat mijn onze ons hun uw jouw ne nen a an the my our his her their that those le la les un une des ces "
    "mon ma mes nos notre ses leurs".split()
)
_FRENCH_THING = _BESIDE_THING - frozenset(("a",))
_WARNING = "accusations._warning"
_ANSWERS, _IS_CULPRIT = "accusations._answer", "accusations.is_culprit"
_ASKING = frozenset("wie qui who wer".split())
_ADDRESSED = frozenset("jij je u jullie ge gij tu te toi vous you your votre ton ik i".split())
# How many words an answer takes to name who did it.
_ANSWER = 4


def find(clues: Clues) -> Iterator[Span]:
    """Yield one span a sentence: who and what, told anew with what was stolen, street and hour only."""
    matches = clues.of("accusations")
    deeds = [match for match in matches if not match.rule.startswith("accusations._")]
    if not deeds:
        return
    subjects = subjects_of(clues)
    houses = {clues.reading.sentence_of(match.first) for match in matches if match.rule == "accusations._house"}
    if not (subjects or houses or clues.things):
        return
    acquitted = doubted(clues)
    deeds.sort(key=lambda match: (match.first, match.rule == _IS_CULPRIT, match.stop))
    for sentence, group in groupby(deeds, key=lambda match: clues.reading.sentence_of(match.first)):
        stated: list[tuple[Match, Known]] = []
        told = list(group)
        if sentence not in acquitted:
            guilty = [(match, _doer(clues, subjects, match, sentence in houses)) for match in told]
            stated = [(match, doer) for match, doer in guilty if doer and not _is_denied(clues, match, doer)]
        if stated:
            yield _span(clues, subjects, sentence, stated)
        elif answer := _answered(clues, subjects, sentence, acquitted):
            yield _span(clues, subjects, clues.reading.sentence_of(answer.first), [(told[0], answer)])


def _answered(
    clues: Clues, subjects: Subjects, sentence: tuple[int, int], acquitted: set[tuple[int, int]]
) -> Known | None:
    """Return who is named by the sentence behind a question or a deed without a doer: "Wie stal dat? Kevin Maes."."""
    reading = clues.reading
    first = sentence[1]
    if first >= len(reading.words):
        return None
    following = reading.sentence_of(first)
    words = reading.words[following[0] : following[1]]
    if following in acquitted or not _WITNESS.isdisjoint(words) or not _ADDRESSED.isdisjoint(words):
        return None
    opening = next(
        (match for match in clues.of("accusations") if match.first == first and match.rule == _ANSWERS), None
    )
    asked = not _ASKING.isdisjoint(reading.words[sentence[0] : sentence[1]]) and sentence in acquitted
    if not (opening or asked):
        return None
    known = subjects.at(range(opening.stop if opening else first, min(first + _ANSWER, following[1])))
    return known if known and _DENIAL.isdisjoint(words[:_ANSWER]) else None


def _doer(clues: Clues, subjects: Subjects, match: Match, house: bool) -> Known | None:
    """Return who is said to have done it, None when nobody can be recognised or it only looks like a deed."""
    rule = match.rule.removeprefix("accusations.")
    if rule == "done_by":
        return subjects.behind(match.stop - 1, match, 5)
    if rule == "is_culprit":
        return subjects.behind(match.stop - 1, match)
    if rule == "thief_at_home":
        return Known(0, 0) if clues.homes else None
    if rule == "names_thief":
        return subjects.near(match) or (Known(0, 0) if house else None)
    if rule == "calls_thief" and clues.reading.words[match.first - 1 : match.first] == ["c"]:
        return subjects.behind(match.stop - 1, match)
    if not _is_done(clues, match):
        return None
    if rule in _AT_THE_WHEEL and not _DRIVER.isdisjoint(clues.reading.words[match.first : match.stop]):
        return Known(0, 0) if any(span.label == "licence_plate" for span in clues.things) else subjects.of(match)
    if rule == "drugs_house":
        return subjects.near(match) or (Known(0, 0) if house else None)
    doer = subjects.of(match)
    return None if doer and not doer.meant and _only_tells(clues, match, doer) else doer


def _only_tells(clues: Clues, match: Match, doer: Known) -> bool:
    """Tell whether the person only saw, reported or suffered what comes next in the same sentence."""
    first = clues.reading.sentence_of(match.first)[0]
    return first <= doer.first < match.first and not _WITNESS.isdisjoint(clues.reading.words[doer.stop : match.first])


def _is_done(clues: Clues, match: Match) -> bool:
    """Tell whether the words say that somebody does it, not that it is suffered, denied or done by another in between."""
    reading = clues.reading
    inside = reading.words[match.first + 1 : match.stop - 1]
    if not _PARTS.isdisjoint(inside) or _is_beside_thing(match, inside, reading.words[match.stop - 1]):
        return False
    before = reading.words[max(0, match.first - 3) : match.first]
    verb = reading.words[match.first]
    if (reading.language == "fr" and "n" in before) or (
        match.rule == "accusations.damage" and not _OWN.isdisjoint(reading.words[match.stop : match.stop + 2])
    ):
        return False
    if (
        verb not in _HELPERS
        and verb not in _LEFT
        and not verb.endswith("ing")
        and not _SUFFERED.isdisjoint(before[-2:])
    ):
        return False
    if match.stop - match.first == 1:
        # "Vélo volé" tells of no thief; without accents "vole" does.
        typed = reading.typed(reading.starts[match.first], reading.ends[match.first])
        if typed.endswith(("é", "ée", "és", "ées")) and _AUXILIARY.isdisjoint(before):
            return False
    return True


def _is_beside_thing(match: Match, inside: Sequence[str], last: str) -> bool:
    """Tell whether the participle that ends a match says of a thing that it was stolen or broken before."""
    if not inside or match.rule not in ("accusations.theft", "accusations.damage"):
        return False
    dutch = inside[-1] in _BESIDE_THING and last.startswith("ge")
    return dutch or (last.endswith(("e", "es", "ee", "ees")) and inside[0] in _FRENCH_THING and inside[0] != "des")


def _is_denied(clues: Clues, match: Match, doer: Known) -> bool:
    """Tell whether a "not" stands between who and what, or right around them. "Pas" denies in French only."""
    reading = clues.reading
    first, stop = reading.sentence_of(match.first)
    low = doer.first if first <= doer.first < match.first and doer.stop else match.first
    for _ in range(_BEFORE_DOER):
        if low > first and reading.gaps[low] < CLAUSE:
            low -= 1
    high = match.stop
    while high < min(stop, match.stop + _BEHIND_DEED) and reading.gaps[high] < CLAUSE:
        high += 1
    for index in range(low, high):
        word = reading.words[index]
        following = reading.words[index + 1] if index + 1 < len(reading.words) else ""
        dutch = word == "pas" and (reading.language == "nl" or following == "op")
        if word in _DENIAL and following not in _EVEN_SO and not dutch:
            return True
    return False


def doubted(clues: Clues) -> set[tuple[int, int]]:
    """Return the sentences that ask or suspect, without the words that make a question or a doubt a claim."""
    reading = clues.reading
    found = {rule: set[tuple[int, int]]() for rule in ("accusations._hedge", "accusations._sure")}
    for match in clues.of("accusations"):
        if match.rule in found:
            found[match.rule].add(reading.sentence_of(match.first))
    asked = set[tuple[int, int]]()
    for first, stop in reading.sentences:
        behind = reading.plain[reading.ends[stop - 1] : reading.starts[stop] if stop < len(reading.words) else None]
        if "?" in behind:
            asked.add((first, stop))
    return (found["accusations._hedge"] | asked) - found["accusations._sure"]


def _span(clues: Clues, subjects: Subjects, sentence: tuple[int, int], stated: list[tuple[Match, Known]]) -> Span:
    reading = clues.reading
    first = min(match.first for match, _ in stated)
    stop = max(match.stop for match, _ in stated)
    for _, doer in stated:
        if sentence[0] <= doer.first < doer.stop <= sentence[1]:
            first, stop = min(first, doer.first), max(stop, doer.stop)
    first = _warned(clues, subjects.named_before(first, sentence[0]))
    rule = stated[0][0].rule
    instead = f"{_retold(clues, sentence, {match.rule for match, _ in stated})}|{_where(clues, sentence)}"
    return Span("accusation", reading.starts[first], reading.ends[stop - 1], instead, rule)


def _warned(clues: Clues, first: int) -> int:
    """Return where the warning begins that ends at word `first`, else `first`."""
    matches = clues.of("accusations")
    return next((match.first for match in matches if match.rule == _WARNING and match.stop == first), first)


def _retold(clues: Clues, sentence: tuple[int, int], rules: set[str]) -> str:
    """Return the key of what to say: that bicycles are stolen when one plain word names them, else that something was."""
    if not rules & _THEFT:
        return "@neutral"
    reading = clues.reading
    for index in range(*sentence):
        if reading.words[index] in _THINGS:
            return f"@stolen:{reading.typed(reading.starts[index], reading.ends[index])}"
        if reading.words[index] == "auto" and reading.words[index + 1 : index + 2] == ["s"]:
            return "@stolen:auto's"
    return "@theft"


def _where(clues: Clues, sentence: tuple[int, int]) -> str:
    """Return street and hour that the sentence names, as typed; a house number is somebody's home."""
    reading = clues.reading
    start = reading.starts[sentence[0]]
    part = reading.plain[start : min(reading.ends[sentence[1] - 1], start + _LONGEST)]
    kept = [found for found in (_STREET.search(part), _HOUR.search(part)) if found]
    return ", ".join(reading.typed(start + found.start(), start + found.end()) for found in kept)
