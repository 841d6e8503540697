"""Owns finding links, profiles and handles, with or without "http", spelled out or behind the name of a platform."""

import re
from collections.abc import Iterable, Iterator, Sequence

from wabp.misuse import authorities, lexicon, word_kinds
from wabp.misuse.findings import Span
from wabp.misuse.reading import SENTENCE, Reading

_DOTTED = re.compile(r"\.(?<=[\w-]\.)[^\W\d_]")
_LINK = re.compile(
    r"(?<![\w@.-])(?:(?P<scheme>(?:https?|hxxps?|ftp) ?: ?/ ?/ ?)[^\s<>\"]{2,400}"
    r"|(?P<host>[a-z\d][\w-]{0,62}(?:\.[a-z\d][\w-]{0,62}){1,5})(?P<path>[/?#:][^\s<>\"]{0,400})?)"
)
_SCHEME = re.compile(r"(?:https?|hxxps?|ftp) ?:")
# What no link holds.
_NO_LINK = " \n<>\""
_END_OF_LINK = re.compile(r"[\s<>\"]")
_HOST_OF = re.compile(r"(?:[^/\s]*@)?([^/?#:\s]+)")
_TRAILING = ".,;:!?)]}'\""
_ENDINGS = frozenset(
    "com net org info be nl fr eu de uk lu me gg ly tv io app co cc to at ch es it pl ro us ru gl im gd page site online shop "
    "store xyz link live club biz blog web dev social video chat news vip top fun space world works group team "
    "brussels vlaanderen gent amsterdam frl cat gay cam pics photo photos tips help support "
    "example test invalid localhost".split()
)
# Endings that are words as well: "weg.de dader" lacks a blank, it is no link.
_WORDS_TOO = frozenset("me to at it es de im us co live page site link video chat news team top fun world group help support tips photos photo cam net info club web works cat space social".split())
_ADDRESSED = frozenset(
    "all allen allemaal alle iedereen everyone everybody here channel tous toutes buren buurt buurtbewoners bewoners groep "
    "groupe admin admins beheer beheerder beheerders coordinator coordinateur wijkagent politie police polizei home thuis work "
    "werk school night noon team alleen voisins neighbours the de het le la mij mezelf moi me iemand anyone".split()
)
_HANDLE = re.compile(r"(?<![\w@./])@ ?([a-z0-9_](?:[a-z0-9_.]{0,38}[a-z0-9_]))(?![^\W_])")
_ACCOUNT = re.compile(r"[a-z\d_](?:[a-z\d._-]{1,38})[a-z\d_](?:#\d{4})?|[a-z\d_]{3,40}")
# What no word looks like; an underscore says so most of all.
_SPECIAL = re.compile(r"[a-z\d]+(?:[._]+[a-z\d]+)+_?|[a-z\d]+_+|[a-z]{3,}\d+[a-z\d]*|[a-z\d]*x{2,}[a-z\d]*|[\w.]+#\d{4}")
_STRANGE = re.compile(r"[a-z\d.]*_[a-z\d._]*|[a-z]{3,}\.[a-z]*\d+[a-z\d]*")
_USUAL_LETTERS = 3

_PLATFORMS = frozenset(
    "insta instagram ig snap snapchat tiktok telegram facebook fb discord twitter youtube yt linkedin messenger signal "
    "vinted marktplaats 2dehands 2ememain tweedehands onlyfans twitch pinterest reddit skype threads bluesky mastodon kik bereal "
    "wechat viber strava tinder badoo grindr roblox steam psn leboncoin kleinanzeigen ebay onlyfans".split()
)
# "X" and "tik tok" are platforms only where a handle follows.
_PROFILES = frozenset(
    "account accountnaam profiel profielnaam gebruikersnaam gebruiker nickname nick username user handle alias pseudo pseudonyme "
    "compte profil profile verkoper verkoopster seller vendeur benutzername konto accountje".split()
)
_NAMED_PLACES = _PLATFORMS | _PROFILES
_BETWEEN = frozenset(
    "is heet heette als onder naam naar de het een zijn haar zn account accountnaam accountje profiel profielnaam gebruikersnaam username user handle nick "
    "nickname name profile called named as on op under via "
    "c est sous le la nom de son sa pseudo compte profil s appelle en tant que comme "
    "hij zij ze he she it his her il elle goes by with met hem him "
    "ist als name heisst unter sein ihr tok snap chat".split()
)
_POINTING = frozenset("als heet naam is as called named nom pseudo appelle username gebruikersnaam nickname handle under onder sous est alias heisst unter comme goes by".split())
_REACH = 7
# A message is read for so many profiles, no more.
_MOST_ACCOUNTS = 100

_DOTS, _SLASHES = frozenset("punt dot point punkt".split()), frozenset("slash slach schuine streep".split())
_SPOKEN_ENDINGS = frozenset("com be nl fr eu org uk lu example gg me ly net info de".split())
_SPOKEN_GATE = frozenset("dot slash punt point punkt www".split())
_GATE = _SPOKEN_GATE | _NAMED_PLACES
_SPOKEN = re.compile(
    r"(?<![^\W_])(?:h ?t ?t ?p ?s? (?:dubbele? ?punt|deux points|colon|doppelpunkt) (?:slash|forward slash|schuine streep|barre oblique|schragstrich) "
    r"(?:slash|forward slash|schuine streep|barre oblique|schragstrich) [a-z\d-]{1,40}"
    r"(?:(?: (?:punt|dot|point|punkt|slash|streepje|underscore) |[./])[a-z\d_-]{1,40}){1,8}"
    r"|(?:(?:www|w w w) ?(?:punt|dot|point|punkt|\.)? )?[a-z\d][a-z\d-]{1,40}(?: (?:punt|dot|point|punkt) [a-z\d-]{2,40}){0,2} "
    r"(?:punt|dot|point|punkt) (?:com|be|nl|fr|eu|org|uk|lu|example|gg|me|ly|net|info|de)(?![^\W_])"
    r"(?: (?:slash|schuine streep|barre oblique|schragstrich) [a-z\d._-]{1,40}(?: (?:punt|dot|point|punkt|slash|streepje|underscore) [a-z\d_-]{1,40}){0,5})?)"
)
_SPACED = re.compile(
    r"(?<![^\W_])(?:www ?\. ?[a-z\d-]{2,40} ?\. ?[a-z]{2,12}(?: ?/ ?[^\s<>\"]{1,200})?"
    r"|[a-z\d-]{1,40} ?\. ?(?:com|be|nl|fr|eu|org|uk|example|gg|me|ly|net|info|de) ?/ ?[^\s<>\"]{1,200})"
)


def find(reading: Reading, taken: Sequence[tuple[int, int]]) -> Iterable[tuple[tuple[int, int], Span | None]]:
    """Return where each link or handle stands, and the finding when it is not an authority's; `taken` is mail, in order."""
    plain = reading.plain
    dotted = _DOTTED.search(plain) is not None
    if not dotted and "@" not in plain and "/" not in plain and " ." not in plain and _GATE.isdisjoint(reading.words):
        return ()
    found = list(_found(reading, dotted))
    return _apart(found, [*taken, (len(plain) + 1, len(plain) + 2)]) if found else ()


def _apart(
    found: Iterable[tuple[int, int, str, bool]], taken: Iterable[tuple[int, int]]
) -> Iterator[tuple[tuple[int, int], Span | None]]:
    """Yield the widest of those that overlap, and none that touches mail."""
    last = 0
    mail = iter(taken)
    busy = next(mail)
    for start, end, rule, official in sorted(found, key=lambda row: (row[0], -row[1])):
        while busy[1] <= start:
            busy = next(mail)
        if start < last or busy[0] < end:
            continue
        last = end
        span = None if official else Span("social_handle_or_link", start, end, "@link", f"social_handle_or_link.{rule}")
        yield (start, end), span


def _found(reading: Reading, dotted: bool) -> Iterator[tuple[int, int, str, bool]]:
    """Yield where anything like a link or handle stands, its rule, and whether it is an authority's."""
    plain = reading.plain
    if dotted or "/" in plain:
        yield from _typed(reading)
    if " ." in plain:
        yield from ((match.start(), match.end(), "spaced_link", False) for match in _SPACED.finditer(plain))
    if "@" in plain:
        yield from _handles(reading)
    if not _GATE.isdisjoint(reading.words):
        if not _SPOKEN_GATE.isdisjoint(reading.words):
            yield from _spoken(plain)
        yield from _accounts(reading)


def _typed(reading: Reading) -> Iterator[tuple[int, int, str, bool]]:
    plain = reading.plain
    for match in _links(plain):
        words = match.group().rstrip(_TRAILING)
        if match["scheme"]:
            host = _HOST_OF.match(words[len(match["scheme"]) :])
            yield match.start(), match.start() + len(words), "link", bool(host and authorities.owns(host.group(1)))
        elif _is_host(match["host"], match["path"] or "", reading.cased[match.start("host") : match.end("host")]):
            yield match.start(), match.start() + len(words), "link", authorities.owns(match["host"])


def _links(plain: str) -> Iterator[re.Match[str]]:
    """Yield what looks like a link: anywhere behind a scheme, which may hold blanks, else where a dot stands in a word."""
    if "/" in plain and _SCHEME.search(plain):
        yield from _LINK.finditer(plain)
        return
    end = 0
    for dot in _DOTTED.finditer(plain):
        if dot.start() >= end:
            start = max(end, *(plain.rfind(mark, end, dot.start()) + 1 for mark in _NO_LINK))
            found = _END_OF_LINK.search(plain, dot.start())
            end = found.start() if found else len(plain)
            yield from _LINK.finditer(plain, start, end)


def _is_host(host: str, path: str, cased: str) -> bool:
    """A known ending, and no sentence that lacks its blank ("gezien.De man", "weg.de")."""
    labels = host.split(".")
    ending = labels[-1]
    if labels[0] == "www" and len(labels) > 2 and len(ending) > 1:
        return True
    if ending not in _ENDINGS or not any(letter.isalpha() for letter in labels[-2]) or (
        len(labels[-2]) < 2 and not path.startswith("/")
    ):
        return False
    if len(path) > 1 and path[0] in "/?#":
        return True
    if cased.rpartition(".")[2][0].isupper() and not cased.rpartition(".")[2].isupper():
        return False
    return ending not in _WORDS_TOO or lexicon.commonness(labels[-2]) == 0.0


def _spoken(plain: str) -> Iterator[tuple[int, int, str, bool]]:
    for match in _SPOKEN.finditer(plain):
        host = re.sub(r" (?:punt|dot|point|punkt) ", ".", match.group()).partition(" slash")[0].split()[-1]
        words = host.split(".")
        if words[-1] in _WORDS_TOO and lexicon.commonness(words[0]) > 0 and words[0] not in _PLATFORMS and "slash" not in match.group():
            continue
        yield match.start(), match.end(), "spoken_link", authorities.owns(host)


def _handles(reading: Reading) -> Iterator[tuple[int, int, str, bool]]:
    """Yield "@name", unless it is an hour, a mention of the whole group, or of a member by first name."""
    cased = reading.cased
    for match in _HANDLE.finditer(reading.plain):
        name = match.group(1)
        if name in _ADDRESSED or re.fullmatch(r"\d{1,2}(?:[uh.]\d{0,2}|am|pm)?|\d+", name) or len(name) < _USUAL_LETTERS:
            continue
        apart = match.group()[1] == " "
        if apart and not _SPECIAL.fullmatch(name):
            continue
        if name.isalpha() and cased[match.start(1)].isupper() and word_kinds.kinds()[name] & word_kinds.FIRST:
            continue
        official = name.startswith(("politie", "police", "polizei", "gemeente", "stad", "ville", "brandweer")) and "_x" not in name
        yield match.start(), match.end(), "handle", official


def _accounts(reading: Reading) -> Iterator[tuple[int, int, str, bool]]:
    """Yield the name of an account beside a platform: "snap is dylan.q9", "op TikTok als kevin_x", "fietsje_99 op Vinted"."""
    count = 0
    for index, word in enumerate(reading.words):
        if word not in _PLATFORMS and word not in _PROFILES:
            continue
        count += 1
        if count > _MOST_ACCOUNTS:
            return
        spans = (_account_behind(reading, index), _account_before(reading, index))
        yield from ((*span, "account", False) for span in spans if span)


def _account_behind(reading: Reading, index: int) -> tuple[int, int] | None:
    plain = reading.plain
    pointed, near = False, True
    at = index + 1
    # Between the words stand blanks, a colon, a quote or an "@".
    while at < min(len(reading.words), index + 1 + _REACH) and reading.gaps[at] != SENTENCE:
        gap = plain[reading.ends[at - 1] : reading.starts[at]]
        pointed = pointed or ":" in gap or "=" in gap
        match = _ACCOUNT.match(plain, reading.starts[at] - (gap.endswith("_")))
        name = match.group() if match else ""
        near = near and (at == index + 1 or reading.words[at - 1] in _BETWEEN or reading.words[at - 1] in _PLATFORMS)
        if match and (_SPECIAL if near else _STRANGE).fullmatch(name) and not _is_host(name, "", name):
            return match.start(), match.end()
        if near and match and reading.words[at] not in _BETWEEN and (pointed or "'" in gap or '"' in gap):
            return match.span() if _is_nickname(reading, at, name) else None
        pointed = pointed or reading.words[at] in _POINTING
        at += 1
    return None


def _account_before(reading: Reading, index: int) -> tuple[int, int] | None:
    """Return an odd name with only "op", "on", "sur" between it and the platform."""
    if index < 2 or reading.words[index] in _PROFILES or reading.words[index - 1] not in {"op", "on", "sur", "via", "auf"}:
        return None
    plain = reading.plain
    end = reading.ends[index - 2]
    start = max(plain.rfind(" ", max(0, end - 42), end), plain.rfind("\n", max(0, end - 42), end)) + 1
    name = plain[start:end].strip("'\"(,:@")
    if end - start > 41 or not name or not _SPECIAL.fullmatch(name) or name.isalpha() or lexicon.commonness(name):
        return None
    return end - len(name), end


def _is_nickname(reading: Reading, index: int, name: str) -> bool:
    """A word that nobody uses otherwise, in small letters: not "Facebook: Kevin Maes", not "insta: zie foto"."""
    return len(name) >= _USUAL_LETTERS and not reading.capital[index] and not lexicon.commonness(name) and not name.isdigit()
