"""Owns which short messages only say "stop" or "start again", in natural wording, in four languages.

A message is one when every word of it belongs to saying so: "stop maar" is, "stop de auto" is not.
STOP with the name of a group that one is in ends all groups too: better too much silence than none.
"""

import re
import unicodedata
from collections.abc import Collection
from itertools import pairwise

_MOST_WORDS = 12

# Words that say it all by themselves.
_STOP = frozenset(
    "stop stoppen stopt stopp stopall unsubscribe uitschrijven uitschrijving uitgeschreven afmelden afmelding "
    "opzeggen deabonneren desinscrire desinscription desinscrivez desabonner desabonnement desabonnez arret arrete "
    "arretez arreter stopper abmelden abmeldung abbestellen austragen kundigen kuendigen abschalten optout".split()
)
# As above, but ordinary words as well: nothing but politeness may stand beside them.
_STOP_ALONE = frozenset("end quit cancel halt aufhoren aufhoeren ophouden genoeg assez suffit enough".split())
_START = frozenset(
    "start starten gestart herstart hervat hervatten herstarten unstop restart resume subscribe reprendre reprenez "
    "recommencer recommencez redemarrer reactiver heractiveren reactivate fortsetzen neustart neustarten".split()
)
_START_PHRASES = re.compile(
    r"(?:schrijf me weer in|schrijf mij (?:weer|terug) in|(?:weer|terug|opnieuw) (?:aan|inschrijven|aanmelden|starten)|"
    r"zet (?:me|mij|het) (?:weer|terug) aan|je veux reprendre|start again|wieder (?:anmelden|starten|an)|sign me up again)"
)
_STOP_PHRASES = re.compile(
    r"(?:(?:schrijf|meld) (?:me|mij|ons) (?:uit|af)|haal (?:me|mij) (?:eraf|er af|uit de (?:lijst|groep)|van de lijst)|"
    r"verwijder (?:me|mij|mijn nummer)(?: (?:uit|van) de (?:lijst|groep))?|laat (?:me|mij) met rust|hou(?:d)? (?:er )?mee op|"
    r"retirez moi(?: de la liste| de ce groupe| du groupe)?|enlevez moi(?: de la liste| du groupe)?|"
    r"laissez moi tranquille|opt out|opt me out|remove me(?: from (?:the|this|your) (?:list|group))?|"
    r"take me off(?: (?:the|this|your) list)?|leave me alone|sign me off|"
    r"uit te schrijven|af te melden|uitgeschreven worden|wil uit de groep|stap (?:eruit|uit de groep)|verlaat de groep|"
    r"quitte[rz]? (?:le|ce) groupe|leave (?:the|this) group|gruppe verlassen|abgemeldet werden|"
    r"melde?n? (?:sie )?mich (?:bitte )?ab|tragen sie mich (?:bitte )?aus|lasst mich in ruhe|"
    r"nehmen sie mich von der liste|hort? auf|horen sie (?:bitte )?auf)"
)
_NO = frozenset("niet geen nooit plus pas no not nicht keine kein nie sans dont never".split())
_DENYING = frozenset("niet nooit dont never not nicht pas".split())
_SENDING = frozenset(
    "sturen stuur stuurt zenden verzenden berichten bericht berichtjes sms smsen smsjes meldingen melding alerts appen "
    "appjes whatsapp envoyer envoyez messages message msg texto textos alertes alerte notifications sending send texts "
    "texting text messaging alert nachrichten nachricht schicken schickt senden sendet meldungen".split()
)
# Who, when, to whom: words that may stand around it.
_AROUND = frozenset(
    "ik wil wilt mag wij we me mij ons mijn graag zou willen liever kan kunt kunnen je jij jullie u uw gij ge ermee daarmee "
    "hiermee mee met van voor uit de het deze die dit dat alle al alles nu meteen direct onmiddellijk vanaf vandaag meer "
    "nog maar eens toch er hier groep lijst dienst nummer ontvangen krijgen hebben moet meteen naar te "
    "je veux voudrais souhaite j moi nous vous ne n de ces cette ce les des d recevoir maintenant tout tous toutes svp "
    "liste groupe numero la le l a ici m en y suis "
    "i want wish would like to d you us my the this these that from all any more getting receiving receive them it now "
    "list group number and can "
    "ich mochte moechte will wir mich mir uns sie bitte von der die das dieser diese diesen alle mehr jetzt sofort "
    "erhalten bekommen gruppe liste zu ab an".split()
)
_POLITE = frozenset(
    "aub a.u.b alstublieft alsjeblieft alsublieft asjeblieft alstublief gelieve graag please pls plz svp stp merci "
    "sil s il te vous plait veuillez bitte danke dank dankje dankjewel dankuwel dankt bedankt thanks thank thx ty mercikes u je "
    "hallo hoi dag hi hey hello bonjour salut beste guten tag sorry pardon excuses ok oke okay ja oui yes nee non no "
    "maar hoor zeg he now mvg groeten groetjes cordialement regards beleefd vriendelijk kindly just gewoon eens even "
    "meteen nu directement quand meme nur mal einfach".split()
)
_WORD = re.compile(r"[^\W_]+")


def is_stop(text: str, names: Collection[str] = ()) -> bool:
    """True when the only point of a short message is to receive nothing any more.

    A first line that says so is enough: phones add signatures. `names` of the sender's own groups may stand in it.
    """
    first = text.strip().split("\n", 1)[0]
    for name in names:
        first = re.sub(rf"\b{re.escape(name)}\b", " ", first, flags=re.IGNORECASE)
    return _asks_to_stop(text) or _asks_to_stop(first)


def _asks_to_stop(text: str) -> bool:
    words = _words(text)
    if not words or len(words) > _MOST_WORDS:
        return False
    plain = " ".join(words)
    rest, found = _STOP_PHRASES.subn(" ", plain)
    if found:
        left = set(rest.split())
        # "I do not want to leave the group" says no to the phrase; "no more texts, remove me" to the texts.
        denied = _DENYING & left and not _SENDING & left
        return not denied and _only(rest.split(), _AROUND | _POLITE | _STOP | _SENDING | _NO)
    core = [word for word in words if word not in _POLITE or word in _NO]
    if any(word in _STOP for word in words):
        return not _is_denied(words, _STOP) and _only(words, _STOP | _AROUND | _POLITE | _SENDING | _NO)
    if _only(words, _STOP_ALONE | _POLITE) and any(word in _STOP_ALONE for word in words):
        return not _is_denied(words, _STOP_ALONE)
    says_no, sends = _NO & set(core), _SENDING & set(words)
    return bool(says_no and sends) and _only(words, _NO | _SENDING | _AROUND | _POLITE)


def is_start(text: str) -> bool:
    """True when the only point of a short message is to receive again."""
    words = _words(text)
    if not words or len(words) > _MOST_WORDS:
        return False
    rest, found = _START_PHRASES.subn(" ", " ".join(words))
    known = _START | _AROUND | _POLITE | _SENDING | {"weer", "terug", "opnieuw", "again", "wieder", "encore", "back"}
    if not found and not any(word in _START for word in words):
        return False
    return not _NO & set(words) - {"no"} and _only(rest.split(), known)


def _words(text: str) -> list[str]:
    """Return lower-case words without accents; a giant text is cut, it is no short message anyway."""
    folded = unicodedata.normalize("NFKD", text[:400].casefold())
    kept = "".join(
        letter for letter in folded if not unicodedata.combining(letter) and unicodedata.category(letter) != "Cf"
    )
    kept = re.sub(r"\b([a-z])\.(?:([a-z])\.?)(?:([a-z])\.?)?(?=\W|$)", r"\1\2\3", kept.replace("’", "'"))
    words = _WORD.findall(re.sub(r"\b(don)'(t)\b", r"\1\2", kept))
    # "s t o p" and "stooop" are still stop.
    if len(words) > 2 and all(len(word) == 1 for word in words):
        words = ["".join(words)]
    words = [re.sub(r"^s+t+o+p+$", "stop", word) for word in words]
    if len(text) > 400:
        return []
    return words


def _only(words: list[str], known: frozenset[str] | set[str]) -> bool:
    return all(word in known for word in words)


def _is_denied(words: list[str], verbs: frozenset[str]) -> bool:
    """"niet stoppen", "don't stop": the word that says no stands right before the verb."""
    return any(second in verbs and first in _DENYING | {"geen", "non"} for first, second in pairwise(words))
