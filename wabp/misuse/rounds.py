"""Owns one round of a rewrite: what each finding does to its words, its clause or its sentence."""

from collections.abc import Sequence

from wabp.misuse.clauses import DOERS, Clause, Page, capital, without_opening
from wabp.misuse.findings import Finding
from wabp.misuse.fitting import ASKED, Edit, asked, fitted, is_verb, keys, leads_a_clause, together
from wabp.misuse.remnants import facts, only_contact, says_something, words
from wabp.texts import say

_CALLS = {"vigilantism", "photo_request"}
_BY_CLAUSE = {*_CALLS, "health"}
_CONTACTS = {"phone_number", "email", "social_handle_or_link"}
# Inside these nothing is worth keeping, nor is anything cut.
_WHOLE = {"person_name", "licence_plate", "home_address", "profiling", "minor", "insult_or_hate", *_CONTACTS}
_DRIFT = ".drift"
# The first round changes words, the second and third leave out clauses, the last one sentences.
_TELL, _BY_CLAUSES, BY_SENTENCES, LAST = 1, 2, 3, 4
_CHILDREN = ("kinderen", "jongens", "meisjes", "enfants", "children", "kids", "boys", "girls", "sisters", "brothers")
# An accusation is told with "somebody" when so many of its own words stay; "somebody steals" says too little.
_ENOUGH = 3
# A person is passed on to a clause so far away.
_FAR = 5


class Round:
    """One round of mending: `facts` are those of clauses that went, `advice` what the reader is told to do."""

    def __init__(self, text: str, findings: Sequence[Finding], language: str, firmness: int, asked: set[str]) -> None:
        self._found = [(f, f.start, f.end) for f in findings if f.start is not None and f.end is not None]
        self._language, self._firmness, self._asked = language, firmness, asked
        self._page = Page(text, [(s, e) for f, s, e in self._found if f.label in _WHOLE and not _is_drift(f)])
        self._going: set[int] = set()
        self._told: dict[int, str] = {}
        self._calls: set[int] = set()
        self._edits: list[Edit] = []
        self._instead: dict[int, str] = {}
        self._subjects: dict[int, str] = {}
        self._is_chatter = "offtopic" in asked
        self._nothing_left = any(f.start is None and f.action == "refuse" for f in findings)
        self.facts: list[str] = []
        self.advice: list[str] = []

    def body(self) -> str:
        """Return the text mended, without what is in `facts` and `advice`."""
        page = self._page
        if self._nothing_left or not page.clauses:
            return "" if self._found or self._nothing_left else page.text
        keep = _Spans([(s, e) for f, s, e in self._found if not _is_drift(f) and f.label in {*_WHOLE, "health"}])
        for finding, start, end in self._found:
            self._mend(finding, start, end)
        self._edits = self._fitted()
        by_clause = self._by_clause()
        for number in sorted(self._going - self._calls, reverse=True):
            self._pass_on(number, by_clause.get(number, ()))
        for number in range(1, len(page.clauses)):
            if number - 1 in self._going and self._belongs_to_last(number):
                self._going.add(number)
        for number, edits in by_clause.items():
            if number not in self._going and number not in self._told and self._is_stump(number, edits):
                self._let_go(number, edits)
        self._let_go_of_openings(by_clause)
        for number in sorted(self._going | set(self._told)):
            clause = page.clauses[number]
            hidden = {index for s, e in keep.within(clause.start, clause.end) for index in page.words_of(s, e)}
            meeting = number in self._calls and not words("meeting").isdisjoint(
                page.reading.words[clause.first : clause.stop]
            )
            self.facts += facts(page, clause, hidden, looks_only=meeting)
        return page.rebuilt(lambda number: self._clause(number, by_clause), lambda number: self._told.get(number, ""))

    def _mend(self, finding: Finding, start: int, end: int) -> None:
        clauses = self._page.clauses_of(start, end)
        instead = finding.replacement or ""
        if finding.label in _CALLS:
            self._calls.update(clauses)
            if instead and finding.label in self._asked:
                self.advice.append(instead)
        if self._firmness >= BY_SENTENCES and clauses:
            whole = self._page.sentence_of(clauses.start).start, self._page.sentence_of(clauses.stop - 1).stop
            self._going.update(range(*whole))
        elif self._firmness >= _BY_CLAUSES:
            self._going.update(clauses)
        elif finding.label == "accusation":
            self._accused(clauses, start, end, instead)
        elif _is_drift(finding):
            if self._firmness or not self._has_other(start, end):
                self._drifting(clauses)
        elif finding.label in _BY_CLAUSE:
            self._going.update(clauses)
        else:
            self._edits.append(Edit(start, end, instead, finding.label, keys(self._language).get(instead, "")))

    def _accused(self, clauses: range, start: int, end: int, instead: str) -> None:
        """Tell the deed without who did it: with "somebody" where that leaves enough, else in other words."""
        if self._firmness < _TELL and not self._is_stolen(instead) and self._is_named(start, end) and clauses:
            gone = {
                index
                for finding, first, last in self._found
                if finding.label in _WHOLE and not _is_drift(finding) and first < end and start < last
                for index in self._page.words_of(first, last)
            }
            if any(says_something(self._page, self._page.clauses[number], gone, _ENOUGH) for number in clauses):
                return
        self.facts += [
            finding.replacement
            for finding, first, last in self._found
            if self._is_vague(instead)
            and finding.label == "home_address"
            and finding.replacement
            and first < end
            and start < last
        ]
        event, _, call = instead.partition(". ")
        if call:
            self.advice.append(call)
        if clauses:
            sentence = self._page.sentence_of(clauses.start)
            last = self._page.sentence_of(clauses.stop - 1)
            for number in range(sentence.start, last.stop):
                if number in clauses or not facts(self._page, self._page.clauses[number], ()):
                    self._going.add(number)
            if event and not self._is_vague(instead):
                self._told[clauses.start] = f"{event}."
                self._going.discard(clauses.start)

    def _is_named(self, start: int, end: int) -> bool:
        return any(
            finding.label in ("person_name", "home_address") and first < end and start < last
            for finding, first, last in self._found
        )

    def _is_vague(self, instead: str) -> bool:
        return not instead or instead.startswith(_opening("neutral", self._language))

    def _is_stolen(self, instead: str) -> bool:
        return not self._is_vague(instead) and not instead.startswith(_opening("theft", self._language))

    def _has_other(self, start: int, end: int) -> bool:
        """Tell whether something else is found in a sentence, which may be all that is wrong with it."""
        return any(not _is_drift(finding) and first < end and start < last for finding, first, last in self._found)

    def _drifting(self, clauses: range) -> None:
        """Of a sentence that only as a whole says something wrong, what holds no facts goes first."""
        idle = [n for n in clauses if not facts(self._page, self._page.clauses[n], ())]
        self._going.update(clauses if self._firmness >= _TELL or not idle else idle)

    def _fitted(self) -> list[Edit]:
        """Return the edits in order of place, each made to fit, the widest of those that overlap."""
        page, language = self._page, self._language
        edits = []
        for edit in self._edits:
            if (
                edit.label == "insult_or_hate"
                and edit.words
                and self._calls_you(edit)
                and not leads_a_clause(page, edit)
            ):
                edit = Edit(edit.start, edit.end, "", edit.label)
            elif edit.label in ("phone_number", "email"):
                edit = asked(page, edit, language, chatter=self._is_chatter)
            elif edit.label == "minor":
                edit = self._about_a_child(edit)
            edits.append(fitted(page, edit, language))
        edits.sort(key=lambda edit: (edit.start, -edit.end))
        kept: list[Edit] = []
        for edit in edits:
            if not kept or edit.start >= kept[-1].end:
                kept.append(edit)
            elif edit.end > kept[-1].end:
                last = kept[-1]
                kept[-1] = Edit(last.start, edit.end, last.words or edit.words, last.label, last.key or edit.key)
        return self._told_once(together(page, kept, language))

    def _told_once(self, edits: Sequence[Edit]) -> list[Edit]:
        """What to do with a plate is said once; of further plates only that there was one."""
        kept: list[Edit] = []
        said = False
        for edit in edits:
            if edit.label == "licence_plate" and said:
                edit = Edit(edit.start, edit.end, say("findings.instead.plate_again", self._language), edit.label)
            said = said or edit.label == "licence_plate"
            kept.append(edit)
        return kept

    def _calls_you(self, edit: Edit) -> bool:
        """Tell whether the clause of an insult speaks to whom it insults."""
        return any(
            not words("you").isdisjoint(
                self._page.reading.words[self._page.clauses[number].first : self._page.clauses[number].stop]
            )
            for number in self._page.clauses_of(edit.start, edit.end)
        )

    def _about_a_child(self, edit: Edit) -> Edit:
        """Put a child only where the words stand for one, not for an age or a school alone; for more of them people."""
        if self._firmness and edit.key:
            return Edit(edit.start, edit.end, say("findings.instead.person", self._language), edit.label, "person")
        inside = {self._page.reading.words[index] for index in self._page.words_of(edit.start, edit.end)}
        if any(word.endswith(_CHILDREN) for word in inside):
            return Edit(edit.start, edit.end, say("findings.instead.persons", self._language), edit.label, "persons")
        named = any(
            finding.label == "person_name" and start < edit.end and edit.start < end
            for finding, start, end in self._found
        )
        if not inside or named or not words("child").isdisjoint(inside):
            return edit
        return Edit(edit.start, edit.end, "", edit.label)

    def _by_clause(self) -> dict[int, list[Edit]]:
        found: dict[int, list[Edit]] = {}
        for edit in self._edits:
            touched = self._page.clauses_of(edit.start, edit.end)
            if len(touched) == 0:
                continue
            # Where the words go on into the next clause, they are put once.
            first = self._page.clauses[touched.start]
            put = touched.stop - 1 if edit.start <= first.start else touched.start
            for number in touched:
                again = Edit(edit.start, edit.end, "", edit.label)
                found.setdefault(number, []).append(edit if number == put else again)
        return found

    def _is_stump(self, number: int, edits: Sequence[Edit]) -> bool:
        """Tell whether a clause says nothing any more once the edits are made."""
        page, clause = self._page, self._page.clauses[number]
        covered = set[int]()
        for edit in edits:
            span = page.words_of(edit.start, edit.end)
            covered.update(range(max(span.start, clause.first), min(span.stop, clause.stop)))
        if any(edit.label in ("licence_plate", ASKED) for edit in edits):
            return False
        homes = [edit.words for edit in edits if edit.label == "home_address" and edit.words]
        alone = (clause.opens or number - 1 in self._going) and (
            number + 1 == len(page.clauses) or page.clauses[number + 1].opens
        )
        if homes and not (alone and only_contact(page, clause, covered)):
            return False
        self.facts += homes
        if all(edit.label in _CONTACTS for edit in edits):
            return only_contact(page, clause, covered)
        if only_contact(page, clause, covered):
            alone = len(covered) >= clause.stop - clause.first and any(edit.key for edit in edits)
            return True
        return not says_something(page, clause, covered)

    def _belongs_to_last(self, number: int) -> bool:
        """Tell whether a clause only adds to the one before: in brackets, or what a call to act is for."""
        page, clause = self._page, self._page.clauses[number]
        if clause.opens or "(" in page.behind(number - 1):
            return not clause.opens
        aimed = page.reading.words[clause.first] in words("aims")
        return aimed and number - 1 in self._calls and not facts(page, clause, ())

    def _let_go(self, number: int, edits: Sequence[Edit]) -> None:
        """Leave out a clause that says nothing; the one person in it stays where the next clause needs somebody."""
        self._going.add(number)
        following, opening = self._pass_on(number, edits)
        if following is None or not any(edit.key for edit in edits):
            return
        if opening in words("places") or not (
            opening in words("no_verb") or any(edit.label == "insult_or_hate" for edit in edits)
        ):
            # "A man, in the Kerkstraat, rings at doors."
            self._going.discard(number)
            self._instead[number] = next(edit.words for edit in edits if edit.key)

    def _pass_on(self, number: int, edits: Sequence[Edit]) -> tuple[int | None, str]:
        """Make the person of a clause that goes the subject of the next clause if that has none.

        Returns that clause and its first word while it still needs somebody.
        """
        clauses, row = self._page.clauses, self._page.reading
        following = number + 1
        while (
            following < min(len(clauses), number + _FAR) and following in self._going and not clauses[following].opens
        ):
            following += 1
        if following >= len(clauses) or clauses[following].opens or following in self._going:
            return None, ""
        first = clauses[following].first
        if row.words[first] in words("conjunctions") and first + 1 < len(row.words):
            first += 1
        opening = row.words[first]
        if opening in DOERS:
            return None, ""
        if opening in words("places"):
            return following, opening
        people = next((edit.words for edit in edits if edit.key), "")
        if people and is_verb(opening, row.language):
            self._subjects[following] = people
            return None, ""
        return following, opening

    def _let_go_of_openings(self, by_clause: dict[int, list[Edit]]) -> None:
        """What only opens a clause that went, up to a colon, goes too."""
        page = self._page
        for number in sorted(self._going, reverse=True):
            before = number - 1
            if before < 0 or page.clauses[number].opens or ":" not in page.behind(before) or before in by_clause:
                continue
            clause = page.clauses[before]
            if not facts(page, clause, ()) and not says_something(page, clause, (), _ENOUGH + 1):
                self._going.add(before)

    def _clause(self, number: int, by_clause: dict[int, list[Edit]]) -> str | None:
        if number in self._going or number in self._told:
            return None
        clause, text = self._page.clauses[number], self._page.text
        edits = by_clause.get(number, ())
        if number in self._instead:
            return capital(self._instead[number]) if clause.opens else self._instead[number]
        if number in self._subjects:
            said = self._edited(clause, edits)
            return f"{self._subjects[number]} {without_opening(said)}" if said else None
        if not edits:
            return text[clause.start : clause.end]
        return self._edited(clause, edits)

    def _edited(self, clause: Clause, edits: Sequence[Edit]) -> str | None:
        text = self._page.text
        pieces, done = [], clause.start
        for edit in edits:
            if edit.start > done:
                pieces.append(text[done : edit.start])
            if edit.start >= clause.start or done == clause.start:
                pieces.append(edit.words)
            done = max(done, min(edit.end, clause.end))
        said = "".join([*pieces, text[done : clause.end]])
        changed = bool(edits) and edits[0].start <= clause.start
        said = said.lstrip(" ,;:-") if changed else said
        return (capital(said) if changed and clause.opens else said) or None


class _Spans:
    """Spans that can be asked for by place, in one pass."""

    def __init__(self, spans: Sequence[tuple[int, int]]) -> None:
        self._spans = sorted(spans)
        self._at = 0

    def within(self, start: int, end: int) -> list[tuple[int, int]]:
        """Return the spans that touch `start:end`; to be asked in order of place."""
        while self._at < len(self._spans) and self._spans[self._at][1] <= start:
            self._at += 1
        stop = self._at
        while stop < len(self._spans) and self._spans[stop][0] < end:
            stop += 1
        return self._spans[self._at : stop]


def _is_drift(finding: Finding) -> bool:
    return finding.rule.endswith(_DRIFT)


def _opening(key: str, language: str) -> str:
    """Return what a phrase says before its place."""
    return say(f"findings.instead.{key}", language, place="\n").partition("\n")[0]
