"""Owns finding licence plates: Belgian and Dutch series, the neighbours', spaced, lower case and partial ones.

Forms: mobilit.belgium.be and nl.wikipedia for Belgium (series since 2010 and before), RDW sidecodes 1-14.
"""

import re
from collections.abc import Iterator

from wabp.misuse.findings import Span
from wabp.misuse.normalise import Folded

_EDGE, _END = r"(?<![\w@./-])", r"(?![\w@]|-\w)"

# @ is a letter, # a digit, % a digit or a mask, - a gap.
_BELGIAN = "#-@@@-#%%,M-@@@-###,M-###-@@@,O-@@@-###,Q-@@@-###,S-@@@-###,Y-@@@-###,Z-@@@-###,V-@@@-###,G-@@@-###"
_TAXI = "T-X@@-###,T-L@@-###"
_BELGIAN_OLD = "@@@-###,###-@@@"
_DUTCH = (
    "@@-##-##,##-##-@@,##-@@-##,@@-##-@@,@@-@@-##,##-@@-@@,##-@@@-#,#-@@@-##,@@-###-@,@-###-@@,@@@-##-@,"
    "@-##-@@@,#-@@-###,###-@@-#"
)
_FRENCH = "@@-###-@@"
# German, British and Romanian plates, and masked ones, are only told from other words by their capitals.
_OTHER = (
    r"[A-Z]{1,3}[- ][A-Z]{1,2} ?\d{2,4}|[A-Z]{2}\d{2} ?[A-Z.?*]{3}|[A-Z]{1,2} \d{2,3} [A-Z]{3}"
    r"|[A-Z]{2,3} \d{4}[A-Z]|CD-[A-Z]{2}\d{2,3}"
)


def _forms(forms: str, letter: str, gap: str) -> str:
    pieces = {"@": letter, "#": r"\d", "%": r"(?:[ .]?[\d.?*xX])", "-": gap}
    return "|".join("".join(pieces.get(sign, sign) for sign in form) for form in forms.split(","))


_CAPITALS = re.compile(
    f"{_EDGE}(?:{_forms(f'{_BELGIAN},{_TAXI}', '[A-Z]', '[ .-]{0,2}')}|{_forms(f'{_DUTCH},{_FRENCH}', '[A-Z]', '[ .-]?')}"
    f"|{_forms(_BELGIAN_OLD, '[A-Z]', '-')}|{_OTHER}){_END}"
)
_SMALL = re.compile(
    f"{_EDGE}(?:{_forms(f'{_BELGIAN},{_TAXI}'.lower(), '[a-z]', '-')}|{_forms(f'{_DUTCH},{_FRENCH}', '[a-z]', '-')}"
    rf"|[1-9][a-z]{{3}}\d{{3}}){_END}"
)
_CONTEXT = re.compile(
    r"(?:nummerpla(?:at|ten)|kentekenplaat|kenteken|nrplaat|plaat(?:je)?|plaatnummer|platen|plaque|immatricul\w{2,8}|"
    r"number ?plate|licen[cs]e ?plate|plate|reg|kennzeichen|nummernschild|pl)\b"
    r"(?:[ :](?:is|was|van|met|nr|nummer|begint|begin|starts|start|with|commence|par|eindigt|op|of|een|deze)){0,3}"
    r"[ :]{1,3}([a-z\d]{1,4}(?:[ .-]{1,2}[a-z\d.?*]{1,4}){0,5}|[a-z\d]{4,8})"
)
_NO_PLATE = re.compile(r"(?:E|N|A|R|TV|GT|OM|DE|IS|BIN|PLP|NR|TEL|BEL|CALL|APP|SMS|BUS|LIJN)[ -]?\d")


def find(folded: Folded) -> Iterator[Span]:
    """Yield each plate once; who drives the car is for other modules."""
    found: list[tuple[int, int]] = []
    for match in _CONTEXT.finditer(folded.plain):
        end = match.start(1) + len(_trim(match.group(1)))
        if end > match.start(1) and _mixed(folded.plain[match.start(1) : end]):
            found.append((match.start(1), end))
    found.extend(match.span() for match in _CAPITALS.finditer(folded.cased) if not _NO_PLATE.match(match.group()))
    found.extend(match.span() for match in _SMALL.finditer(folded.plain))
    last = 0
    for start, end in sorted(found, key=lambda span: (span[0], -span[1])):
        if start >= last:
            last = end
            yield Span("licence_plate", *folded.back(start, end), "@plate")


def _mixed(candidate: str) -> bool:
    """Letters and digits both, in groups of a plate's size: "2-H", "1 abc 9 8 7", not "3 dagen"."""
    groups = re.findall(r"[a-z]+|\d+", candidate)
    if not any(map(str.isdigit, groups)) or not any(map(str.isalpha, groups)):
        return False
    if max(map(len, groups)) > 4:
        return False
    return "-" in candidate or sum(map(len, groups)) >= 5


def _trim(candidate: str) -> str:
    """Cut words that follow a plate: a group of letters behind the digits that is longer than a plate's."""
    kept = re.match(
        r"[a-z\d]{1,4}(?:[ .-]{1,2}(?:[a-z]{1,3}(?![a-z])|\d{1,4}|[\d.?*]{1,4}|[a-z\d]{2,5}(?<=\d)|\d{2,5}[a-z]\b)){0,5}", candidate
    )
    if kept is None:
        return ""
    words = kept.group()
    while True:
        shorter = re.sub(r"[ .]+(?:op|in|de|het|en|is|met|aan|van|te|a|et|of|on|at|die|dat|dit|om|nu|uit)$", "", words)
        if shorter == words:
            return words.rstrip(" ,-")
        words = shorter
