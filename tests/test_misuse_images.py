"""Pictures of people that are asked for, announced or pointed at are found; for the police or of things: not."""

import pytest

from wabp.misuse import clues_of, images


def rules(text: str) -> set[str]:
    return {span.rule for span in images.find(clues_of(text, (), ()))}


@pytest.mark.parametrize(
    ("text", "behaviour"),
    [
        ("iemand camera?", "ask_images"),
        ("Heeft er iemand camera's hangen in de Beukenlaan?", "ask_images"),
        ("hebben jullie geen videofoon?", "ask_nobody"),
        ("Kan iemand een foto trekken van die gasten?", "ask_images"),
        ("Iemand dashcam beelden van gisteren rond 18u op de steenweg?", "ask_images"),
        ("Quelqu'un a des caméras dans la rue ?", "ask_images"),
        ("Prenez-le en photo si vous le croisez", "ask_images"),
        ("Anyone got footage of the guy?", "ask_images"),
        ("Hat jemand ein Foto von dem Mann?", "ask_images"),
        ("zet de beelden hier", "post_images"),
        ("Foto's volgen", "post_images"),
        ("ik post straks het filmpje van mijn deurbel", "post_images"),
        ("zet zijn gezicht maar op facebook", "post_images"),
        ("Partagez la vidéo du voleur", "post_images"),
        ("Sharing my ring doorbell video of him in a sec", "post_images"),
        ("N'hésitez pas à la repartager, la vidéo tourne déjà", "pass_on"),
        ("Mijn dochter heeft hem stiekem gekiekt op de tram, ik drop het zo in de chat", "post_images"),
        ("Wie herkent hem op de foto?", "point_at_images"),
        ("De beelden van de inbrekers staan op fb", "point_at_images"),
        ("Qui reconnaît cet individu sur la vidéo ?", "point_at_images"),
        ("got him on the dashcam", "point_at_images"),
    ],
)
def test_pictures_of_people_are_found_and_named_by_what_is_wanted(text: str, behaviour: str) -> None:
    assert f"images.{behaviour}" in rules(text)


@pytest.mark.parametrize(
    "text",
    [
        "Bewaar je camerabeelden en bezorg ze aan de politie via 101",
        "Heeft u camerabeelden? Neem contact op met politie via 0900-8844",
        "Politie zoekt getuigen en dashcambeelden van het ongeval op de N8",
        "Les images sont à remettre à la police",
        "Keep any footage and hand it to the police",
        "Plaats geen foto's van verdachten in de groep",
        "Ne publiez pas de photos de suspects",
        "Please don't post pictures of people here",
        "Foto's van de schade heb ik naar de verzekering gestuurd",
        "foto van mijn gestolen fiets in bijlage, rode koga met mandje",
        "Mijn kat is weg, foto volgt",
        "Wie heeft er mooie foto's van de storm?",
        "Stuur een foto van het losliggende putdeksel naar de stad via de app",
        "Photo de mon chat tigré disparu depuis lundi",
        "Photos of the pothole have been sent to the council",
        "Controleer of je camera correct is opgehangen en niet de openbare weg filmt",
        "Wij plaatsen dit weekend nieuwe camera's aan de poort van de garages",
        "Attention, filmer la voie publique est interdit",
        "De fotoclub zoekt leden, breng je camera mee",
        "Kelderinbraken in de residentie. Politie kwam foto's nemen van de sporen.",
    ],
)
def test_pictures_for_the_police_or_of_things_are_none(text: str) -> None:
    assert not rules(text)
