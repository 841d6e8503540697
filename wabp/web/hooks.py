"""The provider's two calls to us: a message came in, and what became of one that we sent.

Signature over the public address first (missing or wrong: 403, nothing is stored), then one row, then
commit, then the answer. Doing what a message asks is a second transaction: a crash between the two leaves
a stored message that a timed job handles.
"""

import logging

from flask import Blueprint, Response, abort, current_app, request

from wabp import delivery, inbox, messages
from wabp.errors import BadInput
from wabp.gateway import hooks as provider
from wabp.models import vault_of
from wabp.web.pages import now, services, session

log = logging.getLogger(__name__)

hooks = Blueprint("hooks", __name__, url_prefix="/hooks/twilio")

LARGEST_CALL = 64 * 1024
_FORM = "application/x-www-form-urlencoded"


@hooks.before_request
def only_from_the_provider() -> None:
    """Let through nothing but a form that carries the provider's signature over all of it."""
    request.max_content_length = LARGEST_CALL
    if request.method != "POST":
        return
    if request.mimetype != _FORM:
        abort(415)
    url = f"{services().settings.public_url}{request.path}"
    if query := request.query_string.decode("latin-1"):
        url = f"{url}?{query}"
    header = request.headers.get(provider.SIGNATURE_HEADER)
    account = request.form.get("AccountSid")
    signed = provider.is_signed(url, _fields(), header, current_app.extensions["hook_tokens"])
    if not signed or account != services().settings.twilio_account_sid:
        log.warning("a hook call without our provider's signature", extra={"path": request.path})
        abort(403)


@hooks.post("/inbound")
def inbound() -> Response:
    """Store a message once, commit, then do what it asks."""
    message = provider.read_inbound(_fields())
    stored = inbox.store(session(), message, now=now())
    session().commit()
    if stored is not None:
        public_url = services().settings.public_url
        inbox.handle(session(), stored, public_url=public_url, now=now())
        session().commit()
    return Response("<Response/>", mimetype="text/xml")


@hooks.post("/status")
def status() -> Response:
    """Raise the row that our own address in the call names. For a row that is gone: nothing to do."""
    named = messages.receipt_row(
        vault_of(session()), request.args.get("m", ""), request.args.get("k", "")
    )
    if named is None:
        log.warning("a receipt without our own proof", extra={"path": request.path})
        abort(403)
    try:
        receipt = provider.read_receipt(_fields())
    except BadInput:
        abort(400)
    delivery.apply(session(), [(*named, receipt)], now())
    session().commit()
    return Response(status=204)


def _fields() -> list[tuple[str, str]]:
    return list(request.form.items(multi=True))
