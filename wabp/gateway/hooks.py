"""What Twilio posts to us, without a web framework: whether it is signed, and what it says.

A form is a sequence of (name, value) pairs as they came, repeated names included. Fields that are not
known are ignored: Twilio adds them without notice.
"""

import base64
import hmac
import re
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from wabp import phones
from wabp.errors import BadInput
from wabp.gateway import SMS, WHATSAPP
from wabp.gateway.inbound import Inbound, Receipt

SIGNATURE_HEADER = "X-Twilio-Signature"
PHONE = "phone"
WA_USER = "wa_user"
# The longest text that WhatsApp lets a person type.
LONGEST_BODY = 4_096

_PREFIX = "whatsapp:"
_DEFAULT_PORTS = {"http": 80, "https": 443}
_PROVIDER_ID = re.compile(r"[A-Za-z0-9]{1,40}")
_WA_USER_ID = re.compile(r"[A-Z]{2}\.[A-Za-z0-9.]{1,133}")
_STATUS = re.compile(r"[a-z_]{1,20}")
_OPT_OUTS = ("STOP", "START", "HELP")

Form = Sequence[tuple[str, str]]


def signature(url: str, form: Form, token: str) -> str:
    """Return what Twilio writes into its signature header for this address and form."""
    return _signature(url, _joined(form), token)


def is_signed(url: str, form: Form, header: str | None, tokens: Sequence[str]) -> bool:
    """Tell whether one of `tokens` signed this. Never raises, whatever was posted.

    `url` is the public address with the raw path and the raw query string as they were asked for. How long it takes
    says nothing about how much of a wrong signature is right.
    """
    claimed = (header or "").encode("utf-8", "surrogatepass")
    joined = _joined(form)
    return any(
        hmac.compare_digest(_signature(spelling, joined, token).encode(), claimed)
        for spelling in _spellings(url)
        for token in tokens
    )


def _joined(form: Form) -> str:
    """Return a form as it is signed: every different pair once, in the order of the alphabet."""
    return "".join(name + value for name, value in sorted(set(form)))


def _signature(url: str, joined: str, token: str) -> str:
    # SHA-1 is Twilio's choice. Half a character pair can be in a forged form; it must not raise.
    mac = hmac.digest(token.encode(), (url + joined).encode("utf-8", "surrogatepass"), "sha1")
    return base64.b64encode(mac).decode()


def read_inbound(form: Form) -> Inbound:
    """Return the message that was posted. Raises BadInput when it lacks what every message has."""
    fields = _first_values(form)
    channel, kind, value = _sender(fields)
    body = fields.get("Body") or fields.get("ButtonText") or fields.get("ButtonPayload") or ""
    if len(body) > LONGEST_BODY:
        raise BadInput("bad_hook")
    opt_out = fields.get("OptOutType", "").upper()
    quoted = fields.get("OriginalRepliedMessageSid", "")
    return Inbound(
        provider_id=_provider_id(fields.get("MessageSid", "")),
        channel=channel,
        from_kind=kind,
        from_value=value,
        body=body.encode("utf-8", "replace").decode(),
        media_count=_number(fields.get("NumMedia", "")) or 0,
        forwarded=_is_true(fields, "Forwarded") or _is_true(fields, "FrequentlyForwarded"),
        reaction=fields.get("MessageType", "").lower() == "reaction",
        quoted_provider_id=quoted if _PROVIDER_ID.fullmatch(quoted) else None,
        opt_out=opt_out if opt_out in _OPT_OUTS else None,
        to=to if _is_number(to := fields.get("To", "").removeprefix(_PREFIX)) else None,
    )


def read_receipt(form: Form) -> Receipt:
    """Return what became of a message. Raises BadInput when the message or its state is missing."""
    fields = _first_values(form)
    status = (fields.get("MessageStatus") or fields.get("SmsStatus", "")).lower()
    if not _STATUS.fullmatch(status):
        raise BadInput("bad_hook")
    provider_id = _provider_id(fields.get("MessageSid") or fields.get("SmsSid", ""))
    return Receipt(provider_id, status, _number(fields.get("ErrorCode", "")) or None)


def _spellings(url: str) -> Iterator[str]:
    """Give the address as it is, then with its port added or left out: Twilio signs either."""
    yield url
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return
    start = len(parts.scheme) + len("://")
    if parts.scheme not in _DEFAULT_PORTS or url[start : start + len(parts.netloc)] != parts.netloc:
        return
    bare = parts.netloc if port is None else parts.netloc.rpartition(":")[0]
    host = f"{bare}:{_DEFAULT_PORTS[parts.scheme]}" if port is None else bare
    # By hand: putting the parts together again would drop an empty query.
    yield url[:start] + host + url[start + len(parts.netloc) :]


def _first_values(form: Form) -> dict[str, str]:
    """Return one value for each name; the first one wins."""
    return dict(reversed(form))


def _sender(fields: dict[str, str]) -> tuple[str, str, str]:
    """Return channel, kind and value of who wrote: the number where there is one, else the user id."""
    sender = fields.get("From", "")
    if not sender.startswith(_PREFIX):
        if not _is_number(sender):
            raise BadInput("bad_hook")
        return SMS, PHONE, sender
    named = sender.removeprefix(_PREFIX)
    for number in (named, "+" + fields.get("WaId", "")):
        if _is_number(number):
            return WHATSAPP, PHONE, number
    for user_id in (named, fields.get("ExternalUserId", "")):
        if _WA_USER_ID.fullmatch(user_id):
            return WHATSAPP, WA_USER, user_id
    raise BadInput("bad_hook")


def _is_number(value: str) -> bool:
    return value.isascii() and phones.is_e164(value)


def _provider_id(value: str) -> str:
    if not _PROVIDER_ID.fullmatch(value):
        raise BadInput("bad_hook")
    return value


def _number(value: str) -> int | None:
    return int(value) if value.isascii() and value.isdecimal() and len(value) < 10 else None


def _is_true(fields: dict[str, str], name: str) -> bool:
    return fields.get(name, "").lower() == "true"
