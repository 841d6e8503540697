"""Owns making words fit the place of those they stand for: titles, articles and scolding go along, number and elision agree."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from wabp.misuse.clauses import Page, capital
from wabp.misuse.reading import CLAUSE, JOINED
from wabp.misuse.remnants import words
from wabp.texts import say

# The label of an edit that asks to call somebody else.
ASKED = "asked"
PEOPLE = ("person", "persons", "man", "woman", "household", "culprits", "child")
_ONE, _MANY = frozenset({"person", "man", "woman", "child", "household"}), frozenset({"persons", "culprits"})
_AND = frozenset({"en", "et", "and", "und", "&", "+", ",", "/", "ou", "or", "oder", ""})
_OF = frozenset({"van", "van de", "van den", "de", "of", "of the", "von", "from"})
# Plural by their ending, but these are one.
_ENDS_OF_MANY = ("s", "en", "x", "ies", "ers", "eurs")
_ENDS_OF_ONE = {"nl": ("ees", "is", "us", "aas", "oos"), "fr": ("ais", "ois", "eux", "us"), "en": ("ss", "us")}
_RELATIVE = frozenset("die dat wie qui que who that der".split())
_COPULAS = frozenset("is est sont zijn are was ist sind".split())
_MANY_TOGETHER = frozenset("volk gens people folk leute lui".split())
_VERB_ENDING = {"nl": "t", "en": "s", "de": "t"}
_SEEN_VERBS, _MOST_ADJECTIVES = 6, 2
# Verbs in one language, something else in another.
_AMBIGUOUS = frozenset({"a", "s", "se", "had", "want", "does"})
_SHORTENED = {"d": "de ", "qu": "que ", "l": "", "s": "si ", "jusqu": "jusque ", "lorsqu": "lorsque "}
_MOST_SCOLDING, _MOST_TO_CALL = 8, 4


@dataclass(frozen=True, slots=True)
class Edit:
    """Words for a typed span; `label` is that of the finding, `key` that of the words in the wording, "" for others."""

    start: int
    end: int
    words: str
    label: str
    key: str = ""
    rule: str = ""


@cache
def keys(language: str) -> dict[str, str]:
    """Return the key of each phrase for people, by the phrase."""
    return {say(f"findings.instead.{key}", language): key for key in reversed(PEOPLE)}


def fitted(page: Page, edit: Edit, language: str) -> Edit:
    """Return the edit with what belongs to its words, in the number that its place asks for."""
    span = page.words_of(edit.start, edit.end)
    if not span:
        return edit
    if edit.label == "person_name":
        edit = _named(page, edit, span, language)
    elif edit.label == "insult_or_hate":
        edit = _scolded(page, edit, span)
        if page.reading.words[span.start] in _COPULAS:
            edit = _predicate(page, edit, span)
        else:
            edit = _with_relative(page, _agreeing(page, edit, language)) if edit.words else _let_go(page, edit)
    elif edit.label == "profiling" and edit.key == "persons" and _is_worn(page, span):
        edit = _let_go(page, replace(edit, words="", key=""))
    elif edit.key:
        edit = _agreeing(page, _with_colours(page, edit, span), language)
    elif not edit.words:
        edit = _let_go(page, edit)
        if edit.label == "profiling" and not _word(page, span.start - 1, span.start) and leads_a_clause(page, edit):
            # "Type maghrébin qui traîne": somebody does.
            edit = replace(edit, words=say("findings.instead.person", language), key="person")
    return _spelled(page, _within_brackets(page, edit), language)


def asked(page: Page, edit: Edit, language: str, *, chatter: bool) -> Edit:
    """Ask to call the police where a private number or mail box was to be called; in chatter, for a private message."""
    span = page.words_of(edit.start, edit.end)
    if not span:
        return edit
    first = span.start
    while span.start - first < _MOST_TO_CALL and _word(page, first - 1, first) in words("to_call"):
        first -= 1
    if _word(page, first - 1, first) not in words("call") or words("negation") & {_word(page, first - 2, first - 1)}:
        return edit
    if not chatter and words("tips").isdisjoint(page.reading.words):
        return edit
    key = "ask_me" if chatter else "ask_police"
    said = say(f"findings.instead.{key}", language)
    return replace(
        edit,
        label=ASKED,
        start=page.starts[first - 1],
        words=capital(said) if page.reading.capital[first - 1] else said,
    )


def together(page: Page, edits: Sequence[Edit], language: str) -> list[Edit]:
    """Put people side by side into one: "somebody and somebody" is people; the same words twice are once."""
    kept: list[Edit] = []
    for edit in edits:
        last = kept[-1] if kept else None
        between = page.text[last.end : edit.start].strip().casefold() if last else ""
        if last and last.key and edit.key and between in _AND | _OF:
            key = _shared(last, edit, between)
            kept[-1] = replace(last, end=edit.end, words=say(f"findings.instead.{key}", language), key=key)
        elif last and last.words and edit.words.casefold() == last.words.casefold() and between in _AND:
            kept[-1] = replace(last, end=edit.end)
        else:
            kept.append(edit)
    return kept


def _shared(first: Edit, second: Edit, between: str) -> str:
    """Return the key for two edits side by side: the same one told twice, or more than one."""
    if between in _OF:
        return first.key
    insults = [edit.label == "insult_or_hate" for edit in (first, second)]
    if between in ("", ",", "/") and (any(insults) or first.label != second.label):
        return first.key if insults[1] else second.key
    return "persons"


def _word(page: Page, index: int, joined_to: int) -> str:
    """Return word `index` when nothing but blanks parts it from the words up to `joined_to`, else ""."""
    row = page.reading
    if not 0 <= index < len(row.words):
        return ""
    between = row.gaps[max(index, joined_to)]
    return row.words[index] if between == JOINED else ""


def _definite(page: Page) -> frozenset[str]:
    """Return the definite articles; in French "de" and "d'" are none."""
    return words("definite") - {"de", "d"} if page.reading.language == "fr" else words("definite")


def _named(page: Page, edit: Edit, span: range, language: str) -> Edit:
    first, row = span.start, page.reading.words
    before, further = _word(page, first - 1, first), _word(page, first - 2, first - 1)
    behind = _word(page, span.stop, span.stop)
    determined = further in _definite(page) or further in words("owning") or further in words("indefinite")
    if before in words("household") or (behind == "family" and edit.key):
        start = page.starts[first - 1] if before in words("household") else edit.start
        end = page.ends[span.stop] if behind == "family" and before not in words("household") else edit.end
        at = first - 1 if before in words("household") else first
        start = _without_article(page, at, start)
        return replace(edit, start=start, end=end, words=say("findings.instead.household", language), key="household")
    if before in words("relation") and (determined or (before not in words("man") and before not in words("woman"))):
        return replace(edit, start=page.ends[first - 1], words="", key="")
    for key in ("man", "woman"):
        if before in words(key):
            start = _without_article(page, first - 1, page.starts[first - 1])
            return replace(edit, start=start, words=say(f"findings.instead.{key}", language), key=key)
    if behind in ("zijn", "haar", "hare", "hun", "his", "s"):
        for index in (span.stop + 1, span.stop + 2):
            if _word(page, index, index) in words("relation") and page.reading.gaps[span.stop + 1] == JOINED:
                return replace(edit, end=page.ends[index])
    if before in words("is_named") and not behind:
        start = page.ends[first - 2] if further and first > 1 else page.starts[first - 1]
        return replace(edit, start=start, words="", key="")
    if _is_called(page, span, before):
        start = page.ends[first - 1] if first and page.reading.gaps[first] == JOINED else edit.start
        return replace(edit, start=start, words="", key="")
    if before in ("dat", "that", "this", "het", "t", "c"):
        return edit
    if before in _definite(page) or before in words("owning") or before in words("indefinite"):
        many = before in words("plural") or (
            before in ("the", "de") and row[span.stop - 1].endswith(("ers", "sen", "smiths"))
        )
        if before in words("owning") and before in ("zijn", "haar", "hun", "son", "sa", "ses", "her") and further:
            return edit
        edit = replace(edit, start=page.starts[first - 1])
        if many:
            return replace(edit, words=say("findings.instead.persons", language), key="persons")
    return edit


def _is_called(page: Page, span: range, before: str) -> bool:
    """Tell whether a name calls somebody: "Ludo, tu as ...", "thanks Anneleen"."""
    row = page.reading
    opens = span.start == 0 or row.gaps[span.start] >= CLAUSE
    if before in words("thanks"):
        return True
    following = row.words[span.stop] if span.stop < len(row.words) else ""
    return opens and following in words("you")


def _without_article(page: Page, first: int, start: int) -> int:
    before = _word(page, first - 1, first)
    return page.starts[first - 1] if before in _definite(page) or before in words("indefinite") else start


def _scolded(page: Page, edit: Edit, span: range) -> Edit:
    """Take along what scolds with an insult: "wat een vuile", "espèce de gros"."""
    first = span.start
    scolding = words("scolding")
    following = _word(page, span.stop, span.stop)
    if page.reading.words[span.stop - 1] in scolding and following and following not in words("stump"):
        # An insult of two words of which the second was not known.
        edit = replace(edit, end=page.ends[span.stop])
    while first > 0 and span.start - first < _MOST_SCOLDING and _word(page, first - 1, first) in scolding:
        first -= 1
    # "Die" and "the" alone belong to the noun, and are read again when the number is chosen.
    while first < span.start and page.reading.words[first] in _definite(page) | {"een", "a", "an", "un", "une"}:
        first += 1
    return replace(edit, start=min(edit.start, page.starts[first]))


def _predicate(page: Page, edit: Edit, span: range) -> Edit:
    """Take out "is a scoundrel", with one adjective behind it."""
    last = _word(page, span.stop, span.stop) and not _word(page, span.stop + 1, span.stop + 1)
    end = page.ends[span.stop] if last else edit.end
    start = edit.start
    while start > 0 and page.text[start - 1] in " \t":
        start -= 1
    return replace(edit, start=start, end=end, words="", key="")


def _with_relative(page: Page, edit: Edit) -> Edit:
    """In Dutch a rabble is "dat", somebody is "die"."""
    span = page.words_of(edit.start, edit.end)
    if span and page.reading.language == "nl" and _word(page, span.stop, span.stop) == "dat":
        return replace(edit, end=page.ends[span.stop], words=f"{edit.words} die")
    return edit


def _agreeing(page: Page, edit: Edit, language: str) -> Edit:
    span = page.words_of(edit.start, edit.end)
    before = _word(page, span.start - 1, span.start)
    key = edit.key
    adjectives = _adjectives(page, span) if edit.label != "insult_or_hate" else 0
    if adjectives and key in ("man", "woman", "child"):
        return replace(edit, words=_bare(edit.words))
    if adjectives and (key == "person" or (key in _MANY and _is_one(page, span, before, key))):
        # "A young somebody" is said by nobody.
        key = "person"
        span = range(span.start - adjectives, span.stop)
        edit = replace(edit, start=page.starts[span.start], key=key)
        before = _word(page, span.start - 1, span.start)
    elif adjectives:
        return replace(edit, words=_bare(edit.words))
    if before in words("indefinite"):
        group = page.reading.words[span.start] in words("counted")
        key = "person" if key in _MANY and not group else key
        first = span.start - 1
        # "Zo'n man".
        first -= page.reading.words[first] == "n" and _word(page, first - 1, first) == "zo"
        edit = replace(edit, start=page.starts[first])
    elif before in words("counted") and before not in _definite(page):
        return replace(edit, words=_bare(say("findings.instead.persons", language)), key="persons")
    elif key in _MANY and _is_one(page, span, before, key):
        key = "person"
        if before in _definite(page):
            edit = replace(edit, start=page.starts[span.start - 1])
    elif before in _definite(page):
        if key == "persons" and before not in ("des", "the", "de"):
            return replace(edit, words=_bare(say("findings.instead.persons", language)), key=key)
        if key in ("man", "woman"):
            return replace(edit, words=_bare(say(f"findings.instead.{key}", language)), key=key)
        edit = replace(edit, start=page.starts[span.start - 1])
    return replace(edit, words=say(f"findings.instead.{key}", language), key=key)


def _is_worn(page: Page, span: range) -> bool:
    """Tell whether one thing is meant that somebody wears: "with a headscarf"."""
    before = _word(page, span.start - 1, span.start)
    if before in words("indefinite"):
        before = _word(page, span.start - 2, span.start - 1)
    last = page.reading.words[span.stop - 1]
    return before in words("with") and not last.endswith(_ENDS_OF_MANY)


def _with_colours(page: Page, edit: Edit, span: range) -> Edit:
    """Take along the colour of what a child wears when the thing is within the words."""
    stop = span.stop
    if edit.label == "minor":
        while _word(page, stop, stop) in words("colours"):
            stop += 1
        inside = words("with").intersection(page.reading.words[span.start : span.stop])
        if inside and _word(page, stop, stop) in ("en", "et", "and", "und"):
            # "A boy with curls and a red tracksuit": the tracksuit stays.
            return replace(edit, end=page.ends[stop], words=f"{edit.words} {min(inside)}")
    return replace(edit, end=page.ends[stop - 1]) if stop > span.stop else edit


def _adjectives(page: Page, span: range) -> int:
    """Return how many words stand between the words and the article or the clause's beginning before them."""
    small = words("stump") | words("indefinite") | words("definite") | words("owning") | words("counted")
    for many in range(_MOST_ADJECTIVES + 1):
        before = _word(page, span.start - 1 - many, span.start - many)
        if not before or before in words("indefinite") or before in _definite(page):
            return many
        if before in small:
            break
    return 0


def leads_a_clause(page: Page, edit: Edit) -> bool:
    """Tell whether a clause about the words follows: "rascals who ..."."""
    span = page.words_of(edit.start, edit.end)
    return bool(span) and _word(page, span.stop, span.stop) in _RELATIVE


def is_verb(word: str, language: str) -> bool:
    """Tell whether a word that opens a clause probably says what somebody does."""
    if word in words("sees"):
        return True
    if word in words("no_verb") or word in words("colours") or word in words("looks") or len(word) < 4:
        return False
    return language in _VERB_ENDING and word.endswith(_VERB_ENDING[language])


def _is_one(page: Page, span: range, before: str, key: str) -> bool:
    row = page.reading
    if before in words("plural"):
        return False
    if before in ("dat", "het", "t", "le", "la", "l", "cet", "cette", "this", "that"):
        return True
    for index in range(span.stop, min(span.stop + _SEEN_VERBS, len(row.words))):
        if row.gaps[index] != JOINED or row.words[index] in words("see"):
            break
        if row.words[index] in words("sees") and row.words[index] not in _AMBIGUOUS:
            return True
    else:
        index = len(row.words)
    if index < len(row.words) and row.gaps[index] == JOINED and row.words[index] in words("see"):
        return False
    last = row.words[span.stop - 1]
    if last in _MANY_TOGETHER:
        return False
    return not last.endswith(_ENDS_OF_MANY) or last.endswith(_ENDS_OF_ONE.get(row.language, ()))


def _bare(phrase: str) -> str:
    """Return a phrase without its article."""
    article, _, noun = phrase.partition(" ")
    return noun if noun else article


def _let_go(page: Page, edit: Edit) -> Edit:
    """Take along the small words that would be left hanging, and the blank before."""
    span = page.words_of(edit.start, edit.end)
    first = span.start
    while first > 0 and _word(page, first - 1, first) in words("leading"):
        first -= 1
    start = page.starts[first] if first < span.start else edit.start
    text = page.text
    while start > 0 and text[start - 1] in " \t":
        start -= 1
    return replace(edit, start=start)


def _within_brackets(page: Page, edit: Edit) -> Edit:
    """Words in brackets need none where brackets stand already."""
    if (
        edit.words.startswith("(")
        and page.text[edit.start - 1 : edit.start] == "("
        and page.text[edit.end : edit.end + 1] == ")"
    ):
        return replace(edit, words=edit.words.strip("()"))
    return edit


def _spelled(page: Page, edit: Edit, language: str) -> Edit:
    """Undo or do French elision before the new words."""
    if language != "fr" or not edit.words:
        return edit
    span = page.words_of(edit.start, edit.end)
    before = page.reading.words[span.start - 1] if span and span.start else ""
    if before in _SHORTENED and page.ends[span.start - 1] + 1 == edit.start and edit.words[:1] not in "aeiouh":
        start = page.starts[span.start - 1]
        said = edit.words.removeprefix("des ") if before == "d" else edit.words
        return replace(edit, start=start, words=f"{_SHORTENED[before]}{said}")
    if before == "de" and page.ends[span.start - 1] + 1 == edit.start:
        if edit.words.startswith("des "):
            return replace(edit, words=edit.words.removeprefix("des "))
        if edit.words.startswith("un"):
            return replace(edit, start=page.starts[span.start - 1], words=f"d'{edit.words}")
    return edit
