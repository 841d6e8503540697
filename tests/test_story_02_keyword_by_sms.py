"""Story 02: Wednesday by SMS. A street of another group, a mistyped name, a minor, a nosy question, a secret group."""

import pytest
from sqlalchemy import select

from tests import doors
from tests.house import Cast, House, release
from tests.joining import (
    Phone,
    add_kerkplein,
    admit,
    forget,
    group_state,
    kept,
    people,
    refuse,
    requests,
    standing,
    steps,
)
from tests.traffic import inbound
from wabp.models import AuditEvent, InboundMessage, unseal

YVONNE, TOM, SARA, BRAM = "+32470000021", "+32470000022", "+32470000023", "+32470000024"
UNKNOWN = "+32470000025"


@pytest.fixture(autouse=True)
def wednesday(house: House, cast: Cast) -> None:
    """Wednesday 13 January 2027, ten in the morning; the group next door is active too."""
    house.clock.at("10:00")
    house.clock.forward(days=1)
    add_kerkplein(house)


def sms(house: House, number: str) -> Phone:
    return Phone(house, number, "sms")


def told(house: House, cast: Cast) -> list[str]:
    """Return what Fatima got."""
    house.send_all()
    got = house.phones.of(cast.fatima.number)
    house.phones.messages.clear()
    return got


# ---- Yvonne ----


def test_yvonne_lives_in_a_street_of_another_group_and_is_told_which(house: House, cast: Cast) -> None:
    yvonne = sms(house, YVONNE)
    before = people(house)
    consent = yvonne.says("REJOINDRE MOLENWIJK")
    for words in ("Règles", "18 ans ou plus", "OUI", "STOP"):
        assert words in consent
    assert yvonne.says("Oui merci").startswith("Où habitez ou travaillez-vous ?")
    answer = yvonne.says("rue de l'Église 4")
    assert answer.startswith("Cette rue est dans le groupe Kerkplein. Envoyez REJOINDRE KERKPLEIN")
    assert standing(house, YVONNE)[0] == {}
    assert requests(house, cast.fatima.actor) == []
    assert told(house, cast) == []
    house.clock.forward(hours=24, seconds=1)
    forget(house)
    assert people(house) == before
    assert kept(house, YVONNE) is None
    assert doors.rows(house)["consent"] == [row for row in doors.rows(house)["consent"] if "fr" not in row]
    assert len(doors.rows(house)["joining"]) == 0


def test_yvonne_goes_on_to_her_own_group_and_leaves_nothing_in_the_first(house: House, cast: Cast) -> None:
    yvonne = sms(house, YVONNE)
    yvonne.says("REJOINDRE MOLENWIJK")
    yvonne.says("Oui merci")
    yvonne.says("rue de l'Église 4")
    assert yvonne.says("REJOINDRE KERKPLEIN").startswith("Kerkplein envoie un court message")
    assert steps(house, YVONNE) == {"kerkplein": "consent"}
    assert standing(house, YVONNE) == ({}, 0), "what she agreed to for the other group is over"
    yvonne.says("oui")
    assert yvonne.says("rue de l’eglise").startswith("Votre demande pour Kerkplein")
    assert steps(house, YVONNE) == {"kerkplein": "waiting"}
    assert standing(house, YVONNE) == ({}, 1)


def test_a_street_that_nobody_knows_gets_one_sentence_with_the_cure_and_the_question_stays(
    house: House, cast: Cast
) -> None:
    yvonne = sms(house, YVONNE)
    yvonne.says("REJOINDRE MOLENWIJK")
    yvonne.says("Oui merci")
    answer = yvonne.says("rue des Inconnus 3")
    assert answer.startswith("Nous ne trouvons cette rue dans aucun groupe ouvert.")
    assert house.settings.public_url in answer
    assert yvonne.says("4").startswith("Alors dans quelle rue")
    assert yvonne.says("aucune de ces rues").startswith("Alors dans quelle rue")
    assert yvonne.says("9").startswith("Où habitez")
    assert yvonne.says("2").startswith("Votre demande pour Molenwijk")


@pytest.mark.parametrize("state", ["suspended", "closed", "submitted"])
def test_a_street_of_a_group_that_is_not_active_is_like_one_of_no_group(house: House, cast: Cast, state: str) -> None:
    group_state(house, "kerkplein", state)
    yvonne = sms(house, YVONNE)
    yvonne.says("REJOINDRE MOLENWIJK")
    yvonne.says("oui")
    unknown = yvonne.says("rue des Inconnus 3")
    assert yvonne.says("rue de l'Église 4") == unknown


# ---- Tom ----


def test_tom_mistypes_the_name_and_his_first_ja_accepts_the_name_only(house: House, cast: Cast) -> None:
    tom = sms(house, TOM)
    assert tom.says("meedoen molewijk") == "Bedoelt u MOLENWIJK? Antwoord JA of NEE."
    assert tom.says("ja").startswith("Molenwijk stuurt een kort bericht")
    assert standing(house, TOM) == ({}, 0), "a name is no consent"
    assert tom.says("ja").startswith("Waar woont of werkt u?")
    assert standing(house, TOM) == ({}, 1)
    assert tom.says("De Vaartkant").startswith("Uw aanvraag voor Molenwijk is bij de coordinator.")
    assert len(told(house, cast)) == 1
    # 10:06
    house.clock.forward(minutes=1)
    assert tom.says("MEEDOEN MOLENWIJK").startswith("Uw aanvraag voor Molenwijk is al bij de coordinator.")
    [request] = requests(house, cast.fatima.actor)
    assert (request.street, request.channel) == ("Vaartkant", "sms")
    assert told(house, cast) == []
    assert standing(house, TOM) == ({}, 1)


def test_tom_did_not_mean_that_name(house: House, cast: Cast) -> None:
    tom = sms(house, TOM)
    tom.says("meedoen molewijk")
    assert tom.says("nee").startswith("We vinden geen open groep met die naam.")
    assert steps(house, TOM) == {}
    assert not tom.says("ja"), "there is no question any more"


def test_the_same_sms_twice_has_one_effect_and_one_answer(house: House, cast: Cast) -> None:
    tom = sms(house, TOM)
    tom.says("MEEDOEN MOLENWIJK")
    assert tom.says("ja", MessageSid="SM" + "5" * 32).startswith("Waar woont")
    house.clock.forward(seconds=3)
    assert not tom.says("ja", MessageSid="SM" + "5" * 32)
    assert standing(house, TOM) == ({}, 1)
    assert steps(house, TOM) == {"molenwijk": "street"}


def test_tom_is_refused_without_the_reason_and_after_thirty_days_nothing_of_him_is_left(
    house: House, cast: Cast
) -> None:
    before = doors.rows(house)
    tom = sms(house, TOM)
    tom.joins("De Vaartkant")
    refuse(house, cast)
    [answer] = tom.hears()
    assert answer.startswith("De coordinator van Molenwijk nam uw aanvraag niet aan.")
    assert "woont er niet" not in answer
    assert "wijkinspecteur" in answer
    assert standing(house, TOM) == ({}, 0)
    told(house, cast)
    house.clock.forward(days=29, hours=23)
    forget(house)
    assert kept(house, TOM) is not None
    house.clock.forward(hours=1)
    forget(house)
    assert kept(house, TOM) is None
    after = doors.rows(house)
    left = {name for name in after if after[name] != before[name]}
    # Notices to the coordinators, and who did what, hold ids only; attempts go with their own job.
    assert left <= {"audit_event", "delivery", "attempt"}


def test_tom_reads_the_reason_when_fatima_ticks_tell(house: House, cast: Cast) -> None:
    tom = sms(house, TOM)
    tom.joins("De Vaartkant")
    refuse(house, cast, "U woont aan de andere kant van de vaart", tell=True)
    [answer] = tom.hears()
    assert "nam uw aanvraag niet aan: U woont aan de andere kant van de vaart Vragen?" in answer
    assert "andere kant van de vaart" not in doors.loot(house)


# ---- Sara ----


def test_sara_is_sixteen_and_leaves_no_trace(house: House, cast: Cast, capsys: pytest.CaptureFixture[str]) -> None:
    before = doors.rows(house)
    sara = sms(house, SARA)
    assert sara.says("JOIN MOLENWIJK").startswith("Molenwijk sends a short message")
    answer = sara.says("yes but I am 16")
    for words in ("from the age of 18", "Awel 102", "district officer", "101"):
        assert words in answer
    assert "street?" not in answer.replace("about your street?", "")
    assert steps(house, SARA) == {}
    assert standing(house, SARA) == ({}, 0)
    with house.reading() as session:
        bodies = [unseal(session, one, "body") for one in session.scalars(select(InboundMessage))]
    assert bodies == ["JOIN MOLENWIJK", ""], "what held the age is wiped at once"
    house.clock.forward(minutes=59)
    forget(house)
    assert kept(house, SARA) is not None
    house.clock.forward(minutes=1)
    forget(house)
    assert doors.shell(house, capsys, "member", "export", SARA).out == "nothing kept\n"
    after = doors.rows(house)
    assert {name for name in after if after[name] != before[name]} <= {"audit_event", "attempt"}
    assert inbound(house) == []


@pytest.mark.parametrize(
    ("keyword", "text", "help_"),
    [
        ("MEEDOEN MOLENWIJK", "ik ben pas 15", "Awel 102"),
        ("REJOINDRE MOLENWIJK", "j'ai 15 ans", "Écoute-Enfants 103"),
        ("BEITRETEN MOLENWIJK", "ich bin 17 Jahre", "Awel 102"),
        ("MEEDOEN DIJKLAAN", "ja maar 17 jaar", "Kindertelefoon 0800-0432"),
    ],
)
def test_a_minor_is_pointed_to_help_of_the_country_in_the_own_language(
    house: House, cast: Cast, keyword: str, text: str, help_: str
) -> None:
    sara = sms(house, SARA)
    sara.says(keyword)
    assert help_ in sara.says(text)


@pytest.mark.parametrize("step", ["name", "street", "waiting"])
def test_a_minor_is_heard_at_every_step(house: House, cast: Cast, step: str) -> None:
    sara = sms(house, SARA)
    said = {"name": ["JOIN MOLEWIJK"], "street": ["JOIN MOLENWIJK", "yes"], "waiting": ["JOIN MOLENWIJK", "yes", "2"]}
    for text in said[step]:
        sara.says(text)
    assert steps(house, SARA) == {"molenwijk": step}
    assert "Awel 102" in sara.says("I am 16")
    assert steps(house, SARA) == {}
    assert requests(house, cast.fatima.actor) == []
    house.clock.forward(hours=1)
    forget(house)
    assert kept(house, SARA) is None


def test_a_minor_who_says_so_in_the_very_first_message_gets_no_question(house: House, cast: Cast) -> None:
    sara = sms(house, SARA)
    assert "Awel 102" in sara.says("MEEDOEN MOLENWIJK ik ben 16")
    assert steps(house, SARA) == {}


# ---- Bram ----


def test_bram_asks_who_is_in_and_hears_that_we_never_tell(house: House, cast: Cast) -> None:
    bram = sms(house, BRAM)
    bram.says("MEEDOEN MOLENWIJK")
    answer = bram.says("wie zit er allemaal in die groep?")
    assert answer.startswith("We zeggen aan niemand wie er in een groep zit.")
    assert "JA" in answer
    for name in ("Fatima", "Luc"):
        assert name not in answer
    house.clock.forward(hours=23, minutes=59)
    assert bram.says("JA").startswith("Waar woont of werkt u?")
    assert standing(house, BRAM) == ({}, 1)


def test_a_ja_that_comes_a_day_too_late_agrees_to_nothing(house: House, cast: Cast) -> None:
    bram = sms(house, BRAM)
    bram.says("MEEDOEN MOLENWIJK")
    house.clock.forward(hours=24)
    assert bram.says("JA").startswith("Dit is het nummer van een buurtgroep.")
    assert standing(house, BRAM) == ({}, 0)
    house.clock.forward(hours=24, seconds=1)
    forget(house)
    assert kept(house, BRAM) is None


def test_an_unanswered_ja_yields_no_alert(house: House, cast: Cast) -> None:
    bram = sms(house, BRAM)
    for said in ("MEEDOEN MOLENWIJK", "ja", "3"):
        bram.says(said)
        release(house, cast.fatima, called_at="10:00")
        assert house.send_all() == 7
        assert BRAM not in {message.to for message in house.phones.messages}
        house.phones.messages.clear()
    admit(house, cast)
    assert len(bram.hears()) == 1
    release(house, cast.fatima, called_at="10:00")
    assert house.send_all() == 8


# ---- a group that is not open ----


def test_an_unknown_group_and_one_that_is_not_open_are_answered_alike(house: House, cast: Cast) -> None:
    unknown = sms(house, UNKNOWN).says("MEEDOEN GEHEIMEGROEP")
    assert unknown.startswith("We vinden geen open groep met die naam. Zoek uw straat op")
    assert house.settings.public_url in unknown
    for offset, state in enumerate(("suspended", "closed", "approved", "draft", "declined")):
        group_state(house, "kerkplein", state)
        assert sms(house, f"+3247000003{offset}").says("MEEDOEN KERKPLEIN") == unknown


def test_a_group_that_is_paused_during_the_dialogue_takes_nobody(house: House, cast: Cast) -> None:
    bram = sms(house, BRAM)
    bram.says("MEEDOEN MOLENWIJK")
    group_state(house, "molenwijk", "suspended")
    assert bram.says("ja").startswith("We vinden geen open groep met die naam.")
    assert standing(house, BRAM) == ({}, 0)
    assert steps(house, BRAM) == {}


def test_nobody_but_its_owner_learns_that_a_number_is_known(house: House, cast: Cast) -> None:
    stranger, member = sms(house, BRAM), sms(house, cast.an.number)
    own = member.says("MEEDOEN MOLENWIJK")
    assert own.startswith("U bent al lid van Molenwijk.")
    heard = [stranger.says(text) for text in (f"MEEDOEN {cast.an.number}", "MEEDOEN MOLENWIJK")]
    heard.append(stranger.says(f"zit {cast.an.number} ook in de groep?"))
    assert not any("lid van" in answer or cast.an.number in answer for answer in heard)
    page = house.browser().get("/g/molenwijk").text
    assert "70000001" not in "".join(filter(str.isdigit, page))


def test_what_is_written_down_about_a_join_holds_no_number_and_no_street(house: House, cast: Cast) -> None:
    tom = sms(house, TOM)
    tom.joins("De Vaartkant")
    admit(house, cast)
    with house.reading() as session:
        details = [event.detail for event in session.scalars(select(AuditEvent))]
    assert not any(detail and ("Vaartkant" in detail or TOM in detail) for detail in details)
    assert TOM.removeprefix("+") not in doors.loot(house)
