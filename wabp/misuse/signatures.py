"""Owns where the sender signs: behind a closing, beside the role of coordinator, or alone at the end. Not misuse."""

from wabp.misuse.reading import CLAUSE, JOINED, SENTENCE, Reading
from wabp.misuse.word_kinds import DOES, TITLE, kinds

# Whoever stands behind a greeting signs; whoever stands right behind thanks is thanked, unless a mark parts them.
_GREETINGS = frozenset(
    "groet groeten groetjes groetjess grtjs grtz grtn gr mvg vrgr vg lg mfg kr cordialement amicalement salutations bav "
    "amities bisous regards wishes sincerely xx xxx gruss grusse vriendelijk hoogachtend getekend signe".split()
)
_THANKS = frozenset("dank danku dankje bedankt merci thanks thank thx cheers best beste danke tot soiree journee weekend avond".split())
_FROM = frozenset("van vanwege from von de".split())
_ROLES = frozenset(
    "beheer beheerder beheerster groepsbeheerder appbeheerder moderator admin bin plp wabp responsable contactpersoon "
    "referent referente wijkverantwoordelijke".split()
)
_ROLE_STEMS = ("coord", "koordinator", "beheer", "tregisseur", "kregisseur", "moderat", "verantwoordelijke")
# Who speaks for a group signs: "Henk van de buurtpreventie".
_GROUPS = frozenset(
    "buurtpreventie buurtapp buurtwacht buurtteam buurtcomite wijkraad wijkteam wijkcomite whatsappgroep appgroep groep team comite bestuur "
    "comite quartier groupe watch committee group nachbarschaftshilfe gruppe".split()
)
_FOR = _FROM | frozenset("pour voor namens for fur".split())
_AS = frozenset("als comme as".split())
_FORMER = frozenset("vorige ex oud voormalige voormalig gewezen vroegere ancien ancienne former old previous ehemalige".split())
# A coordinator who tells or asks something is named in that role.
_TELLS = frozenset(
    "vraagt meldt zegt laat herinnert roept deelt stuurt geeft demande signale rappelle invite asks says reports reminds fragt sagt meldet".split()
)
# Behind a sentence that speaks of one of these, a full name says who it is.
_POINTED_AT = (
    "dader dief dieven inbrek verdenk verdacht schuldig steel stal deal bedrieg oplicht voleur vole coupable auteur soupconn suspect escroc "
    "thief thieves burglar culprit steal stole dieb tater"
).split()
_AND = frozenset("en et and und".split())
# "Tot dan, Rita De Smedt", "À bientôt, Luc".
_FAREWELLS = frozenset("tot a see bis bonne fijne prettige alvast bien vriendelijke met avec kind kindest with warm hartelijke".split())
_LONGEST_FAREWELL = 4
_ROLE_WITHIN, _ROLE_BEFORE = 4, 7
_MOST_BEHIND = 9


def signs(reading: Reading, first: int, stop: int) -> bool:
    """True when the sender, or a coordinator named as contact, stands at these words."""
    return (
        _has_role(reading, first, stop)
        or _closes(reading, first, stop)
        or _stands_alone(reading, first, stop)
        or _speaks_for(reading, first, stop)
        or _is_own(reading, first, stop)
    )


def _has_role(reading: Reading, first: int, stop: int) -> bool:
    words, gaps = reading.words, reading.gaps
    if _closes_with_role(reading, first, stop) or _is_second_of_two(reading, first):
        return True
    if first and gaps[first] != SENTENCE and _is_role(words[first - 1]) and len(words[first - 1]) > 4:
        return first < 2 or words[first - 2] not in _FORMER
    parted = False
    for index in range(stop, min(stop + _ROLE_WITHIN, len(words))):
        parted = parted or gaps[index] != JOINED or "-" in reading.plain[reading.ends[index - 1] : reading.starts[index]]
        # A full stop parts a signature from its role only when a line does too; the one of "Wim V., coordinator" is an initial's.
        dotted = index == stop and reading.plain[reading.ends[stop - 1] : reading.starts[stop]].startswith(".,")
        if not dotted and gaps[index] == SENTENCE and "\n" not in reading.plain[reading.ends[index - 1] : reading.starts[index]]:
            return False
        if words[index] in _AS or kinds()[words[index]] & DOES:
            return False
        if parted and _is_role(words[index]):
            behind = index + 1
            return behind >= len(words) or words[behind] in _TELLS or not kinds()[words[behind]] & DOES
    return False


def _is_second_of_two(reading: Reading, first: int) -> bool:
    """True for the last name of "coordinatoren Ton en Mieke" and of "your coordinators Tracy & Sven"."""
    words, before = reading.words, first - 1
    if before < 2:
        return False
    if words[before] in _AND:
        before -= 1
    elif "&" not in reading.plain[reading.ends[before] : reading.starts[first]]:
        return False
    return before > 0 and _is_role(words[before - 1]) and len(words[before - 1]) > 4


def _closes_with_role(reading: Reading, first: int, stop: int) -> bool:
    """True for a last sentence such as "De coördinator van BIN Heide, Annelies Wouters" and "Your coordinator, Mrs. Van Damme"."""
    words, gaps = reading.words, reading.gaps
    if stop != len(words):
        return False
    start = first
    while start and (gaps[start] != SENTENCE or kinds()[words[start - 1]] & TITLE) and first - start <= _ROLE_BEFORE:
        start -= 1
    ahead = words[start:first]
    if CLAUSE not in gaps[start + 1 : first + 1] or any(kinds()[word] & DOES for word in ahead):
        return False
    return any(map(_is_role, ahead[:_ROLE_WITHIN])) and words[start] not in _FORMER


def _is_role(word: str) -> bool:
    return word in _ROLES or word.startswith("coord") or (len(word) > 6 and any(stem in word for stem in _ROLE_STEMS))


def _closes(reading: Reading, first: int, stop: int) -> bool:
    words, gaps = reading.words, reading.gaps
    before = first - 1
    if before >= 0 and words[before] in _FROM and gaps[first] == JOINED:
        before -= 1
    if len(words) == stop + 2 and words[stop] in _AND:
        stop += 2
    if before < 0 or len(words) - stop > _MOST_BEHIND or (stop < len(words) and gaps[stop] == JOINED and words[stop] not in _AND):
        return False
    # "Groeten, Ronald en Petra".
    if before > 1 and words[before] in _AND and gaps[before] == JOINED and words[before - 2] in _GREETINGS | _THANKS:
        before -= 2
    if words[before] in _GREETINGS:
        return True
    return words[before] in _THANKS and gaps[before + 1] != JOINED and stop == len(words)


def _stands_alone(reading: Reading, first: int, stop: int) -> bool:
    """True for a last sentence, or line, that is nothing but the name; behind a question a name is the answer."""
    words, gaps = reading.words, reading.gaps
    if not first:
        return False
    if first > 2 and words[first - 1] in _AND and gaps[first - 2] != JOINED and gaps[first - 1] == JOINED:
        first -= 2
    elif len(words) == stop + 2 and words[stop] in _AND and CLAUSE not in gaps[stop:] and SENTENCE not in gaps[stop:]:
        stop += 2
    # "Tot dan, Rita De Smedt".
    if stop == len(words) and gaps[first] == CLAUSE and _is_farewell(reading, first):
        return True
    if stop != len(words) or gaps[first] != SENTENCE:
        return False
    several = any(word in _AND for word in words[first:stop])
    if several and "?" not in reading.plain[reading.ends[first - 1] : reading.starts[first]]:
        return True
    gap = reading.plain[reading.ends[first - 1] : reading.starts[first]]
    hyphened = "-" in reading.plain[reading.starts[first] : reading.ends[stop - 1]]
    # Who signs in full seldom puts a full stop behind the name.
    bare = not reading.plain[reading.ends[stop - 1] :].strip() and not _points(reading, first)
    return "\n" in gap or ("?" not in gap and (stop - first == 1 or hyphened or bare))


def _is_farewell(reading: Reading, first: int) -> bool:
    """True when the last sentence is a short goodbye up to the name."""
    start = first - 1
    while start and reading.gaps[start] != SENTENCE:
        start -= 1
    return first - start <= _LONGEST_FAREWELL and reading.words[start] in _FAREWELLS


def _points(reading: Reading, first: int) -> bool:
    """True when the sentence before this word speaks of a culprit."""
    start = first - 1
    while start and reading.gaps[start] != SENTENCE:
        start -= 1
    return any(word.startswith(tuple(_POINTED_AT)) for word in reading.words[start:first])


def _speaks_for(reading: Reading, first: int, stop: int) -> bool:
    """True for a last sentence such as "Marc pour le PLP" and "Els voor het BIN-team"."""
    words, gaps = reading.words, reading.gaps
    if not first or gaps[first] != SENTENCE or not stop < len(words) <= stop + _ROLE_WITHIN:
        return False
    return words[stop] in _FOR and SENTENCE not in gaps[stop:] and any(_is_role(word) or word in _GROUPS for word in words[stop:])


def _is_own(reading: Reading, first: int, stop: int) -> bool:
    """True for "aan mij, Henk,"."""
    words, gaps = reading.words, reading.gaps
    if not first or (stop < len(words) and gaps[stop] == JOINED):
        return False
    return gaps[first] == CLAUSE and words[first - 1] in {"mij", "moi", "mir", "me", "ikzelf", "ondergetekende", "soussigne"}
