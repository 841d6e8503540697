"""A provider's books: what was taken and what came in, by the rules and in the words of Twilio's API."""

import json
import re
import secrets
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime

from aiohttp import web

BASE = "/2010-04-01/Accounts/{account}/Messages"
# A message that ended so was never shown on a phone.
_NOT_GOT = {"failed", "undelivered"}
_ADDRESS = re.compile(r"(whatsapp:)?\+[1-9]\d{6,14}", re.ASCII)


@dataclass
class Message:
    """One row of the provider's books."""

    sid: str
    to: str
    sender: str
    body: str
    direction: str
    created: datetime
    status: str = "queued"
    error: int | None = None
    sent: datetime | None = None
    content_sid: str | None = None
    variables: dict[str, str] = field(default_factory=dict)
    callback: str | None = None
    validity: int = 36_000
    media: str = "0"

    @property
    def got(self) -> bool:
        """Whether a phone shows it."""
        return self.direction != "inbound" and self.status not in _NOT_GOT

    def row(self) -> dict[str, object]:
        """Return it for somebody who asks by HTTP, or reads the file of books."""
        return {
            "sid": self.sid,
            "to": self.to,
            "sender": self.sender,
            "body": self.body,
            "direction": self.direction,
            "status": self.status,
            "error": self.error,
            "content_sid": self.content_sid,
            "callback": self.callback,
            "at": self.created.isoformat(),
        }


class Refusal(Exception):
    """A request that the API refuses, with Twilio's number for what is wrong."""

    def __init__(self, code: int, status: int = 400) -> None:
        super().__init__(code)
        self.code, self.status = code, status


def copies(got: Iterable[tuple[str, str]], words: Collection[str]) -> Counter[tuple[str, str]]:
    """Count what phones got, as (address, text) pairs: by address and the first of `words` in the text.

    What holds none of the words is left out; without words each text counts for itself. A number that is
    written to by WhatsApp is another address than the same number by SMS.
    """
    found: Counter[tuple[str, str]] = Counter()
    for to, text in got:
        if not words:
            found[to, text] += 1
        elif word := next((word for word in words if word in text), None):
            found[to, word] += 1
    return found


def plain(address: str) -> str:
    """Return the number of an address."""
    return address.removeprefix("whatsapp:")


def new_sid() -> str:
    """Return the id of a new message."""
    return "SM" + secrets.token_hex(16)


def checked(form: Mapping[str, str], senders: Collection[str], now: Callable[[], datetime]) -> Message:
    """Return the message that a form asks for. Raises Refusal with Twilio's number for what is wrong."""
    to, sender = form.get("To", ""), form.get("From", "")
    if not to:
        raise Refusal(21604)
    if not _ADDRESS.fullmatch(to):
        raise Refusal(21211)
    if not sender and "MessagingServiceSid" not in form:
        raise Refusal(21603)
    if sender and not _ADDRESS.fullmatch(sender):
        raise Refusal(21212)
    if sender and to.startswith("whatsapp:") != sender.startswith("whatsapp:"):
        raise Refusal(21910)
    if sender and sender not in senders:
        raise Refusal(63007 if sender.startswith("whatsapp:") else 21606)
    body, content_sid = form.get("Body", ""), form.get("ContentSid")
    if not body and not content_sid:
        raise Refusal(21602)
    if len(body) > 1_600:
        raise Refusal(21617)
    validity = form.get("ValidityPeriod", "36000")
    if not (validity.isdecimal() and 1 <= int(validity) <= 36_000):
        raise Refusal(90007)
    callback = form.get("StatusCallback")
    if callback and not re.fullmatch(r"https?://[^/_\s]+/\S*", callback):
        raise Refusal(21609)
    variables = _variables(form.get("ContentVariables", "{}"))
    return Message(
        sid=new_sid(),
        to=to,
        sender=sender,
        body=" ".join([content_sid, *variables.values()]) if content_sid else body,
        direction="outbound-api",
        created=now(),
        content_sid=content_sid,
        variables=variables,
        callback=callback,
        validity=int(validity),
    )


def matches(message: Message, query: Mapping[str, str]) -> bool:
    """Tell whether a message is one of those that a list was asked for."""
    if query.get("To", message.to) != message.to or query.get("From", message.sender) != message.sender:
        return False
    sent = message.sent.isoformat() if message.sent else None
    for name in ("DateSent", "DateSent<", "DateSent>"):
        if name not in query:
            continue
        asked = query[name]
        if sent is None:
            return False
        cut = sent[: len(asked.rstrip("Z"))]
        asked = asked.rstrip("Z")
        if not {"DateSent": cut == asked, "DateSent<": cut <= asked, "DateSent>": cut >= asked}[name]:
            return False
    return True


def shown(message: Message, account: str) -> dict[str, object]:
    """Return a message in Twilio's JSON."""
    return {
        "sid": message.sid,
        "account_sid": account,
        "messaging_service_sid": None,
        "to": message.to,
        "from": message.sender or None,
        "body": message.body,
        "status": message.status,
        "direction": message.direction,
        "date_created": format_datetime(message.created.astimezone(UTC)),
        "date_updated": format_datetime((message.sent or message.created).astimezone(UTC)),
        "date_sent": format_datetime(message.sent.astimezone(UTC)) if message.sent else None,
        "error_code": message.error,
        "error_message": None,
        "num_media": message.media,
        "num_segments": "1",
        "price": None,
        "price_unit": "USD",
        "api_version": "2010-04-01",
        "uri": f"{BASE.format(account=account)}/{message.sid}.json",
        "subresource_uris": {},
    }


def error(code: int, status: int) -> web.Response:
    """Return the answer that refuses a request."""
    about = f"https://www.twilio.com/docs/errors/{code}"
    said = {"code": code, "message": "Not as it should be", "more_info": about, "status": status}
    return web.json_response(said, status=status)


def receipt_form(message: Message, account: str) -> dict[str, str]:
    """Return what a status callback tells of a message as it stands."""
    form = {
        "MessageSid": message.sid,
        "SmsSid": message.sid,
        "MessageStatus": message.status,
        "SmsStatus": message.status,
        "AccountSid": account,
        "From": message.sender,
        "To": message.to,
        "ApiVersion": "2010-04-01",
    }
    if message.error is not None:
        form["ErrorCode"] = str(message.error)
    if message.to.startswith("whatsapp:"):
        form["ChannelPrefix"] = "whatsapp"
    return form


def inbound_form(message: Message, account: str, more: Mapping[str, str]) -> dict[str, str]:
    """Return what a hook tells of a message that came in."""
    by_whatsapp = message.sender.startswith("whatsapp:")
    return {
        "MessageSid": message.sid,
        "SmsMessageSid": message.sid,
        "AccountSid": account,
        "From": message.sender,
        "To": message.to,
        "Body": message.body,
        "NumMedia": message.media,
        "NumSegments": "1",
        "SmsStatus": "received",
        "ApiVersion": "2010-04-01",
        **({"WaId": plain(message.sender).lstrip("+"), "MessageType": "text"} if by_whatsapp else {}),
        **more,
    }


def _variables(text: str) -> dict[str, str]:
    try:
        variables = json.loads(text)
    except ValueError:
        raise Refusal(21656) from None
    if not isinstance(variables, dict) or not all(isinstance(value, str) for value in variables.values()):
        raise Refusal(21656)
    return variables
