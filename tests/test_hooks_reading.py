"""Whether a hook was signed, and what it says: held against Twilio's own validator and against anything."""

import string

import pytest
from hypothesis import given, strategies as st
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

from wabp.errors import BadInput
from wabp.gateway.hooks import is_signed, read_inbound, read_receipt, signature
from wabp.gateway.inbound import Inbound, Receipt

URL = "https://watch.example/hooks/twilio/status?m=7&k=a%2Fb+c"
TOKEN = "an-invented-token"
SID = "SM" + "a" * 32
ANNA = "+32470000010"

names = st.text(string.ascii_letters + string.digits, min_size=2, max_size=12)
values = st.text(max_size=40)
forms = st.dictionaries(names, values, max_size=8).map(lambda fields: list(fields.items()))
repeated_forms = st.lists(st.tuples(names, values), max_size=8)
urls = st.builds(
    "{}://{}{}/hooks/{}{}".format,
    st.sampled_from(["http", "https"]),
    st.sampled_from(["watch.example", "127.0.0.1", "[::1]"]),
    st.sampled_from(["", ":8000", ":443", ":80"]),
    st.text(string.ascii_letters + "/%2-", max_size=10),
    st.sampled_from(["", "?", "?m=1&k=x", "?b=2&a=1&a=1"]),
)
anything = st.text(st.characters() | st.characters(categories=["Cs"]), max_size=60)


@st.composite
def changed_by_one(draw: st.DrawFn, text: str) -> str:
    """Return `text` with one character left out, put in or replaced."""
    place = draw(st.integers(0, len(text)))
    character = draw(st.characters(codec="utf-8"))
    rest = draw(st.sampled_from([text[place:], text[place + 1 :]]))
    kept = draw(st.sampled_from([character, ""]))
    changed = text[:place] + kept + rest
    return changed if changed != text else text + "x"


@given(urls, repeated_forms)
def test_our_signature_is_twilios(url: str, form: list[tuple[str, str]]) -> None:
    assert signature(url, form, TOKEN) == RequestValidator(TOKEN).compute_signature(url, MultiDict(form))


@given(urls, repeated_forms)
def test_what_twilio_signed_is_believed_with_any_of_the_tokens(url: str, form: list[tuple[str, str]]) -> None:
    header = RequestValidator(TOKEN).compute_signature(url, MultiDict(form))
    assert is_signed(url, form, header, [TOKEN])
    assert is_signed(url, form, header, ["the-next-one", TOKEN])
    assert not is_signed(url, form, header, ["the-next-one"])
    assert not is_signed(url, form, header, [])


@given(forms)
def test_the_order_of_the_fields_does_not_matter(form: list[tuple[str, str]]) -> None:
    assert is_signed(URL, form[::-1], signature(URL, form, TOKEN), [TOKEN])


@pytest.mark.parametrize(
    ("signed", "arrived"),
    [
        ("https://watch.example/hooks?a=1", "https://watch.example:443/hooks?a=1"),
        ("https://watch.example:443/hooks?a=1", "https://watch.example/hooks?a=1"),
        ("http://watch.example:80/hooks", "http://watch.example/hooks"),
        ("https://watch.example/hooks", "https://watch.example:8443/hooks"),
    ],
)
def test_the_port_may_be_named_or_left_out(signed: str, arrived: str) -> None:
    header = signature(signed, [("a", "b")], TOKEN)
    assert is_signed(arrived, [("a", "b")], header, [TOKEN])
    assert RequestValidator(TOKEN).validate(arrived, {"a": "b"}, header)


@given(st.data(), forms)
def test_one_changed_character_of_the_address_is_noticed(
    data: st.DataObject, form: list[tuple[str, str]]
) -> None:
    header = signature(URL, form, TOKEN)
    assert not is_signed(data.draw(changed_by_one(URL)), form, header, [TOKEN])


@given(st.data(), forms)
def test_one_changed_character_of_the_header_is_noticed(
    data: st.DataObject, form: list[tuple[str, str]]
) -> None:
    header = signature(URL, form, TOKEN)
    assert not is_signed(URL, form, data.draw(changed_by_one(header)), [TOKEN])


@given(st.data(), forms.filter(bool))
def test_one_changed_character_of_a_field_is_noticed(
    data: st.DataObject, form: list[tuple[str, str]]
) -> None:
    header = signature(URL, form, TOKEN)
    place = data.draw(st.integers(0, len(form) - 1))
    name, value = form[place]
    if data.draw(st.booleans()):
        name = data.draw(changed_by_one(name))
    else:
        value = data.draw(changed_by_one(value))
    forged = [*form[:place], (name, value), *form[place + 1 :]]
    assert not is_signed(URL, forged, header, [TOKEN])


@given(forms, names, values)
def test_an_added_field_is_noticed(form: list[tuple[str, str]], name: str, value: str) -> None:
    if (name, value) not in form:
        assert not is_signed(URL, [*form, (name, value)], signature(URL, form, TOKEN), [TOKEN])


@pytest.mark.parametrize("header", [None, "", " ", "é", "\ud83d"])
def test_a_missing_or_odd_header_is_not_a_signature(header: str | None) -> None:
    assert not is_signed(URL, [("Body", "STOP")], header, [TOKEN])


@given(anything, st.lists(st.tuples(anything, anything), max_size=5), st.none() | anything)
def test_nothing_that_is_posted_can_make_the_check_raise(
    url: str, form: list[tuple[str, str]], header: str | None
) -> None:
    assert not is_signed(url, form, header, [TOKEN])
    assert not is_signed("http:/\t/" + url, form, header, [TOKEN])
    assert is_signed(url, form, signature(url, form, TOKEN), [TOKEN])


known = st.sampled_from(
    (
        "MessageSid,SmsSid,From,To,Body,NumMedia,WaId,ExternalUserId,MessageStatus,ErrorCode,OptOutType,Forwarded,"
        "MessageType,ButtonText,OriginalRepliedMessageSid"
    ).split(",")
)
plausible = anything | st.sampled_from([SID, ANNA, "whatsapp:" + ANNA, "sent"])


@given(st.lists(st.tuples(known, plausible)))
def test_a_message_is_read_to_usable_data_or_refused(form: list[tuple[str, str]]) -> None:
    try:
        found = read_inbound(form)
    except BadInput:
        return
    assert 0 < len(found.provider_id) <= 40
    found.body.encode()


@given(st.lists(st.tuples(known, plausible)))
def test_a_receipt_is_read_to_usable_data_or_refused(form: list[tuple[str, str]]) -> None:
    try:
        found = read_receipt(form)
    except BadInput:
        return
    assert 0 < len(found.provider_id) <= 40
    assert found.status.isascii()


def inbound(**fields: str) -> Inbound:
    return read_inbound(
        list(({"MessageSid": SID, "From": "whatsapp:" + ANNA, "Body": "hi"} | fields).items())
    )


def test_a_whatsapp_message_from_a_number() -> None:
    assert inbound() == Inbound(SID, "whatsapp", "phone", ANNA, "hi")


def test_an_sms() -> None:
    assert inbound(From=ANNA) == Inbound(SID, "sms", "phone", ANNA, "hi")


def test_a_whatsapp_user_without_a_number_is_known_by_the_user_id() -> None:
    sender = inbound(From="whatsapp:BE.13491208655302741918")
    assert (sender.from_kind, sender.from_value) == ("wa_user", "BE.13491208655302741918")
    sender = inbound(From="whatsapp:", ExternalUserId="NL.ENT.11815799212886844830")
    assert (sender.from_kind, sender.from_value) == ("wa_user", "NL.ENT.11815799212886844830")


def test_a_number_is_preferred_to_a_user_id() -> None:
    sender = inbound(From="whatsapp:BE.1349120865", WaId="32470000010")
    assert (sender.from_kind, sender.from_value) == ("phone", ANNA)
    assert inbound(ExternalUserId="BE.1349120865").from_value == ANNA


@pytest.mark.parametrize(
    "sender",
    [
        "",
        "1234",
        "Alarm",
        "+0",
        "32470000010",
        "whatsapp:",
        "whatsapp:32470000010",
        "whatsapp:be.1",
        "+3２４７０００００１０",
        "whatsapp:BE." + "1" * 200,
        "messenger:1234",
        "whatsapp:+32470000010\n",
    ],
)
def test_a_sender_who_cannot_be_answered_is_refused(sender: str) -> None:
    with pytest.raises(BadInput) as refusal:
        inbound(From=sender)
    assert refusal.value.key == "errors.bad_hook"


@pytest.mark.parametrize("fields", [{"MessageSid": ""}, {"MessageSid": "S" * 41}, {"Body": "x" * 4_097}])
def test_a_message_without_an_id_or_too_long_is_refused(fields: dict[str, str]) -> None:
    with pytest.raises(BadInput):
        inbound(**fields)


def test_a_button_counts_as_what_was_said_when_there_is_no_text() -> None:
    assert inbound(Body="", ButtonText="Yes", ButtonPayload="yes-1").body == "Yes"
    assert inbound(Body="", ButtonPayload="yes-1").body == "yes-1"
    assert inbound(Body="No", ButtonText="Yes").body == "No"


def test_pictures_forwards_reactions_quotes_and_opt_outs_are_told() -> None:
    assert inbound(Body="", NumMedia="2").media_count == 2
    assert inbound(NumMedia="many").media_count == 0
    assert inbound(Forwarded="true").forwarded
    assert inbound(FrequentlyForwarded="true").forwarded
    assert not inbound(Forwarded="false").forwarded
    assert inbound(MessageType="reaction", Body="👍").reaction
    assert not inbound(MessageType="text").reaction
    assert inbound(OriginalRepliedMessageSid="SM" + "b" * 32).quoted_provider_id == "SM" + "b" * 32
    assert inbound(OriginalRepliedMessageSid="../x").quoted_provider_id is None
    assert inbound(OptOutType="Stop").opt_out == "STOP"
    assert inbound(OptOutType="perhaps").opt_out is None


def test_unknown_fields_are_ignored_and_the_first_of_a_repeated_one_counts() -> None:
    form = [("MessageSid", SID), ("From", ANNA), ("Body", "first"), ("Body", "second"), ("NewIn2027", "x")]
    assert read_inbound(form).body == "first"


def test_half_a_character_in_a_text_is_made_harmless() -> None:
    assert inbound(Body="a\ud83d").body == "a?"


def receipt(**fields: str) -> Receipt:
    return read_receipt(list(({"MessageSid": SID, "MessageStatus": "delivered"} | fields).items()))


def test_a_receipt_tells_message_state_and_error() -> None:
    assert receipt() == Receipt(SID, "delivered")
    assert receipt(MessageStatus="Undelivered", ErrorCode="63024") == Receipt(SID, "undelivered", 63024)
    assert receipt(ErrorCode="").error_code is None
    assert receipt(ErrorCode="0").error_code is None
    assert receipt(ErrorCode="9" * 30).error_code is None


def test_the_older_names_of_the_fields_are_read_too() -> None:
    assert read_receipt([("SmsSid", SID), ("SmsStatus", "sent")]) == Receipt(SID, "sent")


@pytest.mark.parametrize("fields", [{"MessageSid": ""}, {"MessageStatus": ""}, {"MessageStatus": "s" * 21}])
def test_a_receipt_without_message_or_state_is_refused(fields: dict[str, str]) -> None:
    with pytest.raises(BadInput):
        receipt(**fields)
