"""Who may do what: every route of the app, by every method, for every role. A route without a line here fails."""

import dataclasses
import html
import re
import sqlite3
import uuid
from collections.abc import Iterator

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from tests import founding
from tests.doors import rows
from tests.house import (
    Browser,
    Cast,
    House,
    Somebody,
    add_account,
    add_group,
    add_member,
    add_zone,
    content,
    release,
)
from wabp import accounts, applications, appointments, demo, drafts, groups
from wabp.app import create_app
from wabp.models import Account, Application, Group, Joining, Membership, Person, Report, Street
from wabp.settings import database_file

SIGNED_OUT = "signed out"
ROLES = {
    SIGNED_OUT: None,
    "member": "an",
    "coordinator": "fatima",
    "deputy": "luc",
    "coordinator of another group": "willem",
    "inspector": "claes",
    "inspector of another zone": "officer_elsewhere",
    "youth inspector": "sofie",
    "partner": "karim",
    "zone administrator": "de_smet",
}
EVERYBODY = frozenset(ROLES)
COORDINATING = frozenset({"coordinator", "deputy"})
REGISTER = frozenset({"inspector", "inspector of another zone", "zone administrator"})
OF_THE_ZONE = frozenset({"inspector", "zone administrator"})
ADMINISTRATOR = frozenset({"zone administrator"})
COORDINATOR_ALONE = frozenset({"coordinator"})
INSPECTOR_ALONE = frozenset({"inspector"})
INSPECTORS = frozenset({"inspector", "inspector of another zone"})
NOBODY: frozenset[str] = frozenset()
SIGNED_IN = EVERYBODY - {SIGNED_OUT}
PROVEN_BY_PHONE = COORDINATING | {"coordinator of another group"}

METHODS = {"HEAD", "GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

# Who may, and what they then get. Everybody else gets what an address that does not exist gives.
TABLE = {
    ("GET", "static"): (EVERYBODY, 200),
    ("GET", "bootstrap.static"): (EVERYBODY, 200),
    ("GET", "web.start"): (EVERYBODY, 200),
    ("GET", "web.who_reads"): (EVERYBODY, 200),
    ("GET", "web.group_page"): (EVERYBODY, 200),
    ("GET", "web.poster"): (EVERYBODY, 200),
    ("GET", "watching.health"): (EVERYBODY, 200),
    # The walk's tables did not come about by the migrations, so nothing is ready.
    ("GET", "watching.ready"): (EVERYBODY, 503),
    # To this machine alone, which is where the walk comes from.
    ("GET", "watching.metrics"): (EVERYBODY, 200),
    ("GET", "web.sign_in"): (EVERYBODY, 200),
    ("POST", "web.sign_in_as"): (NOBODY, 303),
    ("GET", "web.phone"): (EVERYBODY, 200),
    ("POST", "web.ask_code"): (EVERYBODY, 303),
    ("GET", "web.enter_code"): (EVERYBODY, 200),
    ("POST", "web.use_code"): (EVERYBODY, 400),
    ("GET", "web.prove"): (PROVEN_BY_PHONE, 200),
    ("POST", "web.ask_proof"): (PROVEN_BY_PHONE, 303),
    ("GET", "web.office"): (EVERYBODY, 200),
    ("POST", "web.check_password"): (EVERYBODY, 400),
    # Whoever has not given a password yet goes back to where it is asked.
    ("GET", "web.second_factor_page"): (EVERYBODY, 303),
    ("POST", "web.check_second_factor"): (EVERYBODY, 303),
    ("GET", "web.set_up"): (NOBODY, 200),
    ("POST", "web.finish_set_up"): (NOBODY, 303),
    ("GET", "web.sign_ins"): (SIGNED_IN, 200),
    ("POST", "web.end_sign_ins"): (SIGNED_IN, 303),
    ("POST", "web.sign_out"): (EVERYBODY, 303),
    ("POST", "web.set_language"): (EVERYBODY, 303),
    ("POST", "web.set_theme"): (EVERYBODY, 303),
    ("GET", "web.overview"): (COORDINATING, 200),
    ("GET", "web.reports"): (COORDINATING, 200),
    ("GET", "web.report"): (COORDINATING, 200),
    ("POST", "web.report_read"): (COORDINATING, 303),
    ("POST", "web.reply_to_report"): (COORDINATING, 303),
    ("GET", "web.residents"): (COORDINATING, 200),
    ("POST", "web.residents"): (COORDINATING, 303),
    ("GET", "web.resident"): (COORDINATING, 200),
    ("POST", "web.resident"): (COORDINATING, 303),
    ("GET", "web.roster"): (COORDINATING, 200),
    ("POST", "web.roster"): (COORDINATOR_ALONE, 303),
    ("GET", "web.registry"): (REGISTER, 200),
    ("GET", "web.rule_counts"): (ADMINISTRATOR, 200),
    ("GET", "web.supervise"): (OF_THE_ZONE, 200),
    ("POST", "web.supervise"): (INSPECTOR_ALONE, 303),
    # The walk's browser holds an application with all its answers.
    ("GET", "web.apply"): (EVERYBODY, 200),
    ("POST", "web.apply_begin"): (EVERYBODY, 303),
    ("GET", "web.apply_question"): (EVERYBODY, 200),
    ("POST", "web.apply_question"): (EVERYBODY, 303),
    ("GET", "web.apply_check"): (EVERYBODY, 200),
    ("POST", "web.apply_check"): (EVERYBODY, 303),
    ("GET", "web.apply_sent"): (EVERYBODY, 200),
    # A code is made for somebody who is named there; the walk names nobody.
    ("POST", "web.apply_code"): (NOBODY, 303),
    ("POST", "web.application_code"): (NOBODY, 303),
    ("GET", "web.application"): (COORDINATING, 200),
    ("GET", "web.application_question"): (COORDINATOR_ALONE, 200),
    ("POST", "web.application_question"): (COORDINATOR_ALONE, 303),
    ("GET", "web.application_check"): (COORDINATOR_ALONE, 200),
    ("POST", "web.application_check"): (COORDINATOR_ALONE, 303),
    ("POST", "web.application_withdraw"): (COORDINATOR_ALONE, 303),
    ("GET", "web.charter"): (COORDINATING, 200),
    ("POST", "web.charter"): (COORDINATOR_ALONE, 303),
    ("GET", "web.applications"): (INSPECTORS, 200),
    ("GET", "web.decide"): (INSPECTOR_ALONE, 200),
    ("POST", "web.decide"): (INSPECTOR_ALONE, 303),
    ("POST", "web.decide_charter"): (INSPECTOR_ALONE, 303),
    ("GET", "web.compose"): (COORDINATING, 200),
    ("POST", "web.compose"): (COORDINATING, 303),
    ("POST", "web.live_check"): (COORDINATING, 200),
    ("GET", "web.edit"): (COORDINATING, 200),
    ("POST", "web.edit"): (COORDINATING, 303),
    ("GET", "web.review"): (COORDINATING, 200),
    ("POST", "web.release"): (COORDINATING, 303),
    ("GET", "web.board"): (COORDINATING, 200),
    ("GET", "web.progress"): (COORDINATING, 200),
    ("GET", "web.recipients"): (COORDINATING, 200),
    ("GET", "web.close"): (COORDINATING, 200),
    ("POST", "web.close"): (COORDINATING, 303),
    ("GET", "web.correct"): (COORDINATING, 200),
    ("POST", "web.correct"): (COORDINATING, 303),
    ("POST", "web.cancel_rest"): (COORDINATING, 303),
    # The phones belong to the demo's people; this house has none.
    ("GET", "simulator.phones"): (EVERYBODY, 200),
    ("GET", "simulator.phone"): (NOBODY, 200),
    ("GET", "simulator.fragment"): (NOBODY, 200),
    ("POST", "simulator.write"): (NOBODY, 303),
    ("POST", "hooks.inbound"): (NOBODY, 200),
    ("POST", "hooks.status"): (NOBODY, 204),
}
# Those who run a group know each other by name, and officers of its zone know them by the charter.
NAMES_COORDINATORS = {"web.residents", "web.resident", "web.roster", "web.supervise"}
WORKS_ON_THE_DRAFT = {"web.edit", "web.review", "web.release"}
# Which of the two applications a page is about: the one to be decided on, or the one that was approved.
WORKS_ON_APPLICATION = {
    **dict.fromkeys(("web.application", "web.application_question", "web.application_check"), "applied"),
    **dict.fromkeys(("web.application_withdraw", "web.application_code", "web.decide"), "applied"),
    **dict.fromkeys(("web.charter", "web.decide_charter"), "approved"),
}
# A try is counted, also when it fails.
COUNTS_TRIES = {"web.check_password"}
# Shows letters that tie a phone to this browser, so it has to keep them.
GIVES_LETTERS = {"web.group_page"}
FILES = {"static": "theme.css", "bootstrap.static": "css/bootstrap.min.css"}

# Words that stand in one place each, so that wherever one turns up we know what leaked.
DRAFT, DRAFT_VERSION, NO_EMERGENCY, REASON = "kanarieklad", "canaribrouillon", "kanariepanne", "kanariereden"
ALERT, ALERT_VERSION, REPORT = "kanariealarm", "canarialerte", "kanariemelding"
COORDINATOR_NAME = "Fatima Peeters"
CANARIES = (DRAFT, DRAFT_VERSION, NO_EMERGENCY, REASON, ALERT, ALERT_VERSION, REPORT, COORDINATOR_NAME)

TYPED = {
    "kind": "info",
    "category": "traffic",
    "language": "nl",
    "text": f"Omgevallen boom op de weg, {DRAFT}.",
    "version_fr": f"Un arbre sur la route, {DRAFT_VERSION}.",
    "reason": f"{REASON}, daarom moet dit nu weg",
    "do": "save",
}
PAYLOAD = '"><svg onload=alert(1)>'
REQUEST = uuid.UUID(int=1)


# ---- what there is ----


def plant(house: House, cast: Cast) -> dict[str, str]:
    """Write a draft, a released alert and a report with a canary in each text, and let somebody ask to join."""
    reason = TYPED["reason"]
    with house.writing() as session:
        # The walk may have suspended it.
        session.scalars(select(Group).where(Group.slug == "molenwijk")).one().state = "active"
        session.commit()
    released = release(
        house,
        cast.fatima,
        kind="info",
        category="traffic",
        called=None,
        text=f"Omgevallen boom op de weg, {ALERT}.",
        versions={"fr": f"Un arbre sur la route, {ALERT_VERSION}."},
        reason=reason,
    )
    house.send_all()
    house.say(cast.an.number, f"Ik zie een wit busje, {REPORT}")
    house.send_all()
    with house.writing() as session:
        group = groups.by_slug(session, cast.fatima.actor, "molenwijk")
        typed = content(
            category="outage",
            called="not_emergency",
            text=f"De straat zit zonder licht, {DRAFT}.",
            versions={"fr": f"La rue est sans lumière, {DRAFT_VERSION}."},
            not_emergency=NO_EMERGENCY,
            reason=reason,
        )
        draft = drafts.draft(session, cast.fatima.actor, group, typed, now=house.clock())
        session.commit()
        let_somebody_wait(session, group, house)
        session.commit()
        report = session.scalar(select(Report.id).order_by(Report.created_at.desc(), Report.id.desc()).limit(1))
        resident = session.scalar(select(Membership.id).where(Membership.person_id == cast.an.id))
        return {
            "draft": str(draft.id),
            "released": str(released.id),
            "report": str(report),
            "resident": str(resident),
            "group": str(group.id),
        }


def plant_applications(house: House, cast: Cast) -> dict[str, str]:
    """Let the coordinator and the deputy apply for two groups more, one of them approved; return where these are."""
    with house.reading() as session:
        number = len(session.scalars(select(Group.id)).all())
    found = {}
    for stage in ("applied", "approved"):
        name = f"Haven {stage} {number}"
        founding.add_street(house, name)
        one = founding.apply(house, name, browser=name, name=name)
        with house.writing() as session:
            application = session.get_one(Application, one.application_id)
            now, actor = house.clock(), cast.fatima.actor
            for role, who in (("founder", cast.fatima), ("deputy", cast.luc)):
                person = session.get_one(Person, who.id)
                appointments.prove(session, person, one.codes[role], means="whatsapp", public_url="", now=now)
            applications.save(
                session, application, "motive", {"motive": "Een betere reden."}, revision=9, now=now, actor=actor
            )
            session.commit()
        if stage == "approved":
            founding.decide(house, cast.claes, one)
        found |= {f"{stage}_slug": one.slug, f"{stage}_id": str(one.group_id)}
    return found


def let_apply(house: House, browser: Browser) -> None:
    """Let a browser hold an application with all its answers."""
    with browser.client.session_transaction() as cookie:
        cookie["browser"] = "of the walk"
    founding.fill(house, "of the walk", founding.typed(house, ["Vaartkant"]))


def let_somebody_wait(session: Session, group: Group, house: House) -> None:
    """Let the same newcomer ask to join once more."""
    now = house.clock()
    request = session.get(Joining, REQUEST)
    if request is None:
        newcomer = Person(language="nl", created_at=now)
        session.add(newcomer)
        session.flush()
        request = Joining(id=REQUEST, person_id=newcomer.id, group_id=group.id, means="whatsapp")
        session.add(request)
    request.step = "waiting"
    request.asked_at = request.waiting_since = now


def path_of(rule: Rule, ids: dict[str, str], phone: str = "1", slug: str = "molenwijk") -> str:
    alert = ids["draft" if rule.endpoint in WORKS_ON_THE_DRAFT else "released"]
    values = {
        "slug": ids.get(f"{WORKS_ON_APPLICATION.get(rule.endpoint)}_slug", slug),
        "alert_id": alert,
        "report_id": ids["report"],
        "membership_id": ids["resident"],
        "group_id": ids.get(f"{WORKS_ON_APPLICATION.get(rule.endpoint)}_id", ids["group"]),
        "question": "motive",
        "phone": phone,
        "token": "0" * 43,
        "filename": FILES.get(rule.endpoint, ""),
    }
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: values[found.group(1)], rule.rule)


def unknown_path(rule: Rule) -> str:
    nowhere = dict.fromkeys(("draft", "released", "report", "resident", "group"), str(uuid.uuid4()))
    return path_of(rule, nowhere, "none", "geheim")


def form_for(endpoint: str, cast: Cast) -> dict[str, str]:
    """Return a form that would work for who may."""
    return {
        "web.sign_in_as": {"who": str(cast.fatima.id)},
        "web.set_language": {"language": "nl"},
        "web.set_theme": {"theme": "dark"},
        "web.ask_code": {"number": "+32400999001"},
        "web.use_code": {"code": "no code"},
        "web.check_password": {"email": "nobody@example.be", "password": "not the right one"},
        "web.end_sign_ins": {"which": "others"},
        "web.apply_question": {"motive": "Vier inbraken.", "revision": "7"},
        "web.apply_check": {"revision": "8"},
        "web.application_question": {"motive": "Vijf inbraken.", "revision": "9"},
        "web.application_check": {"revision": "8"},
        "web.application_withdraw": {"sure": "yes"},
        "web.charter": {"agreed": "yes", "version": "2026-11"},
        "web.decide": {"decision": "decline", "reason": "Er is al een groep.", "version": "1"},
        "web.decide_charter": {"agreed": "yes", "version": "2026-11"},
        "web.close": {"outcome": "harmless"},
        "web.correct": {"do": "send", "ready": "false_alarm", "form_token": uuid.uuid4().hex, "language": "nl"},
        "web.residents": {"act": "refuse", "request": str(REQUEST), "reason": "Woont er niet."},
        "web.resident": {"act": "warning", "reason": "Te veel berichten over parkeren."},
        "web.roster": {"act": "appoint", "name": "Jean Dupont"},
        "web.supervise": {"act": "suspend", "reason": "Oproep tot eigen rondes."},
        "simulator.write": {"text": "Hallo", "channel": "whatsapp"},
    }.get(endpoint, TYPED)


class Watch:
    """Notices any change that is committed to a SQLite file."""

    def __init__(self, house: House) -> None:
        file = database_file(house.settings.database_url)
        assert file is not None
        self._connection = sqlite3.connect(file)
        self._last = self._version()

    def changed(self) -> bool:
        before, self._last = self._last, self._version()
        return before != self._last

    def close(self) -> None:
        self._connection.close()

    def _version(self) -> int:
        version: int = self._connection.execute("PRAGMA data_version").fetchone()[0]
        return version


@pytest.fixture
def watch(light_house: House, light_cast: Cast) -> Iterator[Watch]:
    """Watch the light house, with its people in it."""
    watching = Watch(light_house)
    yield watching
    watching.close()


def rules(house: House) -> list[Rule]:
    """Return the app's routes; signing out comes last, for it ends the walk."""
    return sorted(house.app.url_map.iter_rules(), key=lambda rule: (rule.endpoint == "web.sign_out", rule.rule))


def somebody(cast: Cast, role: str) -> Somebody | None:
    attribute = ROLES[role]
    return None if attribute is None else getattr(cast, attribute)


def token_of(browser: Browser) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', browser.get("/").text)
    assert found is not None
    return found.group(1)


def ask(browser: Browser, method: str, path: str, form: dict[str, str] | None = None) -> TestResponse:
    if method in {"POST", "PUT", "PATCH", "DELETE"}:
        return browser.client.open(path, method=method, data=form, buffered=True)
    return browser.client.open(path, method=method, buffered=True)


def without_traces(page: TestResponse) -> str:
    """Return a page without what differs from one request to the next, and the menu's mark of where one is."""
    text = re.sub(r'(name="(?:csrf_token|next)" value=")[^"]*', r"\1", page.text)
    return text.replace(' aria-current="page"', "")


def expected(method: str, rule: Rule, role: str) -> int:
    """Return the status that the table says. Raises KeyError for a route that is not in it."""
    if method == "OPTIONS":
        return 200
    who, status = TABLE["GET" if method == "HEAD" else method, rule.endpoint]
    if rule.endpoint.startswith("hooks."):
        return 403
    return status if role in who else 404


def assert_nothing_leaks(page: TestResponse, role: str, cast: Cast, own: Somebody | None, endpoint: str) -> None:
    text = html.unescape(page.text)
    if endpoint in NAMES_COORDINATORS:
        text = text.replace(COORDINATOR_NAME, "")
    if role not in COORDINATING:
        assert [canary for canary in CANARIES if canary in text] == []
    elif own is not cast.fatima:
        assert COORDINATOR_NAME not in text
    digits = re.sub(r"[ .\-/]", "", text)
    assert not any(known.number[3:] in digits for known in (*cast.street, cast.willem, cast.noor))


# ---- the walk ----


def test_every_route_is_in_the_table_and_nothing_else_is(light_house: House) -> None:
    routes = {
        (method, rule.endpoint)
        for rule in light_house.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert routes == set(TABLE)


@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_what_the_table_says_and_forbidden_looks_like_unknown(
    light_house: House, light_cast: Cast, watch: Watch, role: str
) -> None:
    ids = plant(light_house, light_cast) | plant_applications(light_house, light_cast)
    own = somebody(light_cast, role)
    browser = light_house.browser(own)
    token = token_of(browser)
    let_apply(light_house, browser)
    watch.changed()
    for rule in rules(light_house):
        form = {"csrf_token": token, **form_for(rule.endpoint, light_cast)}
        for method in sorted(rule.methods or ()):
            page = ask(browser, method, path_of(rule, ids), form)
            status = expected(method, rule, role)
            assert page.status_code == status, (method, rule.rule)
            assert_nothing_leaks(page, role, light_cast, own, rule.endpoint)
            if method == "POST" and status < 400:
                # It may have changed something, and the next request wants things as they were.
                ids |= plant(light_house, light_cast)
                if rule.endpoint in WORKS_ON_APPLICATION:
                    ids |= plant_applications(light_house, light_cast)
                watch.changed()
                continue
            writes = {"POST": COUNTS_TRIES, "GET": GIVES_LETTERS}.get(method, set())
            assert not watch.changed() or rule.endpoint in writes, (method, rule.rule)
            if status == 404 and method != "HEAD":
                unknown = ask(browser, method, unknown_path(rule), form)
                assert unknown.status_code == 404
                assert without_traces(unknown) == without_traces(page), rule.rule


@pytest.mark.parametrize("role", [SIGNED_OUT, "coordinator", "inspector"])
def test_no_address_takes_a_method_that_it_was_not_made_for(
    light_house: House, light_cast: Cast, watch: Watch, role: str
) -> None:
    ids = plant(light_house, light_cast)
    browser = light_house.browser(somebody(light_cast, role))
    token = token_of(browser)
    watch.changed()
    taken: dict[str, set[str]] = {}
    for rule in rules(light_house):
        taken.setdefault(path_of(rule, ids), set()).update(rule.methods or ())
    for path, methods in taken.items():
        for method in METHODS - methods:
            assert ask(browser, method, path, {"csrf_token": token}).status_code == 405, (method, path)
    assert not watch.changed()


@pytest.mark.parametrize("role", [role for role in ROLES if role not in COORDINATING])
def test_an_address_that_no_route_answers_looks_the_same_as_a_forbidden_one(
    light_house: House, light_cast: Cast, role: str
) -> None:
    browser = light_house.browser(somebody(light_cast, role))
    forbidden = without_traces(browser.get("/groups/molenwijk"))
    for path in ("/nothing-here", "/alerts/not-a-uuid", f"/alerts/{uuid.uuid4()}/secret", "/groups/", "/groups/a/b/c"):
        unknown = browser.get(path)
        assert unknown.status_code == 404
        assert without_traces(unknown) == forbidden


def test_on_every_database_an_outsider_s_press_of_a_button_changes_nothing(house: House, cast: Cast) -> None:
    ids = plant(house, cast) | plant_applications(house, cast)
    outsiders = [house.browser(who) for who in (None, cast.an, cast.willem, cast.claes, cast.de_smet)]
    tokens = [token_of(browser) for browser in outsiders]
    before = rows(house)
    for rule in rules(house):
        if "POST" in (rule.methods or ()) and TABLE["POST", rule.endpoint][0] in (COORDINATING, COORDINATOR_ALONE):
            for browser, token in zip(outsiders, tokens, strict=True):
                form = {"csrf_token": token, **form_for(rule.endpoint, cast)}
                assert browser.client.post(path_of(rule, ids), data=form).status_code == 404
    assert rows(house) == before


def test_a_member_who_left_or_is_no_longer_coordinator_may_nothing_any_more(
    light_house: House, light_cast: Cast
) -> None:
    ids = plant(light_house, light_cast)
    fatima = light_house.browser(light_cast.fatima)
    assert fatima.get("/groups/molenwijk").status_code == 200
    light_house.say(light_cast.fatima.number, "STOP")
    for path in ("/groups/molenwijk", f"/alerts/{ids['released']}", f"/reports/{ids['report']}"):
        assert fatima.get(path).status_code == 404


def test_a_disabled_account_is_signed_out_at_once(light_house: House, light_cast: Cast) -> None:
    claes = light_house.browser(light_cast.claes)
    assert claes.get("/registry").status_code == 200
    with light_house.writing() as session:
        account = session.get(Account, light_cast.claes.id)
        assert account is not None
        account.disabled_at = light_house.clock()
        session.commit()
    assert claes.get("/registry").status_code == 404


def test_an_officer_s_register_holds_the_groups_of_the_own_zone_and_no_small_counts(
    light_house: House, light_cast: Cast
) -> None:
    claes = light_house.browser(light_cast.claes).get("/registry").text
    assert "Molenwijk" in claes
    assert "Dijklaan" not in claes
    elsewhere = light_house.browser(light_cast.officer_elsewhere)
    elsewhere.post("/language", language="en")
    page = elsewhere.get("/registry").text
    assert "Dijklaan" in page
    assert "Molenwijk" not in page
    assert "fewer than 5" in page


# ---- sessions and forms ----


def test_without_the_form_s_token_every_form_is_refused_and_changes_nothing(
    light_house: House, light_cast: Cast, watch: Watch
) -> None:
    ids = plant(light_house, light_cast)
    fatima = light_house.browser(light_cast.fatima)
    foreign = token_of(light_house.browser(light_cast.luc))
    watch.changed()
    for rule in rules(light_house):
        if "POST" not in (rule.methods or ()) or rule.endpoint.startswith("hooks."):
            continue
        for wrong in ({}, {"csrf_token": ""}, {"csrf_token": "x" * 40}, {"csrf_token": foreign}):
            form = form_for(rule.endpoint, light_cast) | wrong
            page = fatima.client.post(path_of(rule, ids), data=form)
            assert page.status_code == 400, rule.rule
            assert not watch.changed(), rule.rule
    assert fatima.get("/groups/molenwijk").status_code == 200


def test_signing_out_ends_the_sign_in_itself_not_only_the_cookie(light_house: House, light_cast: Cast) -> None:
    fatima = light_house.browser(light_cast.fatima)
    cookie = fatima.client.get_cookie("wabp")
    assert cookie is not None
    fatima.post("/sign-out")
    thief = light_house.browser()
    thief.client.set_cookie("wabp", cookie.value)
    assert thief.get("/groups/molenwijk").status_code == 404


def test_a_sign_in_ends_by_itself(light_house: House, light_cast: Cast) -> None:
    fatima, claes = light_house.browser(light_cast.fatima), light_house.browser(light_cast.claes)
    light_house.clock.forward(hours=8, seconds=1)
    assert claes.get("/registry").status_code == 404
    assert fatima.get("/groups/molenwijk").status_code == 200
    light_house.clock.forward(days=30)
    assert fatima.get("/groups/molenwijk").status_code == 404


@pytest.mark.parametrize("token", ["", "x", "0" * 3_000, "%00", "é", "../..", "Bearer x"])
def test_a_made_up_cookie_signs_nobody_in(light_house: House, light_cast: Cast, token: str) -> None:
    browser = light_house.browser()
    browser.client.set_cookie("wabp", token)
    assert browser.get("/").status_code == 200
    assert browser.get("/groups/molenwijk").status_code == 404


# ---- the demo's sign-in ----


def test_the_demo_sign_in_opens_the_demo_s_people_and_nobody_real(light_house: House, light_cast: Cast) -> None:
    with light_house.writing() as session:
        demo.load(session, members=5, quiet="none", now=light_house.clock())
        session.commit()
        listed = [row.id for row, _role, _name in accounts.demo_people(session)]
        demo_members = session.scalars(select(Person.id).where(Person.demo, Person.id.not_in(listed))).all()
    visitor = light_house.browser()
    page = visitor.get("/sign-in").text
    real = [getattr(light_cast, field.name).id for field in dataclasses.fields(light_cast)]
    for who in (*real, *demo_members, uuid.uuid4()):
        assert str(who) not in page
        assert visitor.post("/sign-in", who=str(who)).status_code == 404
        assert visitor.client.get_cookie("wabp") is None
    assert len(listed) == 7
    for who in listed:
        assert str(who) in page
        assert visitor.post("/sign-in", who=str(who)).status_code == 303
        assert visitor.client.get_cookie("wabp") is not None


def test_signing_in_ends_the_browser_s_earlier_sign_in(light_house: House, light_cast: Cast) -> None:
    with light_house.writing() as session:
        demo.load(session, members=5, quiet="none", now=light_house.clock())
        session.commit()
        listed = [str(row.id) for row, _role, _name in accounts.demo_people(session)]
    fatima = light_house.browser(light_cast.fatima)
    old = fatima.client.get_cookie("wabp")
    assert old is not None
    fatima.post("/sign-in", who=listed[0])
    thief = light_house.browser()
    thief.client.set_cookie("wabp", old.value)
    assert thief.get("/groups/molenwijk").status_code == 404
    assert fatima.get("/groups/molenwijk").status_code == 404


@pytest.mark.parametrize("changes", [{"gateway": "twilio", "twilio_auth_tokens": ("t",)}, {"host": "0.0.0.0"}])
def test_there_is_no_demo_sign_in_with_a_real_provider_or_an_open_address(
    light_house: House, light_cast: Cast, changes: dict[str, object]
) -> None:
    with light_house.writing() as session:
        demo.load(session, members=5, quiet="none", now=light_house.clock())
        session.commit()
        listed = [str(row.id) for row, _role, _name in accounts.demo_people(session)]
    settings = dataclasses.replace(light_house.settings, **changes)  # type: ignore[arg-type]
    app = create_app(settings, gateway=light_house.phones, clock=light_house.clock)
    browser = Browser(light_house)
    browser.client = app.test_client()
    assert browser.get("/").status_code == 200
    page = browser.get("/sign-in")
    assert page.status_code == 200
    for who in (*listed, str(light_cast.fatima.id)):
        assert who not in page.text
        assert browser.post("/sign-in", who=who).status_code == 404
    for path in ("/simulator", "/simulator/1", "/simulator/1/messages"):
        assert browser.get(path).status_code == 404
    assert browser.post("/simulator/1", text="Hallo").status_code == 404


# ---- what people type is text, never markup ----


def build_a_hostile_street(house: House) -> tuple[Somebody, Somebody, dict[str, str]]:
    """Make a group whose every name is markup; return its coordinator, its inspector and ids of what it wrote."""
    now = house.clock()
    with house.writing() as session:
        zone = add_zone(session, f"Zone {PAYLOAD}", "be", "Europe/Brussels", now)
        zone.slug = "hostile"
        group = add_group(session, zone, "molenwijk", (f"Straat {PAYLOAD}",), now, name=f"Groep {PAYLOAD}")
        street = f"Straat {PAYLOAD}"
        coordinator = add_member(
            session, group, "+32470000010", now, role="coordinator", name=f"Naam {PAYLOAD}", street=street
        )
        resident = add_member(session, group, "+32470000001", now, street=street)
        inspector = add_account(session, zone, "inspector", f"Naam {PAYLOAD}", now)
        session.commit()
        street_id = session.scalar(select(Street.id))
        assert session.scalar(select(Group.id)) is not None
    typed = {"kind": "info", "category": "traffic", "called": None, "street_id": street_id, "reason": PAYLOAD}
    text = f"Omgevallen boom {PAYLOAD} op de weg."
    released = release(house, coordinator, text=text, versions={"fr": text}, **typed)
    house.send_all()
    house.say(resident.number, text)
    with house.writing() as session:
        group = groups.by_slug(session, coordinator.actor, "molenwijk")
        draft = drafts.draft(session, coordinator.actor, group, content(text=text, **typed), now=now)
        session.commit()
        report = session.scalar(select(Report.id))
        member = session.scalar(select(Membership.id).where(Membership.role == "member"))
        ids = {
            "draft": str(draft.id),
            "released": str(released.id),
            "report": str(report),
            "resident": str(member),
            "group": str(group.id),
        }
    return coordinator, inspector, ids


def test_markup_in_texts_streets_and_names_appears_escaped_only(light_house: House) -> None:
    coordinator, inspector, ids = build_a_hostile_street(light_house)
    shown = set()
    for who in (coordinator, inspector, None):
        browser = light_house.browser(who)
        token = token_of(browser)
        for rule in rules(light_house):
            form = {"csrf_token": token, **TYPED, "do": "check", "text": f"Boom {PAYLOAD}", "street_id": PAYLOAD}
            for method in {"GET", "POST"} & (rule.methods or set()) - {"OPTIONS"}:
                if rule.endpoint in {"web.sign_out", "web.release", "web.report_read"} or "static" in rule.endpoint:
                    continue
                page = ask(browser, method, path_of(rule, ids), form)
                assert page.status_code < 500 or rule.endpoint == "watching.ready"
                assert "<svg onload" not in page.text, (method, rule.rule)
                if "&lt;svg onload=alert(1)&gt;" in page.text:
                    shown.add(rule.endpoint)
    assert shown >= {
        "web.start",
        "web.group_page",
        "web.poster",
        "web.registry",
        "web.supervise",
        "web.residents",
        "web.resident",
        "web.roster",
        "web.overview",
        "web.reports",
        "web.report",
        "web.compose",
        "web.live_check",
        "web.edit",
        "web.review",
        "web.board",
        "web.recipients",
        "web.close",
    }


def test_markup_in_an_address_appears_escaped_only(light_house: House, light_cast: Cast) -> None:
    ids = plant(light_house, light_cast)
    fatima = light_house.browser(light_cast.fatima)
    for rule in rules(light_house):
        if "GET" not in (rule.methods or ()) or "static" in rule.endpoint:
            continue
        for path in (path_of(rule, ids), unknown_path(rule)):
            query = dict.fromkeys(("state", "page", "q", "next", "report"), PAYLOAD)
            page = fatima.client.get(path, query_string=query)
            assert page.status_code < 500 or rule.endpoint == "watching.ready"
            assert "<svg onload" not in page.text, rule.rule


@pytest.mark.parametrize("path", ["/static/../app.py", "/static/..%2fapp.py", "/static/%2e%2e/app.py", "/static/"])
def test_no_address_leads_to_files_beside_the_static_ones(light_house: House, path: str) -> None:
    assert light_house.browser().get(path).status_code == 404
