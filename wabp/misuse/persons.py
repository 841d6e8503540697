"""Owns what is said about a person who can be recognised: a child, an illness, a crime stated as fact."""

import re
from collections.abc import Iterator, Sequence

from wabp.misuse.findings import Span
from wabp.misuse.normalise import Folded, sentences

_CHILD = (
    r"(?:meisje|jongen|jongetje|kind|kindje|knul|jochie|gastje|manneke|ventje|tweeling|peuter|kleuter|zoontje|dochtertje|schoolgaand meisje|"
    r"fille|fillette|garcon|gamine?|petite?|boy|girl|kid|junge|madchen)"
)
_AGE = r"(?:\d{1,2} ?(?:jaar|jarige?|ans|years? old|yo|jahre)|(?:van|de|d'environ|of|von) (?:een jaar of |circa |ongeveer )?(?:\d|1[0-7])\b)"
_MINOR = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b{_CHILD}s?(?: \w+)? (?:van|de|d'environ|aged?|of|von) (?:een jaar of |circa |ongeveer |environ )?(?:[1-9]|1[0-7])\b(?! ?%)[^.!?\n]{{0,60}}",
        r"\b(?:[1-9]|1[0-7]) (?:jaar|ans|jahre)\b(?: oud)?[^.!?\n]{0,40}\b(?:jas|jurk|robe|school|bril|haar|trui|fiets|zit in|zit op|club|shirt|boekentas|staarten|vlechten|maillot|laarzen)\w*",
        r"\((?:[1-9]|1[0-7])(?: jaar)?, [^)]{3,80}\)",
        r"\b(?:zit in|in) (?:het |de )?(?:\d[a-z]\b|(?:eerste|tweede|derde|vierde|vijfde|zesde) (?:leerjaar|middelbaar|kleuter))[^.!?\n]{0,30}|\byear \d at\b[^.!?\n]{0,40}",
        r"\b(?:het )?(?:dochtertje|zoontje|pleegkinderen|tweeling) van [^.!?,\n]{2,40}",
        r"\b(?:boy|girl),? \d{1,2}(?:ish)?\b[^.!?\n]{0,40}|\bwordt (?:morgen|vandaag|zondag) (?:[1-9]|1[0-7])\b",
        rf"\b{_CHILD}\b[^.!?\n]{{0,40}}\b(?:eerste|tweede|derde|vierde|vijfde|zesde) leerjaar\b",
        r"\bzoon van [^.!?\n]{2,40}, (?:[1-9]|1[0-7]) jaar\b",
    )
)
_ILL = re.compile(
    r"\b(?:heeft|had|kreeg|krijgt|lijdt aan|a|has|hat|is|ligt|zit|sort|loopt|en)\b[^.!?,\n]{0,25}\b(?:"
    r"dement\w{0,6}|alzheimer\w{0,2}|parkinson\w{0,2}|depressie\w{0,2}|depressi\w{1,3}|bipolair\w{0,2}|schizofree?n\w{0,3}|psychotisch|psychose|autis\w{2,6}|borstkanker|kanker|"
    r"corona|covid|suiker|diabetes|epilepsie\w{0,7}|hiv(?:-positief)?|aids|notenallergie|beroerte|hartaanval|hersenbloeding|zwanger|verslaafd|aan de (?:drugs|drank)|"
    r"psychiatrie|jeugdpsychiatrie|psychiatrique|ontwenningskliniek|gebroken heup|flauwgevallen|suicidaal|off (?:his|her) meds|drunk again|pregnant|addict\w{0,2}|"
    r"depressed|bipolar|schizophreni\w{1,2}|cancer|epilep\w{2,5}|enceinte|malade mentale?|depression|schwanger|suchtig|krebs)\b"
    r"|\bis weer aan het drinken\b|\bis off (?:his|her) meds\b|\b(?:alzheimer|dementie|kanker|een beroerte|corona) (?:heeft|had|heeft gehad)\b|, dementerend\b"
)
_SOMEBODY = re.compile(
    r"\b(?:hij|zij|ze|haar|hem|buurvrouw|buurman|huurder|man van|vrouw van|elle|il|she|he|er|sie|meisje|jongen|mevrouw|meneer|onze)\b"
)
_ADVICE = re.compile(r"\b(?:co-vergiftiging|iemand die|wie|als je|als u|bij|symptomen|onwel|goede gezondheid|vaccin\w*)\b")
_CRIME = (
    r"(?:steelt|stal|gestolen|gepikt|pikt|gejat|jat|gepakt|steken?|dealt|verkoopt (?:drugs|namaak\w*|wiet)|drugs|wietplantage|inge(?:broken|slagen|gooid)|vernield|vergiftigd|"
    r"in brand gestoken|de brand gesticht|gesticht|opgelicht|licht [^.!?\n]{2,30} op|oplicht\w*|leeggeroofd|bekrast|gestoken|slaat (?:zijn|haar)|wast geld wit|"
    r"heeft het gedaan|zes huizen gedaan|zat naar huis|sluikstort|gooien [^.!?\n]{0,25} in de|aan die auto'?s gezeten|is (?:dus )?(?:de|een) (?:dief|dader|inbreker|oplichter|milieucrimineel|pedofiel)|"
    r"dronken bestuurder|vole|a vole|vend de la drogue|tagu?e|casse les|a cambriole|conducteur ivre|stole|broke into|steals?|is the thief|drunk drivers|throwing rocks|robbed|deals|"
    r"geklaut|gestohlen|hat [^.!?\n]{2,30} (?:gestohlen|geklaut|eingebrochen)|klaut|stiehlt)"
)
_STATED = re.compile(rf"[^.!?\n]{{0,80}}\b{_CRIME}\b(?:[^.!?\n]{{0,40}})")
_HEDGE = re.compile(
    r"\b(?:vermoed\w*|misschien|mogelijk|zou kunnen|zou het|volgens mij|denk ik|ik denk|niet zeker|peut-etre|je pense|je crois|maybe|might|i think|perhaps|vielleicht|vermutlich|"
    r"wie|qui|who|wer|heeft iemand|zien weglopen|bij .{0,30} is)\b"
)
_STREET = re.compile(
    r"(?<![^\W_])[a-z-]{2,30}(?:straat|laan|plein|dreef|steenweg|kaai|kade|kant|strasse|platz)\b(?!,? (?:nr\.? |nummer )?\d)"
)
_HOUR = re.compile(r"\b(?:om |rond |vers |a |at |um )?\d{1,2} ?(?:[uh:] ?\d{2}|[uh]\b|uur\b| am\b| pm\b)")


def find(folded: Folded, known: Sequence[tuple[int, int]]) -> Iterator[Span]:
    """Yield children, illness and accusation; the last two only where `known` (typed spans) identifies somebody."""
    child = _children(folded)
    yield from child
    marks = sorted([*known, *((span.start or 0, span.end or 0) for span in child)])
    if not marks and not _SOMEBODY.search(folded.plain):
        return
    upcoming = 0
    recent: tuple[int, int] | None = None
    for start, end in sentences(folded.plain):
        first, last = folded.back(start, end)
        while upcoming < len(marks) and marks[upcoming][0] < last:
            recent = marks[upcoming]
            upcoming += 1
        near = recent is not None and recent[1] > first - 120
        part = folded.plain[start : min(end, start + 2000)]
        ill = _ILL.search(part)
        if ill and (near or _SOMEBODY.search(part)) and not _ADVICE.search(part):
            yield Span("health", *folded.back(start + ill.start(), start + ill.end()), "")
        crime = _STATED.search(part)
        if crime and near and not _HEDGE.search(part) and not ill:
            text = crime.group()
            blank = len(text) - len(text.lstrip(" ,;:"))
            yield Span("accusation", *folded.back(start + crime.start() + blank, start + crime.end()), f"{_neutral(text)}|{_where(folded, start, end)}")


def _children(folded: Folded) -> list[Span]:
    spans = sorted({match.span() for pattern in _MINOR for match in pattern.finditer(folded.plain)})
    kept: list[Span] = []
    last = -1
    for start, end in spans:
        if start >= last:
            last = end
            named = re.match(rf"(?:schoolgaand |een |un |une |a )?{_CHILD}\b", folded.plain[start:end])
            kept.append(Span("minor", *folded.back(start, end), "@child" if named else ""))
    return kept


def _neutral(text: str) -> str:
    """"hij steelt fietsen" becomes: bicycles are being stolen. Things are kept only when one plain word names them."""
    things = re.search(r"\b(?:steelt|steals?|vole|stiehlt|klaut) (fietsen|auto'?s|pakjes|brommers|bikes|parcels|cars|velos|colis|fahrrader|pakete)\b", text)
    if things:
        return f"@stolen:{things.group(1)}"
    if re.search(r"\b(?:steelt|gestolen|gepikt|pikt|dief|vole|stole|steals|geklaut|gestohlen)\b", text):
        return "@theft"
    return "@neutral"


def _where(folded: Folded, start: int, end: int) -> str:
    """Return street and hour that the sentence names, as typed; a house number is somebody's home."""
    part = folded.plain[start : min(end, start + 2000)]
    kept = [found for found in (_STREET.search(part), _HOUR.search(part)) if found]
    return ", ".join(folded.typed(start + found.start(), start + found.end()) for found in kept)
