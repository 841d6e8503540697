"""Owns finding origin, nation, skin colour or faith used to describe or suspect somebody. Shops, streets and plates are no persons."""

from collections.abc import Iterator

from wabp.misuse.clues import Clues
from wabp.misuse.findings import Span
from wabp.misuse.phrases import Match
from wabp.misuse.reading import CLAUSE
from wabp.misuse.told import Told

_FAMILY = "profiling"
_PEOPLE, _POINTED, _DESCRIBED, _SLUR, _SEEN = (
    f"{_FAMILY}.{rule}" for rule in ("_people", "pointed_at_people", "described_person", "ethnic_slur", "_seen")
)
# Who these are says nothing; a mention is a description only where something is also said to have been seen.
_ANYBODY = frozenset(
    "persoon personen mensen personne personnes gens people person persons famille familie gezin chauffeur arbeider arbeiders ouvrier ouvriers "
    "conducteur worker workers driver chauffeurs bestuurder bestuurders bezorger bezorgers koerier koeriers trucker truckers klant klanten "
    "passagier passagiers toerist toeristen fietser fietsers buur buren bewoner bewoners bewoonster kind kinderen ouders moeder moeders vader "
    "oma opa medewerker medewerkers schilder schilders monteur monteurs seizoenarbeiders huurders livreur livreurs enfants touristes visiteurs "
    "buurman buurvrouw buurjongen buurjongens onderbuur bovenbuur voisin voisins drivers courier couriers cleaner cleaners customers tenants neighbour neighbours visitor visitors".split()
)
# "Polen" is a country behind these, "de Chinees" a restaurant.
_TO_A_LAND = frozenset("in uit naar van".split())
_AT_A_SHOP = frozenset("bij naar naast tegenover achter chez van".split())
_I_AM = frozenset("ben suis am m als comme sommes".split())
_STREET = frozenset(
    "rue avenue place chemin impasse quai boulevard ruelle clos square allee venelle plaque kenteken nummerplaat plaat".split()
)
_KEPT = {
    "@man": "man kerel gast vent gozer jongen jongeman homme mec gars monsieur man guy bloke lad dude male mann kerl".split(),
    "@woman": "vrouw dame meisje femme dame fille voilee woman lady girl female frau".split(),
    "@household": "familie gezin koppel famille couple family".split(),
}
_INSTEAD = {word: words for words, kept in _KEPT.items() for word in kept}
# What only says how somebody looks leaves nothing behind.
_LOOKS = frozenset(
    "huid huidskleur huidkleur huidtint tint afkomst uiterlijk origine herkomst accent accentje peau teint skin apparence origines "
    "appearance origin descent uitziend uitziende ogend looking looks type kleur complexion nationaliteit".split()
)

# Little words that would be left hanging when the looks behind them go.
_LEADING = frozenset("met een van de het d a la l au avec un une with of an mit ein eine einem".split())


def find(clues: Clues) -> Iterator[Span]:
    """Yield each description by origin, the widest of those that overlap."""
    found = clues.of(_FAMILY)
    told = [match for match in found if match.rule != _SEEN]
    if not told:
        return
    seen = [match.first for match in found if match.rule == _SEEN]
    # A group that opens a place ("Afghanen van het asielcentrum") is still meant; one further in ("rue des Juifs") is not.
    places = {index for first, stop in clues.places for index in range(first + 1, stop)}
    spoken = Told(clues.reading, clues.of("reported"))
    last = -1
    for match in sorted(told, key=lambda match: (match.first, -match.stop)):
        if match.first >= last and _is_told(clues, match, seen, places) and not _is_only_told(spoken, match):
            last = match.stop
            first, instead = match.first, _instead(clues.reading.words[match.first : match.stop])
            while (
                not instead
                and first > 0
                and clues.reading.words[first - 1] in _LEADING
                and not clues.reading.gaps[first]
            ):
                first -= 1
            start, end = clues.reading.starts[first], clues.reading.ends[match.stop - 1]
            yield Span("profiling", start, end, instead, match.rule.replace("._", "."))


def _is_only_told(told: Told, match: Match) -> bool:
    return told.quotes(match.first) or (
        match.rule == _SLUR and (told.condemns(match.first) or told.names(match.first, match.stop))
    )


def _is_told(clues: Clues, match: Match, seen: list[int], places: set[int]) -> bool:
    words, gaps = clues.reading.words, clues.reading.gaps
    if match.stop - 1 in places:
        return False
    if match.rule == _DESCRIBED and CLAUSE in gaps[match.first + 1 : match.stop]:
        return False
    if match.rule in (_PEOPLE, _POINTED) and _is_land_or_shop(words, match):
        return False
    weak = match.rule == _PEOPLE or (
        match.rule == _DESCRIBED and not _ANYBODY.isdisjoint(words[match.first : match.stop])
    )
    return not weak or any(not match.first <= index < match.stop for index in seen)


def _is_land_or_shop(words: list[str], match: Match) -> bool:
    noun = words[match.stop - 1]
    before = words[match.stop - 2] if match.stop > 1 else ""
    further = words[match.stop - 3] if match.stop > 2 else ""
    return (
        (noun == "polen" and before in _TO_A_LAND)
        or (before in ("de", "le") and further in _AT_A_SHOP and not noun.endswith(("en", "ers")))
        or not _I_AM.isdisjoint(words[max(0, match.first - 2) : match.first])
        or before in _STREET
        or further in _STREET
    )


def _instead(words: list[str]) -> str:
    for word in words:
        if word in _INSTEAD:
            return _INSTEAD[word]
    return "" if not _LOOKS.isdisjoint(words) else "@persons"
