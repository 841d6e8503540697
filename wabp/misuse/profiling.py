"""Owns finding origin, skin colour, religion used to describe or suspect somebody. Shops and plates are no persons."""

import re
from collections.abc import Iterator

from wabp.misuse.findings import Span
from wabp.misuse.normalise import Folded

_PERSON = (
    r"(?:man(?:nen)?|vrouw(?:en)?|jongens?|jongeman(?:nen)?|jongeren|meisjes?|kerels?|gasten|gast|types?|typ(?:es)?|figuren|figuur|"
    r"personen|persoon|mensen|arbeiders?|koppel|familie|gezin|bende|bendes|dieven|dief|inbrekers?|daders?|verkopers?|bestuurder|"
    r"kinderen|volk|uiterlijk|afkomst|origine|nationaliteit|uitziende?|leurders|bedelaars?|"
    r"hommes?|femmes?|jeunes?|gars|mecs?|individus?|personnes?|voleurs?|apparence|origine|"
    r"m[ae]n|wom[ae]n|guys?|lads?|boys?|girls?|males?|females?|youths?|people|person|looking|gang|couple|family|blokes?|workers?|beggars?|"
    r"mann|manner|frau(?:en)?|typen|kerle?|fahrer|jugendliche\w?|leute|bande|aussehen)"
)
_ORIGIN = (
    r"(?:pools|roemeens|bulgaars|albanees|albanes|marokkaans|turks|afrikaans|noord-afrikaans|noord-?afrikaans|oost-?europees|oost-europes|zuid-europees|"
    r"antilliaans|surinaams|syrisch|somalisch|arabisch|algerijns|tsjetsjeens|russisch|joegoslavisch|servisch|kosovaars|oekraiens|"
    r"chinees|chines|aziatisch|moslim|islamitisch|joods|zigeuner|buitenlands|allochtoon|allochton|vreemd|getint|gekleurd|donker|zwart|blank|negroid|"
    r"mediterraan|zuiders|slavisch|pakistaans|indisch|afghaans|irakees|iraaks|eritrees|congolees)e?"
)
_GROUP = (
    r"(?:marokkan(?:en|ers?)|marokkaan(?:tje|tjes)?|turken|turk|polen|roemenen|roemeen|bulgaren|bulgaar|albanezen|albanees|zigeuners?|roma'?s|syriers?|"
    r"afghanen|afghaan|antillian(?:en)?|antilliaan|surinamers?|somaliers?|oost-?europeanen|oostblokkers?|afrikanen|afrikaan|arabieren|arabier|"
    r"noord-?afrikanen|oekrainers?|russen|tsjetsjenen|negers?|negerin|islamieten|moslims?|joden|asielzoekers?|vluchtelingen|allochton(?:en)?|allochtoon|"
    r"buitenlanders?|illegalen|transmigranten|gelukszoekers|woonwagenbewoners|"
    r"maghrebins?|arabes?|roms|roumains?|bulgares|gitans?|manouches|gens du voyage|albanais|marocains?|turcs?|algeriens?|tunisiens?|musulmans?|juifs?|"
    r"africains?|immigres|etrangers|migrants|refugies|tziganes?|"
    r"gyps(?:y|ies)|romanians?|moroccans?|albanians?|muslims?|africans?|arabs?|pikeys|asylum seekers|immigrants|foreigners|eastern europeans?|travellers|"
    r"zigeuner|rumanen|bulgaren|turken|marokkaner|araber|auslander|asylanten|fluchtlinge|polen|osteuropaer|nordafrikaner)"
)
_EN_ORIGIN = (
    r"(?:black|white|asian|brown|dark|dark-?skinned|polish|romanian|bulgarian|albanian|moroccan|turkish|african|north african|arab|eastern european|"
    r"middle eastern|muslim|jewish|gypsy|foreign|foreign-looking|tanned|coloured|roma|indian|pakistani|chinese)"
)
_FR_ORIGIN = (
    r"(?:maghrebine?s?|nord-africaine?s?|arabes?|africaine?s?|noire?s?|basane(?:e|es|s)?|mate|roumaine?s?|bulgares?|albanaise?s?|marocaine?s?|turque?s?|"
    r"turcs?|d'europe de l'est|de l'est|etrangere?s?|de couleur|blancs?|blanche|slaves?|juifs?|juive|musulmane?s?|asiatiques?|gitane?s?|polonaise?s?|typee?s?)"
)
_DE_ORIGIN = (
    r"(?:sudlandisch|osteuropaisch|dunkelhautig|dunkel|arabisch|turkisch|polnisch|rumanisch|bulgarisch|afrikanisch|nordafrikanisch|schwarz|auslandisch|"
    r"albanisch|marokkanisch|fremdlandisch|judisch|muslimisch)(?:e[rsnm]?)?"
)
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b(?:\d{{1,2}} |twee |drie |vier |een |enkele |die )?{_ORIGIN} {_PERSON}\b",
        r"\b(?:oost|zuid|noord)-?(?:europe|afrik)\w{2,10} (?:type|types|uiterlijk|afkomst|man|mannen|accent)\b",
        rf"\b(?:van|met(?: een)?) {_ORIGIN} (?:afkomst|origine|uiterlijk|accent|huidskleur|gezicht)\b",
        r"\b(?:donkere|getinte|lichte|bruine|zwarte|blanke) (?:huid(?:skleur)?|kerels?|mannen|man|vrouw)\b|\bgetinte? \w{3,15}\b|\bhuidskleur\b",
        r"\b(?:vrouw|vrouwen|man|mannen|meisje|meisjes|dame|iemand|met)(?: met)?(?: een)? (?:hoofddoek\w*|boerka|nikab|djellaba|kaftan|keppel\w*|tulband)(?: en (?:een )?(?:hoofddoek\w*|boerka|nikab|djellaba|kaftan|tulband))?\b",
        rf"\b(?:(?:die|de|het zijn(?: altijd)?(?: die)?|twee|\d{{1,2}}|weer|zo'n|allemaal|les|des|deux|ces|encore des|these|those|some) )?{_GROUP}\b",
        rf"\b(?:(?:deux|trois|un|une|des|\d) )?(?:hommes?|femmes?|types?|jeunes?|gars|mecs?|individus?|personnes?|gens|voleurs?|bande|famille) (?:de type |d'origine |d'apparence |de )?{_FR_ORIGIN}\b",
        rf"\b(?:de type|d'origine|d'apparence|de race|a la peau) {_FR_ORIGIN}\b|\b(?:peau|teint) (?:noire?|mate?|foncee?|basanee?)\b|\bfemmes? voilees?\b",
        rf"\b(?:(?:two|three|a|some|group of|\d) )?{_EN_ORIGIN}(?:[ -]looking)?,? (?:m[ae]n|wom[ae]n|guys?|lads?|boys?|girls?|males?|females?|youths?|people|person|kids?|gang|couple|family|blokes?|types?|workers?|beggars?)\b",
        rf"\b(?:of )?{_EN_ORIGIN} (?:appearance|origin|descent|accent|skin)\b|\b(?:dark|brown|black|olive) skin\b|\bwom[ae]n in (?:a )?(?:headscar\w+|hijab|burqa)\b",
        rf"\b{_DE_ORIGIN} (?:aussehend\w{{0,2}} )?(?:mann|manner|frau|frauen|typ|typen|kerle?|fahrer|jugendliche\w?|leute|bande|aussehen|person|personen)\b|\bkopftuch\b",
        r"\b(?:hij|zij|dader|man|ze) (?:was|is|zijn|waren) (?:een )?(?:blank|zwart|donker|getint|bruin|gekleurd)(?= ?[,.]| en |$)",
        r"\bals het geen (?:vlamingen|belgen|nederlanders|blanken) zijn\b[^.!?\n]{0,30}|\bniet van hier\b|\bzoals al die (?:mannen|mensen|gasten) van daar\b",
    )
)
# Origin of a thing, a place or a dish is no suspicion.
_THING_BEFORE = re.compile(
    r"\b(?:plaat|kenteken|nummerplaat|restaurant|winkel|bakker\w*|moskee|synagoge|kerk|boulangerie|boucherie|plaque)(?: van)?(?: de| het)? $"
)
_THING_AFTER = re.compile(
    r" ?-?(?:winkel|supermarkt|bakker\w*|slager|restaurant|nummerpla|plaat|kenteken|moskee|kerk|school|cafe|keuken|bus\b|auto\b|wagen\b|kentekenplaat|"
    r"supermarket|shop|plate|restaurant|church|community cent|feest|straat|steenweg|plein|jas|trui|pet\b|broek|taal|les\b|cultu)"
)
_KEPT_WORD = {
    "man": "@man", "kerel": "@man", "gast": "@man", "homme": "@man", "guy": "@man", "mann": "@man",
    "vrouw": "@woman", "femme": "@woman", "woman": "@woman", "frau": "@woman",
    "familie": "@household", "gezin": "@household", "famille": "@household", "family": "@household",
}


def find(folded: Folded) -> Iterator[Span]:
    """Yield each description by origin, the widest of those that overlap."""
    spans: list[tuple[int, int]] = []
    for pattern in _PATTERNS:
        for match in pattern.finditer(folded.plain):
            before = folded.plain[max(0, match.start() - 30) : match.start()]
            after = folded.plain[match.end() : match.end() + 24]
            if not _THING_BEFORE.search(before) and not _THING_AFTER.match(after):
                spans.append(match.span())
    last = -1
    for start, end in sorted(spans, key=lambda span: (span[0], -span[1])):
        if start >= last:
            last = end
            yield Span("profiling", *folded.back(start, end), _instead(folded.plain[start:end]))


def _instead(found: str) -> str:
    for word in re.findall(r"[a-z]+", found):
        if word in _KEPT_WORD:
            return _KEPT_WORD[word]
    if found.startswith(("type ", "typ ")):
        return "@person"
    return "" if re.search(r"huid|peau|skin|teint|afkomst|uiterlijk|origin|type", found) else "@persons"
