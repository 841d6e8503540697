"""The pages, the hooks and the simulator's phones: requests in, one call below each, HTML out."""

import json
from importlib.resources import files
from urllib.parse import urlsplit

from flask import Flask, Response, g, request
from flask_babel import Babel
from flask_bootstrap import Bootstrap5
from flask_talisman import Talisman
from flask_wtf.csrf import CSRFProtect

from wabp.errors import NotThere
from wabp.services import Services
from wabp.web import (
    applicant as applicant,
    board as board,
    closing as closing,
    composing as composing,
    correcting as correcting,
    deciding as deciding,
    founding as founding,
    group_page as group_page,
    hooks,
    office as office,
    overview as overview,
    pages,
    problems,
    public as public,
    resident as resident,
    residents as residents,
    reviewing as reviewing,
    roster as roster,
    rule_counts as rule_counts,
    sign_in,
    sign_ins as sign_ins,
    simulator,
    supervising as supervising,
    watching,
)

# A form with a version in every language, each at its longest, stays far below this.
LARGEST_BODY = 256 * 1024

CONTENT_SECURITY_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "font-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "object-src": "'none'",
    "frame-ancestors": "'none'",
}


def register(app: Flask, services: Services, hook_tokens: tuple[str, ...]) -> None:
    """Put all pages into the app, with their headers, languages and protection of forms."""
    settings = services.settings
    secure = urlsplit(settings.public_url).scheme == "https"
    app.config.update(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=LARGEST_BODY,
        SESSION_COOKIE_NAME="__Host-wabp-form" if secure else "wabp-form",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_SAMESITE="Lax",
        # A draft may stay open for a night; the token ends with the browser's session.
        WTF_CSRF_TIME_LIMIT=None,
        # We send no referrer at all, so none can be asked for.
        WTF_CSRF_SSL_STRICT=False,
        BOOTSTRAP_SERVE_LOCAL=True,
        BABEL_TRANSLATION_DIRECTORIES="translations",
        BABEL_DEFAULT_LOCALE="en",
    )
    app.extensions["hook_tokens"] = hook_tokens
    app.jinja_env.globals["icons"] = json.loads((files("wabp.web") / "icons.json").read_text(encoding="utf-8"))
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    Babel(app, locale_selector=pages.language)
    Bootstrap5(app)
    CSRFProtect(app)
    Talisman(
        app,
        force_https=False,
        session_cookie_secure=secure,
        strict_transport_security=secure,
        content_security_policy=CONTENT_SECURITY_POLICY,
        frame_options="DENY",
        referrer_policy="no-referrer",
    )
    app.register_blueprint(pages.pages)
    app.register_blueprint(watching.watching)
    # The phones and the one-click sign-in exist on one machine, with nothing real behind them.
    if settings.demo_sign_in:
        app.register_blueprint(simulator.simulator)
    problems.register(app)
    app.before_request(_demo_stays_here)
    app.before_request(_know_who_asks)
    app.before_request(sign_in.ask_for_proof)
    app.after_request(sign_in.note_use)
    app.context_processor(_common)
    app.after_request(_private)
    hooks.register(app, services, hook_tokens)


def _common() -> dict[str, object]:
    return pages.bare_context() if g.get("bare") else pages.context()


def _demo_stays_here() -> None:
    """The one-click sign-in and the phones are for this machine's own browser, not for what a proxy lets in."""
    if request.blueprint != "simulator" and request.endpoint != "web.sign_in_as":
        return
    if not pages.from_this_machine():
        g.bare = True
        raise NotThere


def _know_who_asks() -> None:
    """Pages know their reader from the start: the language of every word on them depends on it."""
    if request.blueprint in {"web", "simulator"}:
        pages.actor()


def _private(response: Response) -> Response:
    """Pages of signed-in people are kept by no browser and no proxy."""
    if response.mimetype == "text/html":
        response.headers["Cache-Control"] = "no-store"
    return response
