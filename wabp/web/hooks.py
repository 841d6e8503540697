"""The provider's two calls to us: a message came in, and what became of one that we sent.

Signature over the public address first (missing or wrong: 403, nothing is stored), then one row, then
commit, then the answer. Doing what a message asks is a second transaction: a crash between the two leaves
a stored message that a timed job handles.

This is a door of its own in front of the pages, without what only readers of pages need: after an alert the
provider calls several times for each member (ADR 0013).
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, parse_qsl

from flask import Flask
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import HTTPException
from werkzeug.wsgi import get_input_stream

from wabp import inbox, messages
from wabp.errors import BadInput
from wabp.gateway import hooks as provider
from wabp.services import Services
from wabp.web.receipts import NotKept, Receipts

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

INBOUND_HOOK = "/hooks/twilio/inbound"
LARGEST_CALL = 64 * 1024

_FORM = "application/x-www-form-urlencoded"
_SIGNATURE = "HTTP_" + provider.SIGNATURE_HEADER.upper().replace("-", "_")
_HEADERS = [
    ("Allow", "OPTIONS, POST"),
    # Should a browser ever show an answer, it can do nothing there.
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Content-Security-Policy", "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"),
]
# What the provider's own log shows to whoever looks there why calls fail.
_SAYS = {
    400: "Fields that every call has are missing in this one, or cannot be read.",
    403: "This call is not signed for this address with a token of ours, or it is about a message that is not ours.",
    405: "Post here.",
    413: "This call is too large.",
    415: f"Post a form, as {_FORM}.",
    500: "Something went wrong here, and nothing is lost by calling again.",
    503: "The database does not answer now. Call again.",
}


@dataclass(frozen=True, slots=True)
class Call:
    """One call whose signature is right: its form, and what its address names."""

    form: provider.Form
    query: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the provider is told. Without a body there is no type either."""

    status: HTTPStatus
    body: str = ""
    type: str = "text/plain; charset=utf-8"


class Refused(Exception):
    """The call ends with this status."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status)
        self.status = status


class Hooks:
    """The door for the provider's calls; everything else goes on to the pages."""

    def __init__(self, pages: "WSGIApplication", services: Services, tokens: Sequence[str]) -> None:
        self._pages = pages
        self._services = services
        self._tokens = tokens
        self._vault = services.app.extensions["vault"]
        self._receipts = Receipts(services)
        self._doors: dict[str, Callable[[Call], Answer]] = {
            messages.STATUS_HOOK: self._status,
            INBOUND_HOOK: self._inbound,
        }

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request, as WSGI has it."""
        door = self._doors.get(environ["PATH_INFO"])
        if door is None:
            return self._pages(environ, start_response)
        answer = self._answer(door, environ)
        body = answer.body.encode()
        headers = [*_HEADERS, ("Content-Type", answer.type), ("Content-Length", str(len(body)))] if body else _HEADERS
        start_response(f"{answer.status.value} {answer.status.phrase}", headers)
        return [body]

    def _answer(self, door: Callable[[Call], Answer], environ: "WSGIEnvironment") -> Answer:
        """Nothing that is posted may raise, nor leave the provider without an answer."""
        try:
            if environ["REQUEST_METHOD"] == "OPTIONS":
                return Answer(HTTPStatus.OK)
            return door(self._signed_call(environ))
        except Refused as refused:
            status = refused.status
        except BadInput:
            status = HTTPStatus.BAD_REQUEST
        except HTTPException as problem:
            status = HTTPStatus(problem.code or 400)
        except NotKept:
            status = HTTPStatus.SERVICE_UNAVAILABLE
        except DBAPIError as problem:
            log.error("the database did not answer", extra={"code": type(problem.orig).__name__})
            status = HTTPStatus.SERVICE_UNAVAILABLE
        except Exception:
            log.exception("unexpected error in a hook", extra={"path": environ["PATH_INFO"]})
            status = HTTPStatus.INTERNAL_SERVER_ERROR
        return Answer(status, _SAYS.get(status, status.phrase))

    def _signed_call(self, environ: "WSGIEnvironment") -> Call:
        """Let through nothing but a form that carries the provider's signature over all of it."""
        if environ["REQUEST_METHOD"] != "POST":
            raise Refused(HTTPStatus.METHOD_NOT_ALLOWED)
        if environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower() != _FORM:
            raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        body = get_input_stream(environ, max_content_length=LARGEST_CALL).read()
        form = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
        path, query = environ["PATH_INFO"], environ.get("QUERY_STRING", "")
        url = f"{self._services.settings.public_url}{path}{'?' if query else ''}{query}"
        signed = provider.is_signed(url, form, environ.get(_SIGNATURE), self._tokens)
        account = next((value for name, value in form if name == "AccountSid"), None)
        if not signed or account != self._services.settings.twilio_account_sid:
            log.warning("a hook call without our provider's signature", extra={"path": path})
            raise Refused(HTTPStatus.FORBIDDEN)
        return Call(form, query)

    def _inbound(self, call: Call) -> Answer:
        """Store a message once, commit, then do what it asks."""
        message = provider.read_inbound(call.form)
        now = self._services.clock()
        with self._services.writing() as session:
            stored = inbox.store(session, message, now=now)
            session.commit()
            if stored is not None:
                inbox.handle(session, stored, public_url=self._services.settings.public_url, now=now)
                session.commit()
        return Answer(HTTPStatus.OK, "<Response/>", "text/xml; charset=utf-8")

    def _status(self, call: Call) -> Answer:
        """Raise the row that our own address in the call names. For a row that is gone: nothing to do."""
        names = parse_qs(call.query)
        named = messages.receipt_row(self._vault, names.get("m", [""])[0], names.get("k", [""])[0])
        if named is None:
            log.warning("a receipt without our own proof", extra={"path": messages.STATUS_HOOK})
            raise Refused(HTTPStatus.FORBIDDEN)
        self._receipts.keep(*named, provider.read_receipt(call.form))
        return Answer(HTTPStatus.NO_CONTENT)


def register(app: Flask, services: Services, tokens: Sequence[str]) -> None:
    """Put the door in front of the app's pages."""
    # The app's map names these addresses too, so that it is whole; it never answers them.
    for endpoint, path in (("hooks.status", messages.STATUS_HOOK), ("hooks.inbound", INBOUND_HOOK)):
        app.add_url_rule(path, endpoint, methods=["POST"], build_only=True)
    app.wsgi_app = Hooks(app.wsgi_app, services, tokens)  # type: ignore[method-assign]
