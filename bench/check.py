"""How many messages a second the rules check, on one core, over a small set of invented messages."""

import json
import sys
import time

from wabp import __version__, rules

SECONDS = 2.0

MESSAGES = [
    ("nl", "Inbraak in de Molenstraat tussen 20 en 21 uur. Sluit ramen en deuren, ook achteraan."),
    ("nl", "Poging tot inbraak aan de achterzijde van enkele woningen. De politie is ter plaatse."),
    ("nl", "Fiets gestolen aan het station deze namiddag, een blauwe damesfiets met rieten mand."),
    ("nl", "Er loopt een verdachte man rond met donkere kleren, ik vertrouw het niet!!"),
    ("nl", "Iemand belt aan en zegt van het waterbedrijf te zijn. Laat niemand binnen zonder kaart."),
    ("nl", "Pas op voor Jan Peeters van nummer 12, die heeft weer ingebroken."),
    ("nl", "Witte bestelwagen 1-ABC-123 rijdt traag door de straat, wie kent hem?"),
    ("nl", "Bel mij op 0470 00 00 00 als je iets gezien hebt."),
    ("nl", "Volgende dinsdag om 19.30 uur infoavond over inbraakpreventie in de parochiezaal."),
    ("nl", "Wie heeft er een foto van die gast? Zet ze hier in de groep."),
    ("nl", "We pakken hem zelf wel als hij nog eens komt, neem een stok mee."),
    ("nl", "Mijn kat is weg, grijs met witte pootjes, luistert naar Minoes."),
    ("nl", "Er is brand in de garage achter de bakker, blijf binnen en sluit de ramen."),
    ("nl", "Gelukkig nieuwjaar aan alle buren!"),
    ("nl", "De stroom is uitgevallen in de hele wijk, de netbeheerder is verwittigd."),
    ("nl", "Twee jongeren van een jaar of 14 gooien stenen naar auto's op het plein."),
    ("fr", "Cambriolage rue du Moulin cet après-midi. Fermez bien portes et fenêtres."),
    ("fr", "Un homme se fait passer pour un agent de la compagnie des eaux. N'ouvrez pas."),
    ("fr", "C'est le fils de Madame Dupont qui a volé les vélos, tout le monde le sait."),
    ("fr", "Vol de vélo devant la gare vers 17 h, un vélo de ville rouge."),
    ("fr", "Voiture grise immatriculée 2-XYZ-987 garée depuis trois jours."),
    ("fr", "Envoyez-moi une photo de ces gens."),
    ("fr", "Réunion sur la prévention des cambriolages jeudi à 20 heures à la salle des fêtes."),
    ("fr", "Panne d'électricité dans tout le quartier, réparation prévue vers 22 heures."),
    ("fr", "Écrivez-moi à jean.exemple@example.org si vous avez vu quelque chose."),
    ("en", "Burglary in Mill Street between eight and nine. Please lock your back door."),
    ("en", "Someone is calling at doors and says he is from the bank. Never give your card."),
    ("en", "That is the house where the dealers live, number 14 Church Lane."),
    ("en", "My bicycle was stolen from the front garden this morning, a green one."),
    ("en", "Can somebody follow that van and see where it goes?"),
    ("en", "Talk about safe homes next Tuesday at half past seven in the community hall."),
    ("en", "Does anyone have a plumber to recommend?"),
    ("en", "Post his profile here: https://example.org/some.person"),
    ("de", "Einbruch in der Mühlenstraße heute Abend. Bitte Fenster und Türen schließen."),
    ("de", "Ein Mann gibt sich als Mitarbeiter der Stadtwerke aus. Bitte nicht öffnen."),
    ("de", "Der Müller von Hausnummer 7 war das bestimmt."),
    ("de", "Fahrrad vor dem Bahnhof gestohlen, blau, mit Korb."),
    ("de", "Wer kommt mit, wir stellen ihn zur Rede?"),
    ("de", "Infoabend zur Vorbeugung von Einbrüchen am Dienstag um 19.30 Uhr."),
    ("de", "Rufen Sie mich an: 0470 00 00 00."),
]


def main() -> None:
    """Check the whole set again and again for two seconds and print one line."""
    rulebook = rules.load_rulebook("be")
    found = sum(bool(rules.check(text, language, rulebook)) for language, text in MESSAGES)
    checked, slowest = 0, 0.0
    started = time.perf_counter()
    while time.perf_counter() - started < SECONDS:
        for language, text in MESSAGES:
            before = time.perf_counter()
            rules.check(text, language, rulebook)
            slowest = max(slowest, time.perf_counter() - before)
        checked += len(MESSAGES)
    seconds = time.perf_counter() - started
    line = {
        "bench": "check",
        "version": __version__,
        "messages": len(MESSAGES),
        "with_findings": found,
        "per_second": round(checked / seconds),
        "slowest_ms": round(slowest * 1000, 2),
    }
    sys.stdout.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
