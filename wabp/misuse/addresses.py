"""Owns finding the home address of a person spoken about; a place of an incident is not one."""

import re
from collections.abc import Iterator

from wabp.misuse.findings import Span
from wabp.misuse.normalise import Folded, sentences

_END = (
    r"(?:straat|laan|plein|weg|dreef|steenweg|kaai|kade|markt|hof|gracht|singel|baan|dijk|lei|vest|steeg|pad|kant|"
    r"wijk|strasse|str\.|gasse|allee|street|road|avenue|lane|drive|close)"
)
_NUMBER = r"\d{1,4} ?(?:[a-z]\b)?(?:,? ?(?:bus|boite|bte|bt|apt|app)\.? ?[a-z\d]{1,4})?"
_FRENCH = r"(?:rue|avenue|av\.|boulevard|bd|place|quai|chemin|chaussee|square|impasse|allee|route)"
_FRENCH_NAME = r"(?: (?:de la|de l'|du|des|de|d'|la|le|les|l'))?(?: ?[a-z'-]{2,20}){1,2}"
_STREETS = (
    rf"(?P<one>[a-z'-]{{0,30}}{_END}),? (?:nr\.? ?|nummer |huisnummer |no\.? ?)?(?P<n1>{_NUMBER})(?![\d:.,/]*\d)",
    rf"(?P<n2>\d{{1,4}} ?(?:bis|ter|[a-d]\b)?),? (?P<two>{_FRENCH}{_FRENCH_NAME})",
    rf"(?P<three>{_FRENCH} (?:(?:de la|de l'|du|des|de|d'|la|le|les) ?)?[a-z'-]{{2,20}}(?: [a-z'-]{{2,20}}){{0,1}}),? (?P<n3>{_NUMBER})(?![\d:]*\d)",
    r"(?P<n5>\d{1,4}[a-z]?) (?P<five>[a-z'-]{2,20}(?: [a-z'-]{2,20})? (?:street|road|avenue|lane|drive|close|terrace|gardens))\b",
    rf"(?P<n4>(?:nummer|nr\.?|numero|number|no\.?) ?\d{{1,4}}[a-z]?)(?= (?:in|van|uit|op|de|of|on) (?:de |het |la )?[a-z'-]{{0,30}}{_END})",
)
_ADDRESS = re.compile("|".join(rf"(?<![\w-]){street}" for street in _STREETS))

# Who lives there is the point of the sentence.
_DWELLER = re.compile(
    r"\b(?:woont|wonen|woonde|verblijft|logeert|habite(?:nt)?|demeure|reside|lives?|living|wohnt|wohnen|"
    r"(?:de|die|het|dat|mijn|onze|een) (?:man|vrouw|kerel|gast|familie|koppel|gezin|mensen|bewoners?|huurders?|eigenaars?|"
    r"bewoonster|lui|volk|hoer|junk|buren|buurman|buurvrouw|zoon|dochter|dief|dader|pleegkinderen|kinderen)\b|"
    r"(?:buurman|buurvrouw|koppel|huurder|eigenaar|bewoner)s?(?: \w+)? (?:van|op|in|uit|aan)|(?:die|dat|deze) van|"
    r"(?:le|la|les) (?:locataires?|proprietaires?|voisins?|voisine|couple|famille|gens|occupants?|type|homme|femme)|ceux d[ue]|"
    r"the (?:couple|man|woman|guy|family|tenants?|owners?|people|neighbou?rs?|lot) (?:at|from|in|of)|"
    r"(?:his|her|their) (?:place|house|home)|zijn huis|haar huis|chez (?:lui|elle|eux)|"
    r"(?:der|die) (?:mieter|besitzer|nachbar|nachbarin|familie|leute|mann|frau) (?:aus|von|in)|"
    r"(?:herr|frau|mevrouw|meneer|dhr|mevr|mrs|mr|ms|madame|monsieur)\b|"
    r"breng (?:hem|haar)|ramenez|bring (?:him|her)|bel (?:maar )?(?:eens )?aan|kijk eens bij|ga eens kijken bij|"
    r"wietplantage|drugspand|dealt|zit (?:een|de) (?:wietplantage|dealer)|keep an eye on)"
)
_OWN = re.compile(
    r"\b(?:wij wonen|ik woon|we wonen|woon ik|wonen wij|bij ons|ons huis|mijn huis|nous habitons|j'habite|chez (?:moi|nous)|"
    r"we live|i live|our house|my house|wir wohnen|ich wohne)\b"
)
_INCIDENT = re.compile(
    r"\b(?:inbraak\w*|ingebroken|inbreker|inbrekers|poging|brand|gaslek|gestolen uit|ter hoogte van|ongeval|lek|"
    r"cambriolage|effraction|incendie|fuite|tentative|burglary|break-?in|fire|leak|einbruch|brand|window cleaner|"
    r"open te breken|opengebroken|voor de deur|zaal|restaurant|winkel)\b"
)


def find(folded: Folded, persons: list[tuple[int, int]]) -> Iterator[Span]:
    """Yield street and number where a sentence is about who lives there; `persons` are spans of names (typed)."""
    parts = sentences(folded.plain)
    current = 0
    previous_person = False
    for match in _ADDRESS.finditer(folded.plain):
        while current < len(parts) and parts[current][1] <= match.start():
            current += 1
        start, end = parts[current] if current < len(parts) else (0, len(folded.plain))
        before = folded.plain[max(start, match.start() - 160) : match.start()]
        earlier = folded.plain[max(0, start - 160) : start]
        around = folded.plain[max(start, match.start() - 160) : min(end, match.end() + 160)]
        group = "n4" if match.group("n4") else None
        first, last = folded.back(*(match.span(group) if group else match.span()))
        named = any(0 <= first - stop <= 24 for _, stop in _near(persons, first))
        previous_person = named or bool(_DWELLER.search(before))
        if _OWN.search(around):
            continue
        alone = not before.strip() and bool(_near(persons, first, 120))
        if named or alone or (previous_person and not _INCIDENT.search(before)) or (_after(folded.plain, match, end) and not _INCIDENT.search(earlier + before)):
            yield Span("home_address", first, last, _street_only(folded, match))


def _after(plain: str, match: re.Match[str], end: int) -> bool:
    """What follows may still tell that it is about people who live there."""
    behind = plain[match.end() : min(end, match.end() + 60)]
    return bool(
        re.match(r",? (?:houdt|ontvangt|zit (?:een|de)|dealt|verkoopt|vend|gooit|gooien|slaat|is (?:een )?(?:dealer|dief))", behind)
    )


def _near(persons: list[tuple[int, int]], first: int, reach: int = 24) -> list[tuple[int, int]]:
    """Return the last few names that end shortly before a place; the list is in order."""
    low, high = 0, len(persons)
    while low < high:
        middle = (low + high) // 2
        if persons[middle][1] <= first:
            low = middle + 1
        else:
            high = middle
    return [person for person in persons[max(0, low - 2) : low] if first - person[1] <= reach]


def _street_only(folded: Folded, match: re.Match[str]) -> str:
    for group in ("one", "two", "three", "five"):
        if match.group(group):
            return folded.typed(*match.span(group)).strip()
    return ""
