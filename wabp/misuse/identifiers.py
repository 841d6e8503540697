"""Owns finding private phone numbers, e-mail addresses, profiles and links."""

import re
from collections.abc import Collection, Iterator

from wabp.misuse.findings import Span
from wabp.misuse.normalise import Folded

_EMAIL = re.compile(
    r"(?<![\w.+-])[\w+-]{1,40}(?:\.[\w+-]{1,40}){0,6}"
    r"(?:@| ?[\[(](?:at|apenstaartje|arobase)[\])] ?)"
    r"[\w-]{1,40}(?:(?:\.| ?[\[(](?:dot|punt|point)[\])] ?)[\w-]{1,24}){1,5}"
)
_LINK = re.compile(
    r"(?<![\w@.])(?:(?:https?://|www\.)[^\s<>\"]{3,300}"
    r"|(?:[a-z0-9-]{1,60}\.){1,4}(?:com|net|org|info|be|nl|fr|eu|de|uk|lu|me|gg|ly|tv|io|app|example)/[^\s<>\"]{1,300}"
    r"|(?:[a-z0-9-]{2,60}\.){1,4}(?:com|net|org|info|be|nl|fr|eu|example)(?![\w/@]|\.\w))"
)
_HANDLE = re.compile(r"(?<![\w@./])@[a-z0-9_](?:[a-z0-9_.]{0,38}[a-z0-9_])")
_ACCOUNT = re.compile(
    r"\b(?:snap(?:chat)?|insta(?:gram)?|tiktok|telegram|facebook|fb|discord|twitter)\b"
    r"(?: (?:is|account|naam|name|nom|compte))? ?: ?([a-z0-9_.-]{3,40})"
)
_TRAILING = ".,;:!?)]}'\""

# Police, government and reporting points keep their addresses; companies and private persons do not.
_OFFICIAL = re.compile(
    r"(?:^|[@./])(?:[\w-]*(?:politie|police|polizei)[\w-]*\.(?:be|nl|fr|de|eu|uk|brussels|vlaanderen)"
    r"|safeonweb\.be|be-alert\.be|besafe\.be|1712\.be|112\.be|burgernet\.nl|nl-alert\.nl|meldmisdaadanoniem\.nl"
    r"|childfocus\.be|cardstop\.be|ccv\.nl|fraudehelpdesk\.nl|veiliginternetten\.nl"
    r"|(?:[\w-]+\.)*(?:fgov|gov|belgium)\.be|(?:[\w-]+\.)*(?:overheid|rijksoverheid)\.nl|(?:[\w-]+\.)*gov\.uk"
    r"|(?:[\w-]+\.)*vlaanderen\.be|gouv\.fr|service-public\.fr)(?=$|[/?#:\s])"
)

_DIGITS = re.compile(r"(?<![\w+.,/-])(?:\+|00)?\(?\d(?:[ .\-/()]{0,3}\d){7,14}(?![\w])")
_DATE = re.compile(r"\d{1,2}[/.-]\d{1,2}[/.-](?:19|20)?\d\d\b|(?:19|20)\d\d[/.-]\d{1,2}[/.-]\d{1,2}\b")
_REFERENCE = re.compile(r"(?:dossier|refer\w*|ref|zaak|pv|iban|rekening\w*|factuur|framenummer|artikel)\W{0,3}(?:nr|nummer)?\W{0,3}$")
_PUBLIC_DESK = re.compile(
    r"politie|police|polizei|commissariaat|commissariat|meldpunt|gemeente|stadhuis|maison communale|town hall|"
    r"brandweer|pompiers|ziekenhuis|hopital"
)
_REGIONS = ("BE", "NL", "FR", "DE", "GB", "LU")


def find(folded: Folded, public: Collection[str]) -> Iterator[Span]:
    """Yield private e-mail addresses, links, handles and phone numbers."""
    taken: list[tuple[int, int]] = []
    for match in _EMAIL.finditer(folded.plain):
        taken.append(match.span())
        if not _OFFICIAL.search(match.group()):
            yield Span("email", *folded.back(*match.span()), "@email")
    for start, end in _links(folded.plain):
        if any(first < end and start < last for first, last in taken):
            continue
        if not _OFFICIAL.search(re.sub(r"^https?://", "", folded.plain[start:end])):
            yield Span("social_handle_or_link", *folded.back(start, end), "@link")
    own = {"".join(filter(str.isdigit, number)) for number in public}
    for match in _DIGITS.finditer(folded.plain):
        if _is_private(folded.plain, match, own):
            yield Span("phone_number", *folded.back(*match.span()), "@phone")


def _links(plain: str) -> Iterator[tuple[int, int]]:
    for match in _LINK.finditer(plain):
        yield match.start(), match.start() + len(match.group().rstrip(_TRAILING))
    for match in _HANDLE.finditer(plain):
        yield match.span()
    for match in _ACCOUNT.finditer(plain):
        yield match.start(1), match.start(1) + len(match.group(1).rstrip(_TRAILING))


def _is_private(plain: str, match: re.Match[str], public: Collection[str]) -> bool:
    raw = match.group()
    digits = "".join(filter(str.isdigit, raw))
    if digits in public or any(f"{prefix}{digits}" in public for prefix in ("0", "00")):
        return False
    if _DATE.match(raw) or _REFERENCE.search(plain, max(0, match.start() - 30), match.start()):
        return False
    if not raw.startswith(("+", "0", "(0", "(+")) or raw.startswith(("0800", "0900", "0909", "00800")):
        return False
    around = plain[max(0, match.start() - 110) : match.end() + 50]
    if _is_landline(digits) and _PUBLIC_DESK.search(around):
        return False
    return _is_possible(raw)


def _is_landline(digits: str) -> bool:
    national = re.sub(r"^(?:00)?(?:32|31)0?", "0", digits) if len(digits) > 10 else digits
    return not re.match(r"0(?:4[5-9]|6|7[5-9]|1[567])", national)


def _is_possible(raw: str) -> bool:
    """Ask the length rules of the neighbours only: a number that is not in use still looks like somebody's."""
    import phonenumbers

    number = re.sub(r"\(0\)", "", raw)
    if number.startswith("00"):
        number = f"+{number[2:]}"
    for region in (None,) if number.startswith("+") else _REGIONS:
        try:
            if phonenumbers.is_possible_number(phonenumbers.parse(number, region)):
                return True
        except phonenumbers.NumberParseException:
            continue
    return False
