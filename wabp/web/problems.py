"""Every way in which a request fails, mapped to one calm page (or, for a hook, to a status) in one place."""

import logging
import secrets

from flask import Flask, Response, g, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import HTTPException

from wabp import accounts, errors, texts
from wabp.web import pages
from wabp.web.i18n import _

log = logging.getLogger(__name__)

_STATUS = {
    errors.BadInput: 400,
    errors.NotThere: 404,
    errors.WrongState: 409,
    errors.BadSetting: 500,
}
_HTTP_KEYS = {404: "not_there", 405: "method", 413: "too_large", 403: "not_there"}


def register(app: Flask) -> None:
    """Hang the mapping into the app."""
    app.register_error_handler(errors.Problem, _problem)
    app.register_error_handler(CSRFError, _form_expired)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(DBAPIError, _database)
    app.register_error_handler(Exception, _unexpected)


def status_of(problem: errors.Problem) -> int:
    """Return the status of a page that shows this problem."""
    return next(code for kind, code in _STATUS.items() if isinstance(problem, kind))


def _problem(problem: errors.Problem) -> Response:
    if isinstance(problem, errors.NotThere) and request.method == "POST" and pages.sign_in_lapsed():
        # Who wrote for half an hour is told what happened, and the browser still has the words.
        problem = errors.WrongState("sign_in_over")
    status = status_of(problem)
    if isinstance(problem, errors.NotThere):
        who = g.get("actor", accounts.NOBODY)
        # The rule, not the path: what opens a door may stand in the path.
        rule = request.url_rule.rule if request.url_rule else None
        log.info("refused access", extra={"act": request.endpoint, "path": rule, "status": who.kind})
    return _page(status, problem.say(pages.language()))


def _form_expired(_problem: CSRFError) -> Response:
    return _page(400, texts.say("errors.form_expired", pages.language()))


def _http(problem: HTTPException) -> Response:
    status = problem.code or 500
    if status < 400:
        # A redirect to the address with its slash is no problem at all.
        return make_response(problem.get_response())
    key = _HTTP_KEYS.get(status, "bad_request" if status < 500 else "server_error")
    return _page(status, texts.say(f"errors.{key}", pages.language()))


def _database(problem: DBAPIError) -> Response:
    log.error("the database did not answer", extra={"code": type(problem.orig).__name__})
    return _bare_page(503)


def _unexpected(problem: Exception) -> Response:
    reference = secrets.token_hex(4)
    log.exception("unexpected error", exc_info=problem, extra={"reference": reference})
    return _bare_page(500, reference)


def _bare_page(status: int, reference: str = "") -> Response:
    """A page that leaves the database alone: it may be the trouble."""
    g.bare = True
    return _page(status, texts.say("errors.server_error", pages.language()), reference)


def _page(status: int, message: str, reference: str = "") -> Response:
    """A page for people, plain words for machines."""
    if request.path.startswith("/hooks/"):
        return Response(message, status, mimetype="text/plain")
    titles = {
        404: _("Nothing here"),
        409: _("This is over"),
        413: _("Too much text"),
        429: _("Take a break"),
    }
    title = titles.get(status) or (_("Something went wrong") if status >= 500 else _("That did not work"))
    page = render_template("error.html", title=title, message=message, reference=reference)
    return Response(page, status, mimetype="text/html")
