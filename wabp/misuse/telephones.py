"""Owns finding private phone numbers, typed in any grouping or spelled out; dates, references and public lines are none."""

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from wabp.misuse import lexicon, spoken
from wabp.misuse.findings import Span
from wabp.misuse.reading import Reading

# Eight digits or more (the letter o is often typed for zero), with little between them.
_CHUNK = re.compile(
    r"(?=[+(\do])(?:(?<![^\W_])|(?<=tel)|(?<=gsm)|(?<=gsmnr)|(?<=app))[+(]{0,2}[\do](?:[ .\-/()_*]{0,3}+[\do]){7,}+"
)
_FIGURE = re.compile(r"\d")
_FEWEST_TYPED = 6
_AREA_CODE = 4
_GROUP = re.compile(r"[+(]*([\do]+)")
_FEWEST, _MOST = 9, 15
# A text of nothing but digits is asked about often enough.
_MOST_ASKED = 400
_COUNTRIES = ("BE", "NL", "FR", "GB", "DE")

_DATE = re.compile(r"(?:\d{1,2}([/.-])\d{1,2}\1(?:19|20)?\d\d|(?:19|20)\d\d([/.-])\d{1,2}\2\d{1,2})(?![/.-]?\d)")
_HOURS = re.compile(r"[012]?\d\.[0-5]\d ?[-/ ] ?[012]?\d\.[0-5]\d(?!\.?\d)")
_NATIONAL_NUMBER = re.compile(r"\d\d\.\d\d\.\d\d ?- ?\d{3}[.-]\d\d")
_ACCOUNT = re.compile(r"(?<![a-z])(?:be|nl|fr|de|lu|gb|it|es|pl|ro) ?\d\d[ .]?(?:[a-z]{4}[ .]?)?[\d .]{0,24}$")

_REFERENCE = frozenset(
    "dossier dossiernr dossiernummer ref refnr referentie referentienummer reference kenmerk zaak zaaknr zaaknummer pv pvnr "
    "proces verbaal aangifte aangiftenr aangiftenummer iban rekening rekeningnr rekeningnummer rek compte factuur factuurnr "
    "factuurnummer facture invoice frame framenr framenummer serienr serienummer serie serial chassis chassisnr chassisnummer "
    "artikel artikelnr artikelnummer bestelling bestelnr bestelnummer commande order pakket pakje pakketnr track trace tracking "
    "tracktrace barcode colis parcel klantnr klantnummer klant client lidnr lidnummer polis polisnr polisnummer contract btw tva "
    "kbo kvk ondernemingsnummer ondernemingsnr ean meter meternr meternummer imei isbn rijksregister rijksregisternr "
    "rijksregisternummer bsn burgerservicenummer registre national code pincode pin ticket ticketnr bon kenteken nummerplaat "
    "plaat plaque plate aktenzeichen vorgangsnummer meldingsnummer meldnummer meldcode melding notitienummer notitienr "
    "parketnummer chip chipnr chipnummer incident crime coordinaten gps vin model type bedrag euro eur "
    "refnummer volgnummer registratienummer vergunning vergunningsnummer lot paspoort rijbewijs kaart kaartnummer "
    "kaartnr badge badgenummer carte mededeling communication ogm".split()
)
_NUMBER_WORDS = frozenset("nr nummer numero number no num is was met van het le la de the est n nrs be nl id".split())
_CALL_WORDS = frozenset(
    "bel belt bellen belde opbellen gsm gsmnr gsmnummer tel telefoon telefoonnummer telnr mobiel mobieltje nummer nr app appen appt appje "
    "whatsapp whatsappen whatsappje berichtje sms smsen bereikbaar contact contacteer contacteren "
    "appelez appeler appelle appel telephone tele telephoner portable joindre joignable contactez contacter numero "
    "call calls phone mobile cell text ring reach whatsapps "
    "ruf anrufen anruf handy telefon nummer erreichbar".split()
)
# Whose desk answers; mobiles too when it is an officer's.
_DESKS = (
    "politie", "police", "polizei", "commissaria", "kommissariat", "meldpunt", "meldkamer", "gemeente", "stadhuis", "stadswacht",
    "administration", "maison communale", "hotel de ville", "mairie", "town hall", "council", "rathaus", "brandweer",
    "pompiers", "zone de secours", "hulpverleningszone", "fire brigade", "feuerwehr", "ziekenhuis", "hopital", "hospital",
    "clinique", "krankenhaus", "wachtpost", "huisartsenpost", "dokter van wacht", "huisarts van wacht", "medecin de garde",
    "poste de garde", "apotheek van wacht", "pharmacie de garde", "doctor on duty", "dienst", "loket", "slachtofferhulp",
    "victimes", "tele-onthaal", "veilig thuis", "ocmw", "cpas", "caw", "dierenambulance", "dierenasiel", "dierenbescherming",
    "childfocus", "child focus", "card stop", "cardstop", "antigif", "antipoison", "infolijn", "infonummer", "noodnummer",
    "callcenter", "call center", "zone ", "wijkteam", "wijkagent", "wijkinspect", "buurtinspect", "agent de quartier",
    "inspecteur", "wijkpolitie", "parket", "parquet", "handhaving", "boa", "netbeheerder", "waterbedrijf", "havenbedrijf",
)  # fmt: skip
_OFFICERS = (
    "wijkagent", "wijkinspect", "buurtinspect", "agent de quartier", "inspecteur de quartier", "wijkpolitie", "wijkteam",
    "jeugdinspect", "community officer", "neighbourhood officer", "boa ", "stadswacht", "gardien de la paix", "gemeenschapswacht",
)  # fmt: skip
# Who only says to be such a desk keeps no privilege, and neither does somebody's own number.
_PRETENDED = frozenset(
    "vals valse valselijk nep zogezegd zogezegde zogenaamd zogenaamde oplichter oplichters oplichting oplichterij opgelicht phishing "
    "spoofing bedrieger bedrog beweert beweren zeggende scammer scam fake fraudster pretends pretending claims claiming "
    "faux fausse escroc escrocs arnaque arnaqueur pretend pretendent pretendant betruger falsche falscher".split()
)
_CALLERS = frozenset("belt belde appelle appelait called calls".split())
_OWNERS = frozenset(
    "mij mijn me mezelf ons onze zijn haar hun hem moi mon ma nous notre son sa lui elle leur my me us our his her him their "
    "mir mein meine mich".split()
)


@dataclass(frozen=True, slots=True)
class _Group:
    """Digits typed or said together, at `start:end` of the plain text; `international` when a plus stands before."""

    start: int
    end: int
    digits: str
    international: bool = False


def find(reading: Reading, public: Collection[str], taken: Sequence[tuple[int, int]]) -> Iterable[Span]:
    """Return private numbers; `public` may be given by anyone, `taken` are spans of links and addresses of mail, in order."""
    figures = 0
    for index in reading.numbered:
        figures += reading.ends[index] - reading.starts[index]
    return _found(reading, public, taken) if figures >= _FEWEST_TYPED or spoken.rows(reading) else ()


def _found(reading: Reading, public: Collection[str], taken: Sequence[tuple[int, int]]) -> Iterator[Span]:
    spared: frozenset[str] | None = None
    asked = 0
    last = 0
    for rule, groups in _candidates(reading):
        for start, end, number in _numbers(reading.plain, groups):
            asked += 1
            if asked > _MOST_ASKED:
                return
            if spared is None:
                spared = _own_form(frozenset(public)) | _spared()[0]
            if start < last or _is_inside(start, taken) or not _is_private(reading, start, end, number, spared):
                continue
            last = end
            yield Span("phone_number", start, end, "@phone", f"phone_number.{rule}")


def _candidates(reading: Reading) -> Iterator[tuple[str, list[_Group]]]:
    """Yield rows of groups of digits, those said in words first."""
    for row in spoken.rows(reading):
        if sum(len(piece.signs) for piece in row) >= _FEWEST:
            yield "spoken", _merged(_said(reading, piece) for piece in row)
    plain = reading.plain
    if len(_FIGURE.findall(plain)) < _FEWEST_TYPED:
        return
    for found in _CHUNK.finditer(plain):
        groups = list(_typed(plain, found.start(), found.end()))
        if groups:
            yield ("international" if groups[0].international else "typed"), groups


def _said(reading: Reading, piece: spoken.Piece) -> _Group:
    return _Group(reading.starts[piece.first], reading.ends[piece.stop - 1], piece.signs)


def _merged(groups: Iterable[_Group]) -> list[_Group]:
    """Drop pauses and dashes, and give a plus to the digits behind it; a letter ends what can be a number."""
    kept: list[_Group] = []
    plus = None
    for group in groups:
        if group.digits == "+":
            plus = group
        elif group.digits.isdigit():
            kept.append(_Group(plus.start if plus else group.start, group.end, group.digits, plus is not None))
            plus = None
        elif group.digits.isalpha():
            kept.append(_Group(group.start, group.end, ""))
    return kept


def _typed(plain: str, start: int, end: int) -> Iterator[_Group]:
    """Yield the groups of a chunk; digits that a letter clings to ("21u") count for nothing."""
    for found in _GROUP.finditer(plain, start, end):
        digits = found.group(1)
        stop = found.end()
        clinging = stop < len(plain) and plain[stop].isalnum()
        if clinging or (digits.isalpha() and len(digits) > 1):
            yield _Group(found.start(), stop, "")
            continue
        plus = "+" in found.group() or (found.start() > 0 and plain[found.start() - 1] == "+")
        opened = found.group().startswith("(") and plain[stop : stop + 1] == ")"
        trunk = digits in "0o" and (opened or plain[found.start(1) - 1 : found.start(1)] == "(")
        yield _Group(found.start(), stop, "()" if trunk else digits.replace("o", "0"), plus)


def _numbers(plain: str, groups: Sequence[_Group]) -> Iterator[tuple[int, int, str]]:
    """Yield the longest possible numbers in a row of groups, as places and digits ("+" before an international one)."""
    index = 0
    while index < len(groups):
        skipped = _dated(plain, groups, index)
        if skipped:
            index += skipped
            continue
        best = 0
        number = ""
        for last, digits in _grown(groups, index):
            if _is_number(digits) and not _counts(groups[index : last + 1]):
                best, number = last + 1, digits
        if best:
            yield groups[index].start, groups[best - 1].end, number
            index = best
        else:
            index += 1


def _counts(groups: Sequence[_Group]) -> bool:
    """Rooms or steps ("014 015 016") are not dialled."""
    return len(groups) > 1 and all(len(group.digits) == 3 and group.digits[0] == "0" for group in groups)


def _grown(groups: Sequence[_Group], index: int) -> Iterator[tuple[int, str]]:
    """Yield what the groups from `index` on spell together, one group more each time, while it can be a number."""
    first = groups[index]
    digits = "+" if first.international else ""
    if not first.international and not first.digits.startswith(("0", "31", "32", "33", "4", "6", "(")):
        return
    for last in range(index, min(index + _MOST, len(groups))):
        group = groups[last]
        if not group.digits or (group.international and last > index):
            return
        if group.digits == "()":
            digits += "" if digits.startswith(("+", "00")) or len(digits) == 2 else "0"
        else:
            digits += group.digits
        if len(digits) > _MOST + 1:
            return
        if len(digits) >= _FEWEST:
            yield last, digits


def _dated(plain: str, groups: Sequence[_Group], index: int) -> int:
    """Return how many groups a date, opening hours or a number of a person's papers take from here on."""
    start = groups[index].start
    for form in (_DATE, _HOURS, _NATIONAL_NUMBER):
        found = form.match(plain, start)
        if found:
            return sum(1 for group in groups[index : index + 8] if group.start < found.end())
    return 0


@lru_cache(maxsize=4096)
def _is_number(digits: str) -> bool:
    """Ask the lengths of the neighbours' numbers only: a number that is not in use still looks like somebody's."""
    if digits.startswith(("+", "00")):
        number = "+" + digits.lstrip("+0")
        return len(number) > _FEWEST and _is_possible(number, None)
    if re.fullmatch(r"32[4]\d{8}|316\d{8}|33[67]\d{8}", digits):
        return _is_possible("+" + digits, None)
    if re.fullmatch(r"4[5-9]\d{7}|6\d{8}", digits):
        return True
    if not re.fullmatch(r"0[1-9]\d{7,8}|0[127]\d{9}|01[567]\d{9}", digits) or re.match(r"04[5-9]\d{6}$", digits):
        return False
    return any(_is_possible(digits, country) for country in _COUNTRIES)


def _is_possible(number: str, country: str | None) -> bool:
    # The rules of all countries take a while to load, so only a text with a likely number pays for them.
    import phonenumbers

    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(number, country))
    except phonenumbers.NumberParseException:
        return False


def _is_inside(start: int, taken: Sequence[tuple[int, int]]) -> bool:
    at = bisect_right(taken, (start, len(taken) + start + 1)) - 1
    return at >= 0 and start < taken[at][1]


def _is_private(reading: Reading, start: int, end: int, number: str, spared: Collection[str]) -> bool:
    plain = reading.plain
    home = _at_home(number)
    # "0900 12 345" is a pay line, "09 001 23 45" somebody in Ghent.
    opening = _GROUP.match(plain, start)
    if home in spared or (home.startswith(_spared()[1]) and not (opening and len(opening.group(1)) < _AREA_CODE)):
        return False
    words = _words_before(reading, start, 4)
    if home == number and not home.startswith(("0", "+")) and _CALL_WORDS.isdisjoint(words):
        return False
    if _is_reference(words) or _ACCOUNT.search(plain, max(0, start - 40), start):
        return False
    if start and plain[start - 1] in ",.:" and start > 1 and plain[start - 2].isdigit():
        return False
    return not _is_desk(reading, start, end, home)


def _at_home(number: str) -> str:
    """Return a number as it is dialled in its own country."""
    if number.startswith("00") and not number.startswith("00800"):
        number = "+" + number[2:]
    for prefix in ("+32", "+31", "+33", "+44", "+49"):
        if number.startswith(prefix):
            return "0" + number.removeprefix(prefix).removeprefix("0")
    if number.startswith(("324", "316", "336", "337")) and len(number) == 11:
        return "0" + number[2:]
    return number


def _words_before(reading: Reading, start: int, count: int) -> list[str]:
    index = bisect_right(reading.starts, start) - 1
    if index >= 0 and reading.starts[index] == start:
        index -= 1
    return reading.words[max(0, index - count + 1) : index + 1]


def _is_reference(words: Sequence[str]) -> bool:
    """The nearest word before the number that says anything names a file, an account or a thing."""
    for word in reversed(words):
        if word in _REFERENCE:
            return True
        if word not in _NUMBER_WORDS and not word.isdigit():
            return False
    return False


def _is_desk(reading: Reading, start: int, end: int, home: str) -> bool:
    """Police, town, hospital or another desk stands in the same sentence, and does not only pretend."""
    index = max(0, bisect_right(reading.starts, start) - 1)
    first, stop = reading.sentence_of(index)
    if stop - first < 6 and first > 0 and _OWNERS.isdisjoint(reading.words[first:index]):
        first = reading.sentence_of(first - 1)[0]
    first = max(first, index - 18)
    before = reading.words[first:index]
    if not _OWNERS.isdisjoint(before[-4:]):
        return False
    low, high = reading.starts[first], min(end + 60, reading.ends[min(stop, len(reading.ends)) - 1])
    around = reading.plain[low:high]
    if _is_mobile(home):
        return any(word in reading.plain[max(low, start - 60) : start] for word in _OFFICERS)
    pretended = _PRETENDED if _is_service(home) else _PRETENDED | _CALLERS
    if not pretended.isdisjoint(reading.words[first : min(stop, index + 10)]):
        return False
    return _is_service(home) or any(word in around for word in _DESKS)


def _is_mobile(home: str) -> bool:
    return bool(re.match(r"0(?:4[5-9]\d{7}|6\d{8}|7\d{8,9}|1[567]\d{8})", home)) or not home.startswith("0")


def _is_service(home: str) -> bool:
    """Belgian 070 and 078 are lines of organisations."""
    return len(home) == 9 and home.startswith(("070", "078"))


@lru_cache(maxsize=64)
def _own_form(public: frozenset[str]) -> frozenset[str]:
    return frozenset(_at_home("".join(sign for sign in number if sign.isdigit() or sign == "+")) for number in public)


@cache
def _spared() -> tuple[frozenset[str], tuple[str, ...]]:
    lists = lexicon.sections("public_numbers")
    return lists["whole"], tuple(sorted(lists["beginnings"]))
