"""Messages to our own numbers, ready to be sent: links that open WhatsApp or SMS on a phone, and their QR code."""

from dataclasses import dataclass
from urllib.parse import quote

from wabp import phones
from wabp.web import qr
from wabp.web.i18n import _
from wabp.web.pages import services


@dataclass(frozen=True, slots=True)
class Way:
    """One way to reach us: the number as people read it, and the link that opens the message."""

    channel: str
    label: str
    shown: str
    url: str
    action: str


def ways(text: str) -> list[Way]:
    """Return the ways to send us this text, WhatsApp first. Only channels that we have a number for."""
    settings = services().settings
    found = []
    if settings.whatsapp_from:
        url = f"https://wa.me/{settings.whatsapp_from.lstrip('+')}?text={quote(text, safe='')}"
        shown = phones.spaced(settings.whatsapp_from)
        found.append(Way("whatsapp", _("By WhatsApp to"), shown, url, _("Open WhatsApp")))
    if settings.sms_from:
        url = f"sms:{settings.sms_from}?body={quote(text, safe='')}"
        action = _("SMS instead") if found else _("Open SMS")
        found.append(Way("sms", _("By SMS to"), phones.spaced(settings.sms_from), url, action))
    return found


def qr_code(text: str) -> str:
    """Return the QR code that opens this text on the phone that reads it, as the address of an image."""
    settings = services().settings
    first = ways(text)[0]
    # Cameras know this form of a short message; few know the one of links.
    return qr.data_uri(f"SMSTO:{settings.sms_from}:{text}" if first.channel == "sms" else first.url)
