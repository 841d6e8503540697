"""Owns finding private persons by name, and telling them from streets, shops, officers and signatures."""

import re
from collections.abc import Collection, Iterator

from wabp.misuse import lexicon, signatures
from wabp.misuse.findings import Span
from wabp.misuse.normalise import Folded, Word

# Between a first and a last name, or before a last name.
_PARTICLES = frozenset(
    "van von de den der ten ter te 't la le du des di da del della el al bin ben op vande vanden vander".split()
)
_TITLES = frozenset(
    "dhr hr meneer mijnheer mevr mevrouw mw juffrouw mr mrs ms miss mister monsieur madame mme mlle mademoiselle "
    "herr frau tante oom familie fam famille family gezin gebroeders gezusters broers nonkel opa oma bompa bomma huisbaas huurder buurman buurvrouw "
    "verkoper verkoopster postbode leraar juf meester trainer voisin voisine proprietaire locataire vendeur neighbour "
    "neighbor landlord tenant nachbar nachbarin vermieter mieter".split()
)
_KIN = frozenset(
    "zoon zoontje dochter dochtertje broer zus zuster vrouw man vader moeder papa mama ouders vriend vriendin lief "
    "neef nicht kleinzoon kind kinderen gasten jongens fils fille frere soeur femme mari pere mere parents copain "
    "copine petit petite meisje jongen jongetje manneke gast girl boy fille garcon gamin gamine junge madchen son daughter brother sister wife husband father mother girlfriend boyfriend kid kids "
    "sohn tochter bruder schwester vater mutter eltern freund freundin".split()
)
_KIN_LINKS = frozenset("van de den der du des of from von vom la famille familie fam family".split())
_NOUN_ENDS = re.compile(
    r"(?:straat|straatje|laan|plein|pleintje|weg|dreef|steenweg|kaai|kade|markt|hof|park|gracht|singel|baan|dijk|"
    r"lei|vest|steeg|pad|brug|kerk|school|college|tuin|wijk|dorp|gem|kant|berg|veld|bos|hoek|strasse|str|platz|gasse|"
    r"allee|street|road|avenue|square|lane|drive|tunnel|haven|burcht|poort|meers|berglaan|instituut|ziekenhuis)$"
)
_PLACE_WORDS = frozenset(
    "straat laan plein rue avenue av boulevard bd place quai chemin chaussee square impasse allee route pont parc park "
    "street road lane drive court hof stadion zaal salle parking station gare metro halte brug "
    "bakkerij bakker slagerij slager cafe frituur taverne restaurant resto brasserie hotel garage apotheek kapper "
    "kapsalon salon winkel supermarkt boetiek bloemenwinkel bar dancing drukkerij firma bedrijf bvba bv nv boekhandel "
    "superette kledingwinkel fietsenwinkel optiek boulangerie boucherie pharmacie librairie epicerie "
    "coiffeur friterie societe ecole lycee college athenee institut clinique hopital eglise chapelle "
    "school basisschool kleuterschool lyceum atheneum instituut kerk kapel kliniek ziekenhuis az uz rusthuis wzc "
    "residentie flat blok kasteel molen hoeve manege bakery butcher pub shop store pharmacy church hospital "
    "backerei metzgerei apotheke gasthaus schule kirche sint st saint sainte ste koning koningin prins prinses "
    "roi reine prince king queen keizer graaf hertog paus".split()
)
# All the words that follow these belong to the name: "rue Victor Hugo".
_NAMED_AFTER = frozenset("rue avenue av boulevard bd place quai chemin chaussee square impasse allee pont".split())
_OFFICERS = frozenset(
    "wijkinspecteur inspecteur hoofdinspecteur wijkagent buurtinspecteur jeugdinspecteur agent agente commissaris "
    "hoofdcommissaris korpschef politiechef burgemeester schepen wethouder minister brandweercommandant officier "
    "procureur magistraat boa commissaire inspectrice bourgmestre echevin echevine ministre "
    "officer constable sergeant inspector pc pcso mayor superintendent kommissar kommissarin burgermeister "
    "polizeikommissar polizeioberkommissar oberkommissar kontaktbeamter wachtmeister".split()
)
_GLUED_PARTS = 4


def find(folded: Folded, places: Collection[str]) -> Iterator[Span]:
    """Yield each private person's name, whole, in order."""
    words = folded.words()
    spared = _spared(folded, words, places)
    index = 0
    while index < len(words):
        stop = _name_at(folded, words, index)
        if stop is None:
            index += 1
            continue
        start, end = words[index].start, words[stop - 1].end
        if not any(first < end and start < last for first, last in spared.get(index, ())):
            yield Span("person_name", *folded.back(start, end), "@person")
        index = stop


def _name_at(folded: Folded, words: list[Word], index: int) -> int | None:
    """Return the index behind the name that starts here, or None."""
    word = words[index]
    if not (word.capital or word.plain in _TITLES or word.plain in lexicon.any_names() or len(word.plain) >= 8):
        return None
    if _before_is(folded, words, index, _PLACE_WORDS | _OFFICERS):
        return None
    if word.plain in _TITLES:
        return _after_title(folded, words, index)
    if word.plain in lexicon.first_names():
        return _from_first(folded, words, index)
    if word.capital and word.plain in lexicon.given_names():
        return _from_doubtful(folded, words, index)
    if word.plain in lexicon.last_names() and _kin_before(folded, words, index):
        return index + 1
    if word.capital and word.plain not in lexicon.everyday() and _kin_before(folded, words, index):
        return None if _is_place(words, index) else index + 1
    return index + 1 if _is_glued(word) else None


def _from_first(folded: Folded, words: list[Word], index: int) -> int | None:
    word = words[index]
    stop = index + 1
    while stop < len(words) and _touch(folded, words, stop) and words[stop].plain in _PARTICLES:
        stop += 1
    has_last = stop < len(words) and _touch(folded, words, stop) and _is_last(words, stop, word.capital)
    if has_last and _is_place(words, stop):
        # "Chantal van de Wilgenstraat" comes from there; "Jan Breydelstraat" is a street.
        return index + 1 if word.capital and stop > index + 1 else None
    if has_last:
        while _continues(folded, words, stop + 1) and words[stop + 1].plain in lexicon.last_names():
            stop += 1
        return stop + 1
    if index + 1 < len(words) and _touch(folded, words, index + 1) and _is_place(words, index + 1):
        return None
    if _is_place(words, index):
        return None
    if word.capital or _kin_before(folded, words, index):
        return _with_initial(folded, words, index + 1)
    return None


def _from_doubtful(folded: Folded, words: list[Word], index: int) -> int | None:
    """"An Goossens", "Mo A.": a name that is also a word needs a family name or an initial behind it."""
    stop = index + 1
    while stop < len(words) and _touch(folded, words, stop) and words[stop].plain in _PARTICLES:
        stop += 1
    if stop >= len(words) or not _touch(folded, words, stop) or not words[stop].capital:
        return None
    if words[stop].plain in lexicon.last_names() and not _is_place(words, stop):
        return stop + 1
    initial = len(words[stop].plain) == 1 and folded.plain[words[stop].end : words[stop].end + 1] == "."
    return stop + 1 if initial and stop == index + 1 else None


def _with_initial(folded: Folded, words: list[Word], stop: int) -> int:
    if stop < len(words) and _touch(folded, words, stop) and len(words[stop].plain) == 1 and words[stop].capital:
        return stop + 1
    return stop


def _is_last(words: list[Word], index: int, first_capital: bool) -> bool:
    word = words[index]
    if word.plain in lexicon.last_names():
        return True
    if not (first_capital and word.capital and len(word.plain) > 2):
        return False
    return word.plain in lexicon.family_names() or word.plain not in lexicon.everyday()


def _after_title(folded: Folded, words: list[Word], index: int) -> int | None:
    stop = index + 1
    while stop < len(words) and _near(folded, words, stop) and words[stop].plain in _PARTICLES:
        stop += 1
    if stop >= len(words) or not _near(folded, words, stop) or _is_place(words, stop):
        return None
    known = words[stop].plain in lexicon.last_names() or words[stop].plain in lexicon.first_names()
    capital = words[stop].capital and words[stop].plain not in lexicon.everyday()
    if not known and not (capital and len(words[stop].plain) > 2):
        return None
    if _continues(folded, words, stop + 1) and words[stop + 1].plain in lexicon.last_names():
        stop += 1
    return stop + 1


def _kin_before(folded: Folded, words: list[Word], index: int) -> bool:
    """"de zoon van Maes", "le fils de la famille Maes": at most three linking words back to the kinship."""
    back = index - 1
    while back >= 0 and index - back <= 4 and words[back].plain in _KIN_LINKS:
        back -= 1
    if back < 0 or back == index - 1 or words[back].plain not in _KIN:
        return False
    return all(_touch(folded, words, step) for step in range(back + 1, index + 1))


def _before_is(folded: Folded, words: list[Word], index: int, kinds: frozenset[str]) -> bool:
    back = index - 1
    while back >= 0 and index - back <= 3 and words[back].plain in _PARTICLES:
        back -= 1
    if back < 0 or not all(_near(folded, words, step) for step in range(back + 1, index + 1)):
        return False
    return words[back].plain in kinds or (words[back].capital and bool(_NOUN_ENDS.search(words[back].plain)))


def _is_place(words: list[Word], index: int) -> bool:
    word = words[index]
    return bool(_NOUN_ENDS.search(word.plain)) and word.plain not in lexicon.last_names()


def _is_glued(word: Word) -> bool:
    """"kevinmaes": a first and a last name typed as one word."""
    if not 2 * _GLUED_PARTS <= len(word.plain) <= 24 or _NOUN_ENDS.search(word.plain):
        return False
    if word.plain in lexicon.last_names() or word.plain in lexicon.everyday():
        return False
    return any(
        word.plain[:cut] in lexicon.first_names() and word.plain[cut:] in lexicon.last_names()
        for cut in range(_GLUED_PARTS, len(word.plain) - _GLUED_PARTS + 1)
    )


def _touch(folded: Folded, words: list[Word], index: int) -> bool:
    """True when only a blank or hyphen stands before this word."""
    gap = folded.plain[words[index - 1].end : words[index].start]
    return gap in ("", " ", "-", "'", " '", "  ")


def _near(folded: Folded, words: list[Word], index: int) -> bool:
    """As _touch, and also past the dot of an abbreviation."""
    return folded.plain[words[index - 1].end : words[index].start] in ("", " ", "-", "'", " '", ". ", ".", "  ")


def _continues(folded: Folded, words: list[Word], index: int) -> bool:
    return index < len(words) and _touch(folded, words, index)


def _spared(folded: Folded, words: list[Word], places: Collection[str]) -> dict[int, list[tuple[int, int]]]:
    """Return, per word index, the plain ranges around it that hold no private name."""
    ranges = [*signatures.find(folded), *_known_places(folded, places), *_streets(folded, words)]
    spared: dict[int, list[tuple[int, int]]] = {}
    by_start = sorted(ranges)
    active: list[tuple[int, int]] = []
    upcoming = 0
    for index, word in enumerate(words):
        while upcoming < len(by_start) and by_start[upcoming][0] < word.end:
            active.append(by_start[upcoming])
            upcoming += 1
        active = [range_ for range_ in active if range_[1] > word.start]
        if active:
            spared[index] = list(active)
    return spared


def _known_places(folded: Folded, places: Collection[str]) -> Iterator[tuple[int, int]]:
    known = {Folded(place).plain.strip() for place in places}
    known = {place for place in known if len(place) > 2}
    if not known:
        return
    longest = max(place.count(" ") + place.count("-") for place in known) + 1
    words = list(re.finditer(r"[^\W_]+", folded.plain))
    for index, word in enumerate(words):
        for last in words[index : index + min(longest, 8) + 1]:
            if folded.plain[word.start() : last.end()] in known:
                yield word.start(), last.end()


def _streets(folded: Folded, words: list[Word]) -> Iterator[tuple[int, int]]:
    """A run of words with capitals that ends in a street or building word: "Anna van Burenhof".

    "Claes van Lindelaan 8" and "Chantal van de Wilgenstraat" are a person and a street.
    """
    for index, word in enumerate(words):
        if word.plain in _NAMED_AFTER:
            stop = index + 1
            while stop < min(len(words), index + 5) and _near(folded, words, stop):
                if not words[stop].capital and words[stop].plain not in _PARTICLES:
                    break
                stop += 1
            yield word.start, words[stop - 1].end
        joined = index > 0 and folded.plain[words[index - 1].end : word.start] == "-"
        if not _NOUN_ENDS.search(word.plain) or (word.plain in lexicon.last_names() and not joined):
            continue
        back = index
        while (word.capital or joined) and back > 0 and index - back < 4 and _near(folded, words, back):
            before = words[back - 1]
            if not before.capital and before.plain not in _PARTICLES:
                break
            back -= 1
        between = [before.plain for before in words[back:index]]
        numbered = index + 1 < len(words) and words[index + 1].plain.isdigit() and _touch(folded, words, index + 1)
        if between[-2:-1] == ["van"] or (between[-1:] == ["van"] and numbered):
            back = index
        yield words[back].start, word.end
