"""Owns noticing that a crime or danger is happening now while no word says that 101 or 112 was called."""

import re

from wabp.misuse.findings import Span
from wabp.misuse.normalise import Folded, sentences

_SERVICE = r"(?:101|112|politie|brandweer|ambulance|ambu|hulpdiensten|police|pompiers|secours|cops|fire brigade|polizei|feuerwehr|notruf|ziekenwagen|911|999)"
_CALLED = re.compile(
    rf"\b{_SERVICE}\b[^.!?\n]{{0,40}}\b(?:gebeld|verwittigd|ingelicht|gecontacteerd|op de hoogte|ter plaatse|onderweg|aanwezig|"
    rf"komt|komen|is er|zijn er|er al|weet|gewaarschuwd|appele\w*|prevenue?s?|avertie?s?|averti|sur place|arrivent?|en route|au telephone|"
    rf"called|on (?:the|its|their) way|coming|here|informed|alerted|been called|verstandigt|gerufen|angerufen|unterwegs|vor ort|informiert)"
    rf"|\b(?:gebeld (?:naar|met)|bel(?:de)? (?:net|al|zojuist)|heb(?:ben)? (?:net |al |zojuist )?(?:de )?{_SERVICE} (?:al )?(?:gebeld|verwittigd|aan de lijn)"
    rf"|aan de lijn met (?:de )?{_SERVICE}|on the phone with|have called|i called|we called|just called|j'ai appele|ai prevenu|"
    rf"(?:la )?police au telephone|habe die {_SERVICE})\b"
    r"|\b(?:gemeld|doorgegeven|signale|reported) (?:op|aan|bij|au|a la|to) "
)
_NOW = r"(?:nu|net nu|op dit moment|momenteel|nu net|zonet|daarnet|maintenant|en ce moment|la maintenant|en train|right now|now|currently|jetzt|gerade)"
_CRIME = (
    r"(?:inge?br\w{2,8}|inbreker\w*|breken|breekt|openbreken|forceren|forceert|stelen|steelt|slaan|slaat|vechten|gevochten|"
    r"mes|wapen|geweer|pistool|bijl|koevoet|overval\w*|brandt|brand|rook|gas|ligt|klimmen|klimt|voelen aan|voelt aan|"
    r"open te (?:doen|breken)|losknippen|nepagent\w*|glasgerinkel|help|dronken bestuurder|fietsen aan het|"
    r"force\w*|cambriol\w*|frappe\w*|bat|couteau|arme|agress\w*|brule\w*|feu|dans mon|"
    r"break\w*|climb\w*|fight\w*|knife|gun|steal\w*|smash\w*|attack\w*|fire|smoke|bricht|einbr\w*|schlag\w*|messer|waffe|brennt)"
)
_HAPPENING = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b{_NOW}\b[^.!?\n]{{0,60}}\b{_CRIME}\b",
        rf"\b{_CRIME}\b[^.!?\n]{{0,40}}\b{_NOW}\b",
        r"\baan het (?:open)?(?:inbreken|breken|openbreken|stelen|vechten|losknippen|klimmen|slaan|steken|forceren|vernielen|voelen aan)\b",
        r"\b(?:forceren|forceert|breken|breekt) (?:nu |net )?(?:\w+ )?(?:(?:achter|voor|tuin|garage|kelder)?(?:deur|raam|poort)|in\b)",
        r"\b(?:wordt|worden) (?:nu |momenteel )?(?:\w+ )?ingebroken\b",
        r"\b(?:loopt|staat|zit|staan|zitten|lopen) (?:er )?(?:nu )?(?:iemand|een man|een kerel|man|twee|2|drie|mannen)[^.!?\n]{0,40}\bmet (?:een )?(?:wapen|mes|geweer|koevoet|bijl|pistool)\b",
        r"\b(?:iemand|man|guy|kerel|quelqu'un|someone|jemand) (?:met|with|avec|mit) (?:a |an |een |un |einem )?(?:wapen|mes|geweer|knife|gun|couteau|messer)\b",
        r"^[^.!?\n]{0,20}\b(?:brand|au feu|fire|feuer|es brennt|ca brule)(?: ?!|\b[^.!?\n]{0,40}\b(?:lichterlaaie|dak))",
        r"\b(?:dak|huis|garage|garages|auto|woning|loods)\b[^.!?\n]{0,40}\b(?:in lichterlaaie|in brand\b|staat in brand|brandt)",
        r"\bca brule\b|\bau feu\b|\bsmoke (?:is )?(?:pouring|coming)\b|\bruik (?:\w+ ){0,3}gas\b|\bgas ?lucht in\b",
        r"\b(?:roept|roepen|schreeuwt|gilt) (?:\w+ ){0,2}(?:om )?hulp\b|\bcries? for help\b|\bscreaming for help\b|\bappelle au secours\b",
        r"\bligt (?:er )?(?:\w+ ){0,3}(?:bewusteloos|op de grond|roerloos)|\bbewusteloos\b|\bademt (?:niet|raar|amper)\b",
        r"\bslaat (?:zijn|haar|een|de) (?:vriendin|vrouw|kind|man|vriend)\b",
        r"\bvan het (?:balkon|dak) (?:aan het|te) (?:klimmen|springen)|\bin de gracht\b[^.!?\n]{0,40}\bzit vast\b",
        r"\b(?:opgesloten in|zitten vast in)\b|\b(?:is|are) (?:climbing|breaking|trying to (?:open|break|get)|smashing|stealing)\b",
        r"\bhelp\b[^.!?\n]{0,20}\b(?:iemand|man|mannen) in mijn (?:tuin|huis|garage)\b|\bhet alarm gaat af\b",
        r"\bbagarre\b[^.!?\n]{0,60}\b(?:en ce moment|couteau)\b|\best en train de (?:forcer|casser|voler|frapper)\b",
        r"\b(?:inbraak|inbraakpoging|overval|brand|diefstal|vechtpartij) (?:is )?(?:nu )?(?:bezig|aan de gang)\b|\b(?:burglary|break-?in|robbery) in progress\b",
        r"\b(?:cambriolage|vol|agression|effraction) en cours\b|\beinbruch im gange?\b|\b(?:voelt|voelen) (?:nu )?aan (?:de |alle )?(?:auto)?(?:deur|portier|klink)\w*",
        r"\bmensen van de weg\b|\bze zijn (?:mijn|onze|een) (?:auto|wagen|fiets\w*|deur) aan het\b",
    )
)
_OVER = re.compile(
    r"\b(?:gisteren\w*|eergisteren|vannacht|vanmorgen|vanmiddag|afgelopen|vorige|deze ochtend|hier|cette nuit|ce matin|"
    r"yesterday|last night|overnight|gestern|letzte nacht|geprobeerd|probeerde\w*|werd|werden|was|waren|vals alarm|"
    r"voorbij|opgeheven|niet ingebroken|loos|oefening|volgens de politie|false alarm|fausse alerte|fehlalarm)\b"
)
_ADVICE = re.compile(r"^\s*(?:bij|als|indien|wanneer|zie je|ziet u|si|if|wenn|falls|denk aan|tip)\b")


def find(folded: Folded) -> Span | None:
    """Return a finding on the whole text, or None. A call that was made settles it, an advice to call does not."""
    if _CALLED.search(folded.plain):
        return None
    for start, end in sentences(folded.plain):
        part = folded.plain[start:end]
        if len(part) > 2000:
            part = part[:2000]
        if _OVER.search(part) or _ADVICE.match(part):
            continue
        if any(pattern.search(part) for pattern in _HAPPENING):
            return Span("urgent_no_call", None, None, None)
    return None
