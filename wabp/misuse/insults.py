"""Owns finding slurs and insults, also at unknown culprits. Plain words such as thief or vandal are none."""

import re
from collections.abc import Iterator

from wabp.misuse.findings import Span
from wabp.misuse.normalise import Folded
from wabp.misuse.phrases import found

_DUTCH = (
    r"klootza(?:k|kken)|smeerla(?:p|ppen)|smeirla(?:p|ppen)|tuig|crapuul|gespuis|schorem|uitschot|geteisem|krapuul|"
    r"hufters?|eikels?|lu(?:l|llen)|mongo(?:ol|len|ols)|debie(?:l|len)|achterlijke? \w{3,20}|kneus(?:jes)?|idio(?:ot|ten)|imbecie?l\w*|"
    r"klojo'?s?|rotza(?:k|kken)|schof(?:t|ten)|schurk(?:en)?|sukkels?|trut(?:ten)?|kut\w{2,12}|hoer(?:en)?|kankerl\w{2,8}|"
    r"tyfusl\w{2,8}|teringl\w{2,8}|ratten?volk|vuile \w{3,20}|vieze? (?:junks?|zwijn\w*|beest\w*|volk)|zakkenvullers?|"
    r"(?:gore|zielige|smerige|vuile|vieze) (?:leugenaar|ratten?|honden|hond|rat|zwijnen|varkens?|junks?|profiteurs?)|"
    r"neg(?:er|ers|erin)|nikkers?|makak(?:ken)?|makaken|kutmarok\w{1,6}|bruine aap|apen volk|allemaal (?:bedriegers|dieven) dat volk|"
    r"dat volk deugt niet|rot op naar (?:je|uw) (?:eigen )?land|ga terug naar (?:je|uw) (?:eigen )?land|"
    r"de heks|die heks|flikkers?|mietjes?|kankerjood|rotjo(?:od|den)|geitenneukers?|parasieten|ongedierte|nietsnut(?:ten)?"
)
_FRENCH = (
    r"connards?|connasses?|salauds?|salopes?|encules?|racailles?|debiles?|abrutis?|cretins?|batards?|ordures?|"
    r"fils de put\w{1,2}|putes?|putain de \w{3,15}|bougnoul\w{0,3}|bicots?|negres?|negresses?|youpins?|sales? (?:arabes?|noirs?|juifs?|gitans?|"
    r"roms?|etrangers?|voleurs?|gosses?|types?|gens)|bande de \w{3,15}|vermines?|sous-hommes?|pourritures?|pedes?|tapettes?|"
    r"trisomiques? de \w{3,12}|mongols?|tocards?|parasites|retournez? dans (?:votre|ton) pays|rentrez? (?:chez vous|dans (?:votre|ton) pays)"
)
_ENGLISH = (
    r"(?:filthy |utter |complete |bloody )?scum(?:bags?)?|retards?|retarded|bastards?|assholes?|arseholes?|dickheads?|wankers?|"
    r"idiots?|morons?|cunts?|twats?|pricks?|vermin|lowlifes?|low-?lives|pikeys?|niggers?|niggas?|pakis?|chavs?|filthy \w{3,15}|"
    r"pieces? of (?:shit|trash)|son of a bitch|bitch(?:es)?|fuck(?:ing|ers?)? \w{3,15}|go back to (?:your|their) (?:own )?country"
)
_GERMAN = (
    r"arschlocher?|arschloch|mistkerle?|drecks\w{2,15}|schweine(?:hunde?)?|gesindel|abschaum|pack von \w{3,15}|idioten?|vollidioten?|"
    r"wichser|hurensohne?|scheiss\w{2,15}|kanaken?|neger|untermenschen|spasti|trottel|penner|parasiten"
)
_INSULT = re.compile(rf"\b(?:{_DUTCH}|{_FRENCH}|{_ENGLISH}|{_GERMAN})\b")
_HARMLESS = re.compile(r"\b(?:rug|rij|voer|vaar|werk|speel|naai|vis|lijn)$")


def find(folded: Folded) -> Iterator[Span]:
    """Yield each insult; a culprit is then simply somebody."""
    return found(folded, "insult_or_hate", (_INSULT,), "@culprits", unless=_HARMLESS)
