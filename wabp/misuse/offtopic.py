"""Owns noticing chatter: greetings, thanks, sales, lost pets, parties. Only where nothing of safety is said."""

import re

from wabp.misuse.findings import Span
from wabp.misuse.normalise import Folded

_CHATTER = re.compile(
    r"\b(?:te koop|verkoop|verkocht|a vendre|for sale|verkaufe|zu verkaufen|anyone selling|tweedehands|second-hand|te geef|"
    r"gefeliciteerd|proficiat|felicitations|congratulations|gelukkig nieuwjaar|bonne annee|happy new year|happy birthday|verjaardag|joyeux|beterschap|"
    r"goeie?morgen|goedemorgen|fijne (?:zondag|dag|avond)|bonne (?:journee|soiree)|"
    r"barbecue|bbq|rommelmarkt|brocante|quiz|yogales|feestje|schoolfeest|movie night|rsvp|"
    r"haha\w*|lol|grappig|mopje|verkeerde groep|"
    r"goede? (?:loodgieter|schilder|kapper|elektricien|dokter)|bon (?:plombier|electricien|medecin)|good (?:plumber|electrician)|poetshulp|babysit\w{0,4}|"
    r"sleutelbos|sleutels (?:gevonden|verloren)|verloren|luistert naar|chat (?:tigre |noir )?perdu|chien perdu|(?:onze|mijn) kat|kater|poes|lost (?:cat|dog)|"
    r"gemeenteraad|burgemeester moet|belastingverhoging|stem zondag|stadhuis|verkiezing\w*|"
    r"doelpunt|mijn internet)\b"
)
_EMPTY = re.compile(r"^(?:ok(?:e|ay)?|ja|nee|merci|bedankt(?: iedereen)?|dank (?:u|je)(?: wel)?|thanks|thx|top|super|danke)?[\W_]*$")
_SAFETY = re.compile(
    r"\b(?:politie|police|polizei|101|112|0900|inbra\w+|ingebroken|inbrek\w+|gestolen|dief|dieven|oplicht\w+|brand|gas|ongeval|alarm|bin|plp|wijkagent|"
    r"verdacht\w*|burglar\w*|stolen|vol|voleur|cambriol\w*|gestohlen|einbruch|waarschuwing|storm|stroom\w*)\b"
)


def find(folded: Folded) -> Span | None:
    """Return a finding on the whole text, or None."""
    plain = folded.plain.strip()
    if not plain:
        return None
    chatter = _EMPTY.match(plain) if len(plain) < 60 else None
    if not chatter and _CHATTER.search(plain) and not _SAFETY.search(plain):
        chatter = _CHATTER.search(plain)
    return Span("offtopic", None, None, None) if chatter else None
