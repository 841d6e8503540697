"""Owns whether the writer of a short message says to be under age, in four languages.

Read from what they say of themselves, never guessed: a house number is no age, nor are years of living
somewhere, and the age of a child of theirs is not their own.
"""

import re

from wabp import keywords

# Nobody younger than this writes to us about it; smaller numbers count other things.
_YOUNGEST = 5
# A longer sentence says its years of something else.
_MOST_WORDS = 6

_NUMBERS = {
    **{word: 8 + count for count, word in enumerate(
        "acht negen tien elf twaalf dertien veertien vijftien zestien zeventien achttien".split()
    )},
    **{word: 8 + count for count, word in enumerate("huit neuf dix onze douze treize quatorze quinze seize".split())},
    **{word: 8 + count for count, word in enumerate(
        "eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen".split()
    )},
    **{word: 8 + count for count, word in enumerate(
        "acht neun zehn elf zwolf dreizehn vierzehn funfzehn sechzehn siebzehn achtzehn".split()
    )},
}
_YEARS = r"(?:jaar|jaren|jr|j|ans?|years?|yrs?|yo|y|jahre?)"
_ME = (
    r"\b(?:ik ben|ben ik|ben|i am|i m|im|am|ich bin|bin|j ai|jai|n ai|ai je|ik word|je suis agee? de|aged|leeftijd|"
    r"mon age|age|alter)"
)
_FILL = (
    r"(?P<fill>(?: (?:maar|pas|nog|net|slechts|just|only|still|nur|erst|noch|gerade|seulement|que|encore|juste|zelf|"
    r"eigenlijk|actually|now|nu|ook|auch|aussi|is|est|ist|c|al|already|deja|schon))*)"
)
_OWN = re.compile(rf"{_ME}{_FILL} (?P<age>\d{{1,2}})\b(?P<years> {_YEARS}\b)?(?P<rest>.*)")
_FOR_LONG = frozenset("al already deja schon".split())
# What may follow the years of an age; anything else makes them a duration: "16 jaar getrouwd".
_AFTER_AGE = frozenset(
    """
    oud old alt jong young jung of en and et und maar but mais aber dus so donc also mag kan may can kann puis peux
    is hoor nu now maintenant jetzt seulement only pas nur
    """.split()
)
# What makes a number with nothing behind it count something else: "ik ben 10 minuten weg".
_COUNTED = re.compile(
    r" (?:minut\w*|min|uur|uren|hours?|heures?|h|stunden?|dag|dagen|days?|jours?|tage?|week|weken|weeks?|semaines?|"
    r"wochen?|maand\w*|months?|mois|monate?|km|m|meters?|metres?|straten|streets?|rues|strassen|huizen|houses?|"
    r"maisons?|hauser|keer|x|times|fois|mal|kinderen|kids|children|enfants|kinder|euro)\b"
)
_OLD = re.compile(rf"\b(?P<age>\d{{1,2}}) (?P<years>{_YEARS})\b(?: (?P<old>oud|old|alt|of age))?")
_OTHERS = frozenset(
    """
    zoon zoontje dochter dochtertje kind kinderen broer broertje zus zusje neef kleinkind fils fille enfant enfants
    frere soeur son daughter kid kids brother sister child children sohn tochter kinder bruder schwester hij zij
    elle he she
    """.split()
)
_LIVING = frozenset(
    """
    woon wonen woonde werk werken sinds reeds geleden lang habite habitons travaille depuis live lived living work
    worked for since ago wohne wohnen arbeite seit vor lange getrouwd samen
    """.split()
)
_MINOR = re.compile(r"\b(?:minderjarige?|mineure?|underage|under age|a minor|minderjahrig)\b")
_NO_MINOR = re.compile(
    r"\b(?:niet|geen|pas|plus|not|no longer|nicht|kein) (?:meer |een |a |une? |mehr )?(?:minder|mineur|under|minor)"
)
_NOT_YET = (
    r"nog (?:geen|niet)|ben (?:geen|niet)|(?:n ai|ai) pas(?: encore)?|pas encore|(?:m|am) not(?: yet)?|not yet|"
    r"noch (?:keine|nicht)|bin (?:keine|nicht)|onder de|jonger dan|moins de|plus jeune que|under|younger than|"
    r"unter|junger als|bijna|presque|bientot|almost|nearly|fast|bald|binnenkort"
)
_BECOMING = r"ik word|word ik|j aurai|i turn|turning|i ll be|i will be|ich werde|werde ich"


def says_minor(text: str, minimum_age: int) -> bool:
    """True when the writer says to be younger than `minimum_age`."""
    words = keywords.words_of(re.sub(r"(\d)\s*(?=[^\W\d_])", r"\1 ", text))
    plain = " ".join(str(_NUMBERS.get(word, word)) for word in words)
    # "dix-sept", "dix-huit"
    plain = re.sub(r"\b10 sept\b", "17", plain).replace("10 8", "18")
    of_another = bool(_OTHERS & set(words))
    if _MINOR.search(plain):
        return not of_another and not _NO_MINOR.search(plain)
    not_yet = rf"\b(?:{_NOT_YET}) {minimum_age}\b(?! (?:straten|minuten|km|m)\b)"
    becoming = rf"\b(?:{_BECOMING})\b[a-z ]{{0,30}} {minimum_age}\b"
    if not of_another and re.search(f"{not_yet}|{becoming}", plain):
        return True
    return _own_age(plain, minimum_age) or (not of_another and _years_alone(plain, minimum_age))


def _own_age(plain: str, minimum_age: int) -> bool:
    """Tell whether somebody gives their own age, too young: "ik ben pas 16", "j'ai 15 ans"."""
    for found in _OWN.finditer(plain):
        rest = found["rest"]
        if not _YOUNGEST <= int(found["age"]) < minimum_age or (not found["years"] and _COUNTED.match(rest)):
            continue
        follows = rest.split()[:1]
        goes_on = bool(follows) and follows[0] not in _AFTER_AGE
        for_long = bool(_FOR_LONG & set(found["fill"].split()))
        if not goes_on or not (found["years"] or for_long):
            return True
    return False


def _years_alone(plain: str, minimum_age: int) -> bool:
    """Tell whether an age stands there without saying of whom: "17 jaar", but not "I live here 10 years"."""
    words = plain.split()
    for found in _OLD.finditer(plain):
        if not _YOUNGEST <= int(found["age"]) < minimum_age:
            continue
        most = 2 if found["years"] in {"j", "y"} else _MOST_WORDS
        if found["old"] or not ((_LIVING | _FOR_LONG) & set(words) or len(words) > most):
            return True
    return False
