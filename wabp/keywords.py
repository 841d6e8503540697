"""Owns the words that a phone commands with, and what an answer in a dialogue means, in four languages.

    MEEDOEN molenwijk KVRT   joining a group; KVRT is the code on a group's page
    AANVRAAG KVRT            proving an application or an appointment
    TAAL fr                  another language
    NACHT UIT                urgent alerts wait for the morning too; NACHT AAN ends that

Capitals, accents, punctuation and politeness around them do not matter. A sentence that only holds such a
word is no command. Owns how all words are compared: small, without accents.
"""

import re
import unicodedata
from dataclasses import dataclass

# How joining is written in each language: what a page or an answer tells somebody to send.
JOIN = {"nl": "MEEDOEN", "fr": "REJOINDRE", "en": "JOIN", "de": "BEITRETEN"}
APPLY = {"nl": "AANVRAAG", "fr": "DEMANDE", "en": "APPLY", "de": "ANTRAG"}
LANGUAGE = {"nl": "TAAL", "fr": "LANGUE", "en": "LANGUAGE", "de": "SPRACHE"}

# Codes have no vowels, so that no word comes out, and none of I, O, Q, U, Y, which are misheard or misread.
CODE_LETTERS, CODE_LENGTH = "BCDFGHJKLMNPRSTVWXZ", 4

# A name of a group has no more words than this; what has more is a sentence.
_MOST_GROUP_WORDS = 5
_MOST_ANSWER_WORDS = 14
_LONGEST_READ = 400


@dataclass(frozen=True, slots=True)
class Join:
    """Somebody wants to join the group of these words, which may be none. The keyword tells the language."""

    language: str
    group_words: str
    code: str | None


@dataclass(frozen=True, slots=True)
class Apply:
    """Somebody proves an application or an appointment by its code; `code` is None when it was left out."""

    language: str
    code: str | None


@dataclass(frozen=True, slots=True)
class Language:
    """Somebody wants another language. `wanted` is None when it is none of ours."""

    wanted: str | None


@dataclass(frozen=True, slots=True)
class Night:
    """Somebody wants to be left alone at night (`quiet`), also by urgent alerts, or no longer."""

    quiet: bool


@dataclass(frozen=True, slots=True)
class CodeAlone:
    """Nothing but what could be the code of a page."""

    code: str


Command = Join | Apply | Language | Night | CodeAlone

_CODE = re.compile(f"[{CODE_LETTERS.lower()}]{{{CODE_LENGTH}}}")
_JOIN = {"meedoen": "nl", "meedoe": "nl", "rejoindre": "fr", "rejoins": "fr", "join": "en", "beitreten": "de"}
# Keyboards correct the word to two.
_JOIN_IN_TWO = {"mee doen": "nl", "doe mee": "nl"}
_APPLY = {word.lower(): language for language, word in APPLY.items()}
_LANGUAGE = frozenset(map(str.lower, LANGUAGE.values()))
_NIGHT = {
    **dict.fromkeys(("nacht uit", "nachts uit", "nuit off", "nuit non", "night off", "nacht aus", "nachts aus"), True),
    **dict.fromkeys(("nacht aan", "nachts aan", "nuit on", "nuit oui", "night on", "nacht an", "nachts an"), False),
}
_LANGUAGES = {
    **dict.fromkeys("nl nederlands neerlandais dutch niederlandisch vlaams flamand flemish".split(), "nl"),
    **dict.fromkeys("fr frans francais french franzosisch".split(), "fr"),
    **dict.fromkeys("en engels anglais english englisch".split(), "en"),
    **dict.fromkeys("de duits allemand german deutsch".split(), "de"),
}

_POLITE = frozenset(
    """
    aub alstublieft alsjeblieft alstublief asjeblieft graag gelieve please pls plz svp stp sil s il vous te plait
    bitte merci beaucoup danke sehr dank dankjewel dankuwel bedankt wel thanks thank you thx u je hoor hallo hoi dag
    goedendag goeiedag goedemorgen goedemiddag goedenavond hey hi hello bonjour bonsoir salut guten tag morgen abend
    beste groeten groetjes mvg cordialement regards ok oke okay
    """.split()
)
_WISHING = frozenset(
    """
    ik wij we wil willen wilt zou kan ja yes oui yep voudrais veux aimerais souhaite souhaiterais nous i want would
    like to d ich wir mochte moechte mochten will gerne gern
    """.split()
)
_LINKING = frozenset(
    """
    met aan bij in van de het groep buurtgroep le la les au a groupe the with group der die das dem gruppe
    """.split()
)

_YES = frozenset(
    """
    ja jaa jaaa jah jep jawel jazeker jaja yes yess yep yeah yup oui ouais jawohl jup jo ok oke okay okee akkoord
    accoord daccord accord agreed einverstanden zeker natuurlijk tuurlijk uiteraard absoluut prima sure certainly
    volontiers certainement absolument naturlich naturlijk gerne gern graag klopt
    """.split()
)
_NO = frozenset("nee neen nein non no nope niet geen nooit pas jamais not never nicht kein keine nie liever".split())
_NO_FIRST = frozenset("nee neen nein non no nope nah geen liever pas".split())
# After these somebody goes on to say something else than yes.
_BUT = frozenset(
    """
    maar but mais aber behalve sauf except ausser mits als if si wenn falls misschien maybe peut vielleicht
    """.split()
)
_ASKING = frozenset(
    """
    wie wat waar waarom wanneer hoe hoeveel welke who what where why when how which qui quoi pourquoi quand comment
    combien quel quelle wer was wo warum wann wieviel welche
    """.split()
)

_NONE_OF_THESE = re.compile(
    r"(?:geen|geen van (?:deze|die|allen?)(?: straten)?|een andere(?: straat)?|andere(?: straat)?|nee|neen|"
    r"aucune?|aucune de ces rues|aucune d entre elles|une autre(?: rue)?|autre|non|"
    r"none|none of (?:these|them|those)|another(?: one| street)?|other|no|"
    r"keine|keine (?:davon|dieser(?: strassen)?|von diesen)|eine andere(?: strasse)?|nein)"
)
_CHOICE = re.compile(
    r"(?:het |de |le |la |the |die |das )?(?:nr|nummer|no|n|numero|number|keuze|choix|option|straat|rue)? ?(\d{1,3})"
)

_WHO = frozenset("wie qui who wer welke quels quelles which welche".split())
_INSIDE = re.compile(
    r"\b(?:lid|leden|ledenlijst|membres?|members?|mitglied(?:er)?|dabei|drin|zit|zitten|"
    r"(?:in|of) (?:de|die|deze|dat|this|that|the|der|dieser|diese) (?:buurt)?(?:groep|group|gruppe|lijst|list|liste)|"
    r"(?:dans|partie de) (?:le|ce|la|cette) (?:groupe|liste)|(?:doet|doen) (?:er )?(?:allemaal |nog |al )*mee|"
    r"(?:fait|font) partie|macht mit|machen mit|(?:is|are|s) (?:already |else |all )*in|erin|erbij)\b"
)
_RUNNING = frozenset("leidt coordinator coordinateur koordinator gere dirige runs leads leitet beheerder".split())


def read(text: str) -> Command | None:
    """Return the command that a message gives, or None when it is none."""
    words = words_of(text)
    inner = _without_politeness(words)
    if not inner:
        return None
    if len(inner) == 1 and _CODE.fullmatch(inner[0]) and inner[0].upper() in text:
        return CodeAlone(inner[0].upper())
    plain = " ".join(inner)
    if plain in _NIGHT:
        return Night(_NIGHT[plain])
    return _apply(inner) or _language(inner) or _join(inner)


def fold(text: str) -> str:
    """Return small letters without accents, as everything here is compared."""
    folded = unicodedata.normalize("NFKD", text.casefold().replace("œ", "oe").replace("ø", "o"))
    kept = (letter for letter in folded if not unicodedata.combining(letter) and unicodedata.category(letter) != "Cf")
    return "".join(kept)


def is_yes(text: str) -> bool:
    """True when a short answer agrees and adds no condition, question or denial."""
    words = words_of(text)
    said = [word for word in words if word not in _POLITE or word in _YES]
    if not said or len(words) > _MOST_ANSWER_WORDS or "?" in text:
        return False
    if (_NO | _BUT | _ASKING) & set(words):
        return False
    return said[0] in _YES or said[:2] in (["d", "accord"], ["bien", "sur"], ["of", "course"], ["in", "orde"])


def is_no(text: str) -> bool:
    """True when a short answer declines."""
    words = [word for word in words_of(text) if word not in _POLITE]
    return bool(words) and len(words) <= _MOST_ANSWER_WORDS and words[0] in _NO_FIRST and "?" not in text


def is_none_of_these(text: str) -> bool:
    """True when an answer to a list says that nothing in it fits."""
    return _NONE_OF_THESE.fullmatch(" ".join(_without_politeness(words_of(text)))) is not None


def choice(text: str) -> int | None:
    """Return the number that an answer to a list picks: "2", "nr. 2", "2 aub"."""
    found = _CHOICE.fullmatch(" ".join(_without_politeness(words_of(text))))
    return int(found.group(1)) if found else None


def asks_who_is_in(text: str) -> bool:
    """True when somebody asks who is in a group, or whether somebody is."""
    words = words_of(text)
    plain = " ".join(words)
    if _RUNNING & set(words) or not _INSIDE.search(plain):
        return False
    return bool(_WHO & set(words)) or ("?" in text and not {"ik", "je", "i", "ich"} & set(words))


def _join(words: list[str]) -> Join | None:
    start = next((n for n, word in enumerate(words) if word not in _WISHING | _POLITE), 0)
    rest = words[start:]
    if language := _JOIN_IN_TWO.get(" ".join(rest[:2])):
        return _joined(language, rest[2:])
    if rest and (language := _JOIN.get(rest[0])):
        return _joined(language, rest[1:])
    # "Ich möchte der Gruppe Molenwijk beitreten": the verb comes last.
    if start and len(rest) > 1 and (language := _JOIN.get(rest[-1])) in {"nl", "de"}:
        return _joined(language or "", rest[:-1])
    return None


def _joined(language: str, words: list[str]) -> Join | None:
    code = words[-1].upper() if words and _CODE.fullmatch(words[-1]) else None
    name = _without_politeness(words[:-1] if code else words)
    while name and name[0] in _LINKING and len(name) > 1:
        name = name[1:]
    return Join(language, " ".join(name), code) if len(name) <= _MOST_GROUP_WORDS else None


def _apply(words: list[str]) -> Apply | None:
    if words[0] not in _APPLY or len(words) > 2:
        return None
    code = words[1] if len(words) == 2 else None
    if code is not None and len(code) != CODE_LENGTH:
        return None
    return Apply(_APPLY[words[0]], code.upper() if code else None)


def _language(words: list[str]) -> Language | None:
    if words[0] not in _LANGUAGE or len(words) > 2:
        return None
    return Language(_LANGUAGES.get(words[1]) if len(words) == 2 else None)


def words_of(text: str) -> list[str]:
    """Return folded words; a giant text is cut, it is no command anyway."""
    plain = fold(text[:_LONGEST_READ]).replace("’", "'")
    # "a.u.b." and "s.v.p." are one word each.
    plain = re.sub(r"\b([a-z])\.([a-z])\.([a-z])\b\.?", r"\1\2\3", plain)
    return re.findall(r"[^\W_]+", plain)


def _without_politeness(words: list[str]) -> list[str]:
    first, last = 0, len(words)
    while first < last and words[first] in _POLITE:
        first += 1
    while last > first and words[last - 1] in _POLITE:
        last -= 1
    return words[first:last]
