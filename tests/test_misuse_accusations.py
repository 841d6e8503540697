"""Guilt stated as fact of somebody known is found; doubt, victims, witnesses and strangers are spared."""

import pytest

from wabp import rules
from wabp.misuse import accusations, clues_of

BE = rules.load_rulebook("be")


def found(text: str) -> set[str]:
    return {span.rule.removeprefix("accusations.") for span in accusations.find(clues_of(text, (), ()))}


@pytest.mark.parametrize(
    ("text", "deed"),
    [
        ("Kevin Maes steelt elke week pakjes in onze straat", "theft"),
        ("Gisteren heeft Dirk Wouters weer zijn afval in het bos gedumpt", "dumping"),
        ("Mijn fiets is gestolen door Dirk Wouters", "done_by"),
        ("Het is de buurman van nummer 12 die 's nachts fietsen pikt", "theft"),
        ("de zoon van de bakker heeft de bushokjes kapotgeslagen", "damage"),
        ("Jan Peeters is een dief, pas op met hem", "calls_thief"),
        ("De dief is Michel De Backer, hij werkt in de nachtwinkel", "names_thief"),
        ("drugsdealer op nr 5 in de Kerkstraat", "names_thief"),
        ("Op nummer 7 in de Lindestraat wordt er drugs verkocht", "drugs_house"),
        ("Volgens mijn zus was het Ronny Peeters die de brand heeft aangestoken", "arson"),
        ("100% zeker dat Tom Aerts achter de inbraken zit", "behind_it"),
        ("Marc Janssen rijdt altijd dronken met zijn auto", "drunk_driving"),
        ("De bestuurder van de blauwe Polo 1-KLM-234 was stomdronken", "drunk_driver"),
        ("Monique Peeters heeft rattenkorrels tussen mijn planten gestrooid", "poison"),
        ("Kris De Wolf heeft mij opgelicht met die dakwerken", "fraud"),
        ("Onze kuisvrouw heeft mijn ring gepikt", "theft"),
        ("Rachid Peeters woont boven de apotheek. Hij heeft mijn portefeuille gestolen.", "theft"),
        ("allee, Jan Peeters hee mijn ladder gepikt", "theft"),
        ("C'est Julien Dumont qui a cassé les vitres de l'école", "damage"),
        ("Le fils du boulanger a volé mon scooter", "theft"),
        ("On a trouvé son profil @kiki.bxl.94, c'est lui qui a cambriolé la pharmacie", "burglary"),
        ("Mon voisin du dessus frappe ses enfants tous les soirs", "violence"),
        ("Les gens du 14 rue du Moulin font pousser du cannabis", "drugs"),
        ("It was the baker's son who smashed the windows", "damage"),
        ("The guy from the kebab shop sells drugs to kids", "drugs"),
        ("My neighbour at 14 beats his wife", "violence"),
        ("Turns out Mike Brown set fire to the bins", "arson"),
        ("Sarah Jones is a thief", "calls_thief"),
        ("Thomas Müller hat mein Fahrrad gestohlen", "theft"),
    ],
)
def test_guilt_stated_of_somebody_known_is_found(text: str, deed: str) -> None:
    assert deed in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "Onbekenden hebben vannacht drie fietsen gestolen in de Kerkstraat",
        "Een man met een zwarte jas steelt fietsen aan het station",
        "De fiets van Jan Peeters is gestolen aan het station",
        "Bij Tom en Els Peeters hebben ze de garage leeggehaald",
        "Dieven hebben bij Marie de achterdeur geforceerd",
        "Marie Jacobs zag gisteren twee mannen wegrijden met een gestolen brommer",
        "Jan Peeters meldt dat iemand zijn fiets heeft gestolen",
        "Volgens Dirk Peeters hebben onbekenden de bushokjes vernield",
        "De postbode werd gisteren overvallen door twee mannen",
        "De buren van nummer 12 maken elke nacht lawaai",
        "Politie heeft een inbreker opgepakt in de Molenstraat",
        "On a volé la voiture de Marc Dubois cette nuit",
        "Sophie Lambert s'est fait arnaquer par un faux employé de banque",
        "Vélo volé devant chez Marc Dubois",
        "Someone stole a bike from number 12 last night",
        "John Smith's bike was stolen at the station",
        "Mr Cole had his shed broken into last night",
        "The owner of the corner shop was attacked by a man with a knife",
    ],
)
def test_strangers_victims_and_witnesses_accuse_nobody(text: str) -> None:
    assert not found(text)


@pytest.mark.parametrize(
    "text",
    [
        "Ik vermoed dat Kevin Maes de pakjes steelt",
        "Misschien heeft Kevin Maes het gedaan",
        "Heeft Tom Peeters iets gestolen?",
        "Zou het kunnen dat Bert Peeters de pakjes meeneemt?",
        "Kevin Maes heeft die fiets niet gestolen",
        "Je soupçonne Marc Dubois d'avoir volé mon colis",
        "Marc Dubois n'a pas volé ce vélo",
        "I think Dave Miller might have stolen it",
        "Dave Miller never stole anything",
    ],
)
def test_doubt_questions_and_denials_accuse_nobody(text: str) -> None:
    assert not found(text)


@pytest.mark.parametrize(
    "text",
    [
        "Kevin Maes steelt de pakjes, wedden?",
        "Pas op voor Kevin Maes, hij steelt fietsen",
        "Wisten jullie dat Kevin Maes fietsen steelt?",
    ],
)
def test_a_bet_a_warning_and_a_told_secret_still_accuse(text: str) -> None:
    assert found(text) == {"theft"}


@pytest.mark.parametrize(
    ("text", "language", "mended"),
    [
        (
            "Jan Peeters heeft gisteren om 21u in de Kerkstraat auto's gestolen.",
            "nl",
            "Er worden auto's gestolen (Kerkstraat, om 21u). Details: gisteren. Iets gezien? Bel de politie.",
        ),
        (
            "Le fils du boulanger vole des vélos.",
            "fr",
            "Vols de vélos signalés dans le quartier. Vous avez vu quelque chose ? Appelez la police.",
        ),
        (
            "The guy from the kebab shop steals bikes.",
            "en",
            "Thefts of bikes are reported in the area. Did you see anything? Call the police.",
        ),
    ],
)
def test_the_sentence_is_told_anew_with_things_street_and_time_only(text: str, language: str, mended: str) -> None:
    assert rules.rewrite(text, rules.check(text, language, BE), language, BE) == mended
