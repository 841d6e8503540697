"""Owns finding calls to act oneself; what the police or others do is none."""

from collections.abc import Iterator, Sequence

from wabp.misuse.clues import Clues
from wabp.misuse.findings import Span
from wabp.misuse.phrases import Match
from wabp.misuse.reading import CLAUSE

_FAMILY = "vigilantism"
_HINT, _MAYBE = f"{_FAMILY}._", f"{_FAMILY}.maybe_"
# A round through the streets is a patrol only beside words of danger or of the night.
_ROUND, _PLAN, _POLICE = f"{_FAMILY}.round", f"{_FAMILY}.plan", f"{_FAMILY}._police"
_CHASES = frozenset({f"{_FAMILY}.catch", f"{_FAMILY}.follow"})
# What police and passers-by also do, and may.
_SHARED = frozenset(
    f"{_FAMILY}.{rule}"
    for rule in ("catch", "follow", "block", "beat", "confront", "stake_out", "patrol", "arms", "rally")
)
_LANGUAGES = ("_fr", "_en", "_de")

_OURS = frozenset(
    "we wij me ik k ikke jullie gij ge je jij u wie iemand iedereen allemaal samen laten ons kheb kga kzal kzou "
    "on nous je j moi vous faut qui tous allons i us let you who someone anyone everyone wir ich ihr".split()
)
_THEIRS = frozenset(
    "hij ze zij men die zei zegt riep said dit a ont politie man mannen vrouw dader daders il ils elle elles he she they and to der er sie".split()
)
_UNTIL = frozenset(
    "tot totdat tegen voor jusqu jusque avant until till bis als si if indien omdat want puisque comme".split()
)
_REACH = 9


def find(clues: Clues) -> Iterator[Span]:
    """Yield each call to act, the widest of those that overlap; the words instead say to keep away and call."""
    found = [match._replace(rule=_without_language(match.rule)) for match in clues.of(_FAMILY)]
    calls = [match for match in found if not match.rule.startswith(_HINT)]
    if not calls:
        return
    hints = _Hints(clues, found)
    last = -1
    for match in sorted(calls, key=lambda match: (match.first, -match.stop)):
        if match.first >= last and hints.allow(match):
            last = match.stop
            yield clues.span(match._replace(rule=match.rule.replace(_MAYBE, f"{_FAMILY}.")), "vigilantism")


def _without_language(rule: str) -> str:
    """One behaviour has one name, whatever the language."""
    return rule[:-3] if rule.endswith(_LANGUAGES) else rule


class _Hints:
    """Who acts, on whom and when, by sentence."""

    def __init__(self, clues: Clues, found: Sequence[Match]) -> None:
        self._clues = clues
        self._sentences: dict[str, set[int]] = {}
        self._police: list[int] = []
        for match in found:
            if match.rule == _POLICE:
                self._police.append(match.first)
            elif match.rule.startswith(_HINT):
                self._sentences.setdefault(match.rule, set()).add(clues.reading.sentence_of(match.first)[0])

    def allow(self, match: Match) -> bool:
        """True when `match` calls upon us; a "maybe" rule must tell in its sentence who acts and who is meant."""
        sentence, _ = self._clues.reading.sentence_of(match.first)
        maybe = match.rule.startswith(_MAYBE) or match.rule == _PLAN
        if maybe and not (self._says("_us", sentence) and self._says("_them", sentence)):
            return False
        if match.rule == _PLAN and (not self._says("_target", sentence) or self._says("_good", sentence)):
            return False
        if match.rule == _ROUND and not self._sentences.get(f"{_FAMILY}._night"):
            return False
        if (maybe or match.rule in _CHASES) and self._says("_animal", sentence):
            return False
        return not self._is_others_work(match, maybe)

    def _says(self, hint: str, sentence: int) -> bool:
        return sentence in self._sentences.get(f"{_FAMILY}.{hint}", ())

    def _is_others_work(self, match: Match, maybe: bool) -> bool:
        """True when police or another third person does it and none of us is called upon."""
        words, gaps = self._clues.reading.words, self._clues.reading.gaps
        if not maybe and (match.rule not in _SHARED or not _OURS.isdisjoint(words[match.first : match.stop])):
            return False
        before = words[match.first - 1] if match.first and not gaps[match.first] else ""
        if before in _OURS:
            return False
        if before in _THEIRS or (maybe and self._is_told_of_others(match)):
            return True
        start, stop = self._clues.reading.sentence_of(match.first)
        first, last = (start, stop) if maybe else (max(start, match.first - _REACH), match.first)
        return any(
            first <= index < last
            and _UNTIL.isdisjoint(words[max(0, index - 2) : index])
            and _OURS.isdisjoint(words[index + 1 : match.first])
            for index in self._police
        )

    def _is_told_of_others(self, match: Match) -> bool:
        """True when the clause speaks of others up to the words found, and of none of us."""
        words, gaps = self._clues.reading.words, self._clues.reading.gaps
        first = match.first
        while first and match.first - first < _REACH and gaps[first] < CLAUSE:
            first -= 1
        return _OURS.isdisjoint(words[first : match.stop + 1]) and not _THEIRS.isdisjoint(words[first : match.first])
