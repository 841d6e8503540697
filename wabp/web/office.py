"""Signing in by office: e-mail and password, then the code of an app. And the link that sets both up, once."""

import logging
import uuid
from datetime import datetime

from flask import Response, render_template, request, session as cookie, url_for

from wabp import offices, passwords, second_factor
from wabp.accounts import Actor
from wabp.errors import BadInput, WrongState
from wabp.web import qr
from wabp.web.pages import asker, now, only_read, pages, role_name, see_other, session
from wabp.web.sign_in import device_token, enter, errors_of, status_of

log = logging.getLogger(__name__)


@pages.get("/sign-in/office")
def office() -> str:
    """Ask for e-mail and password."""
    return _password_page("", [])


@pages.post("/sign-in/office")
def check_password() -> Response | tuple[str, int]:
    """Look at e-mail and password, and go on to the second factor. Whatever is wrong is said in the same words."""
    email, password = request.form.get("email", ""), request.form.get("password", "")
    try:
        if not email.strip() or not password:
            raise BadInput("office_missing", field="email" if not email.strip() else "password")
        offices.spend_password_try(session(), email, device=device_token(), address=asker(), now=now())
        session().commit()
        # Comparing takes a while, and no other writer should wait for it.
        only_read()
        step = offices.password_step(session(), email, password)
        if step is None:
            log.info("sign-in refused", extra={"act": "wrong_password", "status": "totp"})
            raise BadInput("office_wrong", field="email")
    except (BadInput, WrongState) as problem:
        return _password_page(email, errors_of(problem)), status_of(problem)
    cookie["step"] = [step.id, str(step.account_id), step.mark, (now() + offices.STEP_LIFE).isoformat()]
    return see_other(url_for("web.second_factor_page"))


@pages.get("/sign-in/office/code")
def second_factor_page() -> Response | str:
    """Ask for the code of the app."""
    return _factor_page([]) if _step() is not None else see_other(url_for("web.office"))


@pages.post("/sign-in/office/code")
def check_second_factor() -> Response | tuple[str, int]:
    """Take the code of the app, once, and sign in."""
    step = _step()
    if step is None:
        return see_other(url_for("web.office"))
    try:
        offices.spend_code_try(session(), step, now=now())
        session().commit()
        who = offices.prove(session(), step, request.form.get("code", ""), now=now())
    except BadInput as problem:
        session().rollback()
        log.info("sign-in refused", extra={"act": "wrong_code", "status": "totp", "actor": step.account_id})
        return _factor_page(errors_of(problem)), status_of(problem)
    except WrongState as problem:
        cookie.pop("step", None)
        return _password_page("", errors_of(problem)), status_of(problem)
    cookie.pop("step", None)
    return enter(who, "totp")


@pages.get("/set-up/<token>")
def set_up(token: str) -> str:
    """Show what makes an account work: a password, and a secret for an app. Looking changes nothing."""
    return _set_up_page(token, [])


@pages.post("/set-up/<token>")
def finish_set_up(token: str) -> Response | tuple[str, int]:
    """Give an account its password and its second factor, and sign in with them."""
    try:
        who = _set_up(token)
    except BadInput as problem:
        session().rollback()
        return _set_up_page(token, errors_of(problem)), status_of(problem)
    return enter(who, "totp")


def _set_up(token: str) -> Actor:
    password = request.form.get("password", "")
    offices.require_password(session(), token, password, now=now())
    if request.form.get("again", "") != password:
        raise BadInput("password_again", field="again")
    session().rollback()
    return offices.finish(session(), token, passwords.kept(password), request.form.get("code", ""), now=now())


def _step() -> offices.Step | None:
    """Return the step that this browser stands on, while it lives. The cookie that holds it is signed."""
    found = cookie.get("step")
    if found is None or datetime.fromisoformat(found[3]) <= now():
        return None
    return offices.Step(found[0], uuid.UUID(found[1]), found[2])


def _password_page(email: str, errors: list[dict[str, str]]) -> str:
    return render_template("sign_in_office.html", email=email, errors=errors)


def _factor_page(errors: list[dict[str, str]]) -> str:
    return render_template("sign_in_factor.html", errors=errors)


def _set_up_page(token: str, errors: list[dict[str, str]]) -> str:
    found = offices.set_up(session(), token, now=now())
    secret = found.secret
    return render_template(
        "set_up.html",
        errors=errors,
        email=found.email,
        name=found.name,
        role_name=role_name(found.role),
        shortest=passwords.SHORTEST,
        code=qr.data_uri(second_factor.address(secret, found.email)),
        secret=[secret[start : start + 4] for start in range(0, len(secret), 4)],
    )
