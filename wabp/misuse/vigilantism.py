"""Owns finding calls to catch, hold, follow, confront or patrol; what the police do, or what is advised against, is none."""

import re
from collections.abc import Iterator

from wabp.misuse.findings import Span
from wabp.misuse.normalise import Folded
from wabp.misuse.phrases import NEGATED, found

_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        r"\b(?:we|wij|ik|gaan we|laten we|kom)\b[^.!?\n]{0,25}\b(?:pakken|grijpen|klem(?:rijden)?|achtervolgen|opwachten|aftuigen|vasthouden|"
        r"patrouilleren|erachteraan|er ?achteraan)\b",
        r"\b(?:pak|grijp|hou|houd|houdt|volg|achtervolg|spreek|schop|sla|rijd|rij|blokkeer) (?:hem|haar|ze|die (?:gast|kerel|bus|auto|dief|man|witte|zwarte|grijze)|de dief)\b[^.!?\n]{0,30}",
        r"\b(?:sla|schop|klop|ram|breek) ik (?:ze|hem|haar|die|zijn)\b[^.!?\n]{0,30}",
        r"\b(?:een lesje|lesje) leren\b|\bhanden afkappen\b|\bburgerwacht\b|\bknokploeg\b|\beigen rechter\b|\bweg te jagen\b",
        r"\b(?:zelf|samen) (?:gaan )?(?:patrouilleren|patrouille|rondes? (?:doen|lopen|rijden)|wacht houden)\b|\bgaan zelf (?:patrouilleren|zoeken|op ronde)\b",
        r"\b(?:hou|houd|houden) (?:ik |we |wij )?de wacht\b|\balle mannen naar (?:hier|buiten)\b|\b(?:de )?straat blokkeren\b",
        r"\bzoek (?:eens )?uit waar hij woont\b|\b(?:ga|gaan|sta) [^.!?\n]{0,20}voor (?:zijn|haar|hun) deur staan\b|\bbanden laten aflopen\b|\bbanden (?:gaan )?leksteken bij\b",
        r"\b(?:zeg|zeggen) (?:hem|haar) (?:maar |allemaal |eens )*wat (?:je|ge)\b[^.!?\n]{0,30}|\bbel(?:t|len)? (?:maar |allemaal )?eens aan\b|\beens bij hem aanbellen\b",
        r"\b(?:knuppels?|honkbalknuppel|bat|baton|batte|schlager)\b[^.!?\n]{0,20}\b(?:klaar\w*|mee|voor|with)\b|\bwith a bat\b|\bmaten mee\b|\bhonden los\b",
        r"\bspreek ze erop aan\b|\bhelp (?:mee )?zoeken\b|\bwie gaat er mee\b",
        r"\b(?:on va|on le|on les|je vais|je le|je les|je lui|je leur|venez)\b[^.!?\n]{0,20}\b(?:attrap\w{1,4}|coinc\w{1,4}|bloqu\w{1,4}|frapp\w{1,4}|tabass\w{1,4}|"
        r"casse (?:la|les|lui)|poursuiv\w{1,4}|suivre|choper|chope)\b[^.!?\n]{0,30}",
        r"\bfaire des rondes (?:nous|entre)\b[^.!?\n]{0,20}|\bprenez des batons\b|\bje le croise je\b[^.!?\n]{0,30}|\battrapez-(?:le|la|les)\b|\bsuivez(?:-le| cette| la)\b",
        r"\b(?:let's|lets|we should|we'll|i'll|i will|i'm going to|gonna|who's up for|going round to)\b[^.!?\n]{0,25}\b(?:grab|catch|get|follow(?:ing)?|chase|beat|block|confront|"
        r"teach|patrol|his place|sort him|smash|kick)\b[^.!?\n]{0,30}",
        r"\b(?:follow|grab|chase|catch|hold) (?:him|her|them|that (?:van|car|guy))\b[^.!?\n]{0,30}|\bteach (?:him|them) a lesson\b|\bfind out where (?:he|she|they) lives?\b",
        r"\b(?:schnappen wir|wir schnappen|haltet ihn|verfolgt|folgt (?:ihm|dem)|kommt alle raus|verprugel\w{1,3}|burgerwehr|packt ihn)\b[^.!?\n]{0,30}",
    )
)
_POLICE = re.compile(r"\b(?:politie|police|polizei|wijkagent|patrouille|ploeg|agenten)\b[^.!?\n]{0,50}$")


def find(folded: Folded) -> Iterator[Span]:
    """Yield each call to act oneself; the rewrite says to keep away and call."""
    for span in found(folded, "vigilantism", _PATTERNS, "@distance", unless=NEGATED):
        start = span.start or 0
        if not _POLICE.search(Folded(folded.text[max(0, start - 60) : start]).plain):
            yield span
