"""Makes sentences with and without persons for tools/train-names, from the templates of corpus/name_sentences.txt."""

import json
import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from wabp.misuse import lexicon
from wabp.misuse.registers import registers
from wabp.misuse.word_kinds import FIRST, MAYBE_FIRST, NAMED, kinds

ROOT = Path(__file__).parent.parent
_SLOT = re.compile(r"\{(\w+)\}")
_WORD = re.compile(r"\w+")
_PARTICLES = (
    "van|van de|van den|van der|de|Van|Van de|Van den|Vande|De|El|Ben|Al|Da|di|le|Le|von|ter".split("|")
)
_TITLES = (
    "meneer mevrouw mijnheer Mevr. dhr. madame Madame Monsieur M. Mme mr Mrs Mr. Mrs. Herr Frau nonkel tante buurman "
    "familie"
).split()
_OFFICERS = (
    "Wijkinspecteur|wijkagent|Inspecteur|agent|Commissaris|l'inspecteur|Inspecteur principal|Officer|burgemeester|"
    "De wijkagent"
).split("|")
_ENDINGS = "straat laan plein weg dreef steenweg lei kaai singel hof park pad dijk gracht kade".split()
_OPENERS = "rue avenue place boulevard quai chaussée square clos chemin impasse allée".split()
_ENGLISH = "Street Road Lane Avenue Square".split()
_STEMS = "Kerk School Linden Molen Kasteel Beuken Station Nieuw Veld Berg Eiken Kapel Dorp Brug Bos".split()
_NOUNS = (
    "l'église|la gare|la station|la paix|l'école|Roses|Lilas|des Roses|du Moulin|de la Liberté|du Vieux Marché|"
    "des Alliés|Haute|Neuve|de l'Église"
).split("|")
_SHOPS = (
    "bakkerij|café|frituur|slagerij|school|basisschool|residentie|kapsalon|boulangerie|école|pharmacie|garage|hotel|"
    "apotheek|the pub|taverne"
).split("|")
_SHOP_NAMES = (
    "De Zonnebloem|'t Hoekske|De Vlieger|Sint-Jan|Het Anker|Le Petit Prince|Saint-Michel|Bellevue|De Sleutel".split("|")
)
_PERSONS = {"full", "first", "last", "titled"}
# How often a word of a name, or of a place, is to be taken for unknown.
_FORGOTTEN_NAME, _FORGOTTEN_PLACE = 0.2, 0.35
_LOWER, _UPPER, _AS_IS = 0.3, 0.33, 0.5


class Maker:
    """Puts sentences together; the same seed gives the same ones."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        self._lines: dict[str, list[str]] = {}
        section = ""
        for line in (ROOT / "bench/corpus/name_sentences.txt").read_text(encoding="utf-8").splitlines():
            if line.startswith("["):
                section = line.strip("[]")
            elif line.strip() and not line.startswith("#"):
                self._lines.setdefault(section, []).append(line)
        kind_of, more = kinds(), registers()
        first, last = sorted(lexicon.listed("first_names")), sorted(lexicon.listed("last_names"))
        self._first = [name.capitalize() for name in first if kind_of[name] & (FIRST | MAYBE_FIRST)]
        self._more_first = [name.capitalize() for name in sorted(more.first) if kind_of[name] & NAMED]
        self._last = [name.capitalize() for name in [*last, *sorted(more.last)] if kind_of[name] & NAMED]
        districts = json.loads((ROOT / "wabp/data/ghent.json").read_text(encoding="utf-8"))["districts"]
        self._streets = [street["name"] for district in districts for street in district["streets"]]
        self._towns = [name.title() for name in sorted(lexicon.listed("towns"))]
        self._organisations = [name.title() for name in sorted(lexicon.listed("organisations"))]

    def rows(self, count: int) -> Iterator[dict]:
        """Yield texts with the persons in them as spans, and words to be taken for ones that no list holds."""
        for _ in range(count):
            yield self._row(self._pick(self._lines["persons" if self._chance(0.5) else "nobody"]))

    def _row(self, template: str) -> dict:
        spans: list[str] = []
        forgotten: set[str] = set()

        def put(found: re.Match[str]) -> str:
            slot = found.group(1)
            words = getattr(self, f"_a_{slot}")()
            parts = [part.lower() for part in _WORD.findall(words)]
            if slot in _PERSONS:
                spans.append(words)
                forgotten.update(part for part in parts if self._chance(_FORGOTTEN_NAME))
            elif slot != "officer" and self._chance(_FORGOTTEN_PLACE):
                forgotten.update(parts)
            return words

        text = _SLOT.sub(put, template)
        how = self._dice.random()
        if how < _LOWER:
            text, spans = text.lower(), [span.lower() for span in spans]
        elif how < _UPPER:
            text, spans = text.upper(), [span.upper() for span in spans]
        elif how > _AS_IS:
            text = text[0].upper() + text[1:]
            spans = [span if span in text else span[0].upper() + span[1:] for span in spans]
        if self._chance(0.4):
            text += "."
        named = [{"label": "person_name", "text": span} for span in spans]
        return {"text": text, "spans": named, "forgotten": forgotten}

    def _pick(self, given: Sequence[str]) -> str:
        return given[self._dice.randrange(len(given))]

    def _chance(self, share: float) -> bool:
        return self._dice.random() < share

    def _a_first(self) -> str:
        name = self._pick(self._first if self._chance(0.8) else self._more_first)
        return f"{name}-{self._pick(self._first)}" if self._chance(0.03) else name

    def _a_last(self) -> str:
        name = self._pick(self._last)
        return f"{self._pick(_PARTICLES)} {name}" if self._chance(0.25) else name

    def _a_full(self) -> str:
        if self._chance(0.04):
            return f"{self._a_first()} {self._a_last()[0].upper()}."
        if self._chance(0.02):
            return f"{self._a_first()[0].upper()}. {self._a_last()}"
        middle = f" {self._a_first()}" if self._chance(0.05) else ""
        return f"{self._a_first()}{middle} {self._a_last()}"

    def _a_titled(self) -> str:
        return f"{self._pick(_TITLES)} {self._a_last()}"

    def _a_officer(self) -> str:
        return f"{self._pick(_OFFICERS)} {self._a_last()}"

    def _a_street(self) -> str:
        how = self._dice.random()
        if how < 0.3:
            return self._pick(self._streets)
        last = self._pick(self._last)
        name = f"{self._a_first()} {last}" if self._chance(0.6) else last
        if how < 0.55:
            return (f"{self._a_first()} Van {last}" if self._chance(0.15) else name) + self._pick(_ENDINGS)
        if how < 0.65:
            return self._pick(_STEMS) + self._pick(_ENDINGS)
        if how < 0.85:
            return f"{self._pick(_OPENERS)} {name}"
        if how < 0.93:
            return f"{self._pick(_OPENERS)} {self._pick(_NOUNS)}"
        return f"{last} {self._pick(_ENGLISH)}"

    def _a_spot(self) -> str:
        spot = self._pick(self._lines["spots"])
        return f"{self._pick('de het la the den'.split())} {spot}" if self._chance(0.4) else spot

    def _a_brand(self) -> str:
        return self._pick(self._lines["brands"] if self._chance(0.6) else self._organisations)

    def _a_shop(self) -> str:
        if self._chance(0.4):
            return self._pick(self._organisations)
        name = self._pick([self._pick(_SHOP_NAMES), self._a_last(), self._a_first(), self._a_full()])
        return f"{self._pick(_SHOPS)} {name}"

    def _a_town(self) -> str:
        return self._pick(self._towns)
