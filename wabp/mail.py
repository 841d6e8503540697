"""Mail: hands one short text to the mail server of the settings. The only place that speaks SMTP.

    smtps://name:password@mail.example:465          encrypted from the first byte
    smtp+starttls://name:password@mail.example:587  encrypted before the password is said
    smtp://127.0.0.1:25?from=wabp@zone.example      a relay beside us, without a password

`from` is the sender's address; without it, it is `wabp@` and the host of our own pages. Never call this with a
database session open: a mail server may take its time.
"""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from email.errors import MessageError
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import parse_qs, unquote, urlsplit

TIMEOUT_SECONDS = 20
_PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}


class CannotMail(Exception):
    """The server could not be reached or did not take the mail. Names the kind of trouble, never an address."""


def send(smtp_url: str, to: str, subject: str, body: str, *, public_url: str, now: datetime) -> None:
    """Hand one mail to the server. Raises CannotMail."""
    try:
        message = EmailMessage()
        message["From"] = _sender(smtp_url, public_url)
        message["To"] = to
        message["Subject"] = subject
        message["Date"] = format_datetime(now)
        # Answering machines leave such a mail alone.
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(body)
        with _server(smtp_url) as server:
            server.send_message(message)
    except (OSError, smtplib.SMTPException, MessageError, ValueError) as trouble:
        raise CannotMail(type(trouble).__name__) from None


@contextmanager
def _server(smtp_url: str) -> Iterator[smtplib.SMTP]:
    parts = urlsplit(smtp_url)
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    safe = ssl.create_default_context()
    server: smtplib.SMTP
    if parts.scheme == "smtps":
        server = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_SECONDS, context=safe)
    else:
        server = smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)
    with server:
        if parts.scheme == "smtp+starttls":
            server.starttls(context=safe)
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        yield server


def _sender(smtp_url: str, public_url: str) -> str:
    given = parse_qs(urlsplit(smtp_url).query).get("from")
    return given[0] if given else f"wabp@{urlsplit(public_url).hostname}"
