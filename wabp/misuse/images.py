"""Owns finding requests for, or announcements of, pictures of people; footage kept for the police is none."""

import re
from collections.abc import Iterator

from wabp.misuse.findings import Span
from wabp.misuse.normalise import Folded, sentences

_PICTURE = (
    r"(?:foto'?s?|fotootje|filmpjes?|filmpje|video'?s?|camerabeelden|beelden|opnames?|screenshots?|screenshot|gezicht(?:en)?|dashcam|deurbel(?:camera)?|"
    r"photos?|images?|clips?|pics?|pictures?|footage|cctv|videos?|visages?|fotos|bilder|aufnahmen)"
)
_SHARE = (
    r"(?:zet|zetten|post|posten|deel|delen|stuur|sturen|plaats|plaatsen|mail|mailen|verspreid|verspreiden|doorsturen|komt er(?: zo)? aan|volgen|online|hang|trek|"
    r"in de groep|in deze chat|hier|collage|envoyez|envoie|postez|poste|partagez|partage|publiez|mettez|arrive|send|share|upload|put|coming|"
    r"schickt|teilt|stellt|rein)"
)
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b{_SHARE}\b[^.!?\n]{{0,60}}\b{_PICTURE}\b",
        rf"\b{_PICTURE}\b[^.!?\n]{{0,60}}\b{_SHARE}\b",
        rf"\b(?:wie|heeft iemand|iemand)\b[^.!?\n]{{0,20}}\b{_PICTURE}\b[^.!?\n]{{0,30}}\b(?:man|mannen|dief|dader|hem|haar|die|kerel|koppel|bestuurder)\b[^.!?\n]{{0,20}}",
        r"\b(?:qui a|quelqu'un a|wer hat|who has|anyone (?:got|have))\b[^.!?\n]{0,20}\b(?:photo|video|foto|pic|picture|footage)s?\b",
        r"\b(?:foto|filmpje|video|film|pics?|photo)s?\b[^.!?\n]{0,20}\b(?:van de|van het|du|de la|of the|vom) (?:\w+ )?(?:dief|inbreker|dader|verdachte\w?|koppel|voleur|cambrioleur|thief|burglar|guy|man|kerel|tater)\b",
        r"\bzie foto(?: hieronder)?\b|\bfoto hieronder\b|\bsa photo\b|\b(?:hoe hij eruitziet|live meekijken)\b|\bcomment il est\b",
    )
)
_FOR_POLICE = re.compile(
    r"\b(?:politie|police|polizei|commissariaat|recherche|aangifte|0900|101|112|gemeente|de lijn|verzekering|bewaar|bewaren|conservez|keep|niet|geen|nooit|"
    r"pas de|ne|don't|do not|not|no|keine|nicht|bitte keine|schade|fiets|framenummer|insurance|damage|legitimatie|badge|nummerplaat)\b"
)


def find(folded: Folded) -> Iterator[Span]:
    """Yield, once a sentence, the words that ask for or announce pictures."""
    for start, end in sentences(folded.plain):
        part = folded.plain[start : min(end, start + 2000)]
        if _FOR_POLICE.search(part):
            continue
        for pattern in _PATTERNS:
            match = pattern.search(part)
            if match:
                yield Span("photo_request", *folded.back(start + match.start(), start + match.end()), "@photos")
                break
