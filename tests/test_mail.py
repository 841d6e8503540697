"""The one mail a day to inspectors: when it goes, that it says nothing, and what a silent mail server changes."""

import logging
import socketserver
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import cast as typed_as

import pytest
from sqlalchemy import select

from tests.conftest import STORY_TIME
from tests.founding import HILDE, add_street, apply, decide, handed_in
from tests.house import Cast, House, Somebody, add_account, add_cast
from tests.test_commands import Shell, built
from wabp import db, jobs, mail, settings
from wabp.errors import BadSetting
from wabp.models import Account, seal

CLAES, DE_VRIES = "claes@leiebocht.example", "devries@merwedrecht.example"


@dataclass
class Post:
    """A mail server on this machine that keeps what it is handed.

    `refuses` lets it take nothing; `meanwhile` is done while the one who called waits for it.
    """

    port: int = 0
    refuses: bool = False
    meanwhile: Callable[[], object] = lambda: None
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"


class _Conversation(socketserver.StreamRequestHandler):
    """Says just enough of SMTP for one mail."""

    def handle(self) -> None:
        post = typed_as(_Server, self.server).post
        post.meanwhile()
        self._say("220 post")
        for line in self.rfile:
            word = line[:4].upper().strip()
            if word == b"DATA":
                self._say("354 go on")
                post.mails.append(self._read())
                self._say("250 kept")
            elif word == b"QUIT":
                self._say("221 bye")
                return
            elif word == b"RCPT" and post.refuses:
                self._say("550 no such mailbox")
            else:
                if word in {b"RCPT", b"MAIL"}:
                    kept = post.recipients if word == b"RCPT" else post.senders
                    kept.append(line.decode().split("<")[1].split(">")[0])
                self._say("250 fine")

    def _read(self) -> EmailMessage:
        lines = []
        for line in self.rfile:
            if line.rstrip(b"\r\n") == b".":
                break
            lines.append(line)
        return typed_as(EmailMessage, message_from_bytes(b"".join(lines), policy=policy.default))

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    post: Post


@pytest.fixture
def post() -> Iterator[Post]:
    kept = Post()
    with _Server(("127.0.0.1", 0), _Conversation) as server:
        server.post = kept
        kept.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield kept
        server.shutdown()
        thread.join()


@pytest.fixture
def house(tmp_path: Path, post: Post) -> Iterator[House]:
    """The street of the stories, with a mail server and a Havenlaan that is in no group."""
    made = House(f"sqlite:///{tmp_path / 'mail.sqlite3'}", tmp_path, STORY_TIME, WABP_SMTP_URL=post.url)
    with made.app.app_context():
        db.db.create_all()
    yield made
    made.close()


@pytest.fixture
def cast(house: House) -> Cast:
    """The people of the stories; the inspectors have an e-mail address."""
    people = add_cast(house)
    give_mailbox(house, people.claes, CLAES)
    give_mailbox(house, people.officer_elsewhere, DE_VRIES)
    give_mailbox(house, people.de_smet, "desmet@leiebocht.example")
    add_street(house, "Havenlaan")
    house.clock.at("10:00")
    return people


def give_mailbox(house: House, who: Somebody, email: str) -> None:
    with house.writing() as session:
        seal(session, session.get_one(Account, who.id), "email", email)
        session.commit()


def test_the_inspector_of_the_zone_gets_one_mail_a_day_while_something_waits(
    house: House, cast: Cast, post: Post
) -> None:
    jobs.remind_officers(house.services)
    assert post.mails == []
    handed_in(house, "Havenlaan")
    for _hour in range(3):
        jobs.remind_officers(house.services)
        house.clock.forward(hours=1)
    assert post.recipients == [CLAES]
    house.clock.forward(days=1)
    house.clock.at("07:59")
    jobs.remind_officers(house.services)
    assert post.recipients == [CLAES]
    house.clock.at("08:00")
    jobs.remind_officers(house.services)
    assert post.recipients == [CLAES, CLAES]


def test_the_mail_says_that_something_waits_and_nothing_of_what(house: House, cast: Cast, post: Post) -> None:
    handed_in(house, "Havenlaan", name="Kanariegroep", founder_name="Kanarie Maes")
    jobs.remind_officers(house.services)
    (mailed,) = post.mails
    assert mailed["Subject"] == "wabp: er wacht iets op u"
    assert mailed["To"] == CLAES
    assert mailed["From"] == "wabp@127.0.0.1"
    assert mailed["Auto-Submitted"] == "auto-generated"
    assert mailed.get_content().strip() == (
        f"Er wacht iets op u in wabp: {house.settings.public_url}/applications"
    )
    everything = mailed.as_string()
    for word in ("Kanarie", "Havenlaan", "Leiebocht", "Hilde", "Claes", HILDE):
        assert word not in everything.replace(CLAES, "")


@pytest.mark.parametrize(
    ("language", "begins"),
    [("fr", "Quelque chose"), ("en", "Something waits"), ("de", "In wabp wartet")],
)
def test_the_mail_is_in_the_officers_language(
    house: House, cast: Cast, post: Post, language: str, begins: str
) -> None:
    with house.writing() as session:
        session.get_one(Account, cast.claes.id).language = language
        session.commit()
    handed_in(house, "Havenlaan")
    jobs.remind_officers(house.services)
    assert post.mails[0].get_content().startswith(begins)


def test_who_has_nothing_to_decide_gets_no_mail(house: House, cast: Cast, post: Post) -> None:
    apply(house, "Havenlaan", browser="not proven", name="Wacht")
    jobs.remind_officers(house.services)
    asked = handed_in(house, "Havenlaan", browser="asked", name="Haven")
    decide(house, cast.claes, asked, "more_info")
    jobs.remind_officers(house.services)
    assert post.mails == []


def test_only_inspectors_with_a_mailbox_who_are_in_office_are_mailed(house: House, cast: Cast, post: Post) -> None:
    with house.writing() as session:
        zone = session.get_one(Account, cast.claes.id).zone
        gone = add_account(session, zone, "inspector", "Gone", house.clock())
        add_account(session, zone, "inspector", "Without", house.clock())
        session.get_one(Account, gone.id).disabled_at = house.clock()
        session.commit()
    give_mailbox(house, gone, "gone@leiebocht.example")
    handed_in(house, "Havenlaan")
    jobs.remind_officers(house.services)
    assert post.recipients == [CLAES]


def test_eight_o_clock_is_that_of_the_zone(house: House, cast: Cast, post: Post) -> None:
    handed_in(house, "Havenlaan")
    with house.writing() as session:
        session.get_one(Account, cast.claes.id).zone.timezone = "America/New_York"
        session.commit()
    house.clock.at("13:59")
    jobs.remind_officers(house.services)
    assert post.mails == []
    house.clock.at("14:00")
    jobs.remind_officers(house.services)
    assert len(post.mails) == 1


def test_a_mail_that_could_not_go_is_tried_again_and_no_address_is_logged(
    house: House, cast: Cast, post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    handed_in(house, "Havenlaan")
    post.refuses = True
    with caplog.at_level(logging.INFO, logger="wabp"):
        jobs.remind_officers(house.services)
    assert post.mails == []
    (line,) = [record for record in caplog.records if record.name == "wabp.jobs"]
    assert line.levelname == "WARNING"
    assert "claes" not in repr(line.__dict__).lower()
    post.refuses = False
    house.clock.forward(hours=1)
    jobs.remind_officers(house.services)
    assert post.recipients == [CLAES]


def test_one_mailbox_that_refuses_does_not_stand_before_another(house: House, cast: Cast, post: Post) -> None:
    with house.writing() as session:
        zone = session.get_one(Account, cast.claes.id).zone
        second = add_account(session, zone, "inspector", "Second", house.clock())
        session.commit()
    give_mailbox(house, second, "second@leiebocht.example")
    give_mailbox(house, cast.claes, "kapot\r\nBcc: iemand@elders.example")
    handed_in(house, "Havenlaan")
    jobs.remind_officers(house.services)
    assert post.recipients == ["second@leiebocht.example"]


def test_no_session_is_open_while_the_mail_server_thinks(house: House, cast: Cast, post: Post) -> None:
    handed_in(house, "Havenlaan")
    found: list[int] = []

    def look() -> None:
        with house.app.app_context():
            found.append(db.db.engine.pool.checkedout())  # type: ignore[attr-defined]
        # And somebody else can write meanwhile.
        with house.writing() as session:
            session.execute(select(Account.id)).all()
            session.commit()

    post.meanwhile = look
    jobs.remind_officers(house.services)
    assert found == [0]
    assert post.recipients == [CLAES]


def test_without_a_mail_server_nothing_is_tried(tmp_path: Path) -> None:
    with built(tmp_path) as house:
        add_cast(house)
        jobs.remind_officers(house.services)


def test_the_job_runs_with_the_others(house: House) -> None:
    scheduler = jobs.start(house.services, lambda: True)
    try:
        assert {"remind_officers", "forget_applications"} <= {job.id for job in scheduler.get_jobs()}
    finally:
        scheduler.shutdown(wait=False)


# ---- settings and the doctor ----


@pytest.mark.parametrize(
    "url",
    [
        "smtp://127.0.0.1:1025",
        "smtp://name:word@localhost",
        "smtp://relay.zone.example",
        "smtps://name:p%40ss@mail.example:465/",
        "smtp+starttls://name:word@mail.example?from=wabp@zone.example",
    ],
)
def test_a_mail_server_is_given_as_an_address(url: str, tmp_path: Path) -> None:
    assert settings.load({"WABP_SMTP_URL": url}, tmp_path).smtp_url == url


@pytest.mark.parametrize(
    "url",
    [
        "mail.example:587",
        "https://mail.example",
        "smtp://",
        "smtp://name:word@mail.example",
        "smtps://mail.example:99999",
        "smtps://mail.example/path",
        "smtps://mail.example?to=wabp@zone.example",
        "smtps://mail.example?from=nobody",
        "smtps://mail.example?from=a@b.example%0D%0ABcc:c@d.example",
        "smtps://mail.example#x",
        "smtps://[mail.example",
    ],
)
def test_what_is_no_mail_server_stops_the_start_by_name(url: str, tmp_path: Path) -> None:
    with pytest.raises(BadSetting) as refused:
        settings.load({"WABP_SMTP_URL": url}, tmp_path)
    assert "WABP_SMTP_URL" in refused.value.say("en")
    assert "word" not in refused.value.say("en").replace("password", "")


def test_the_sender_can_be_given(post: Post) -> None:
    url = f"{post.url}?from=wabp@zone.example"
    mail.send(url, CLAES, "Onderwerp", "Tekst", public_url="https://buurt.example", now=STORY_TIME)
    assert (post.senders, post.mails[0]["From"]) == (["wabp@zone.example"], "wabp@zone.example")
    mail.send(post.url, CLAES, "Onderwerp", "Tekst", public_url="https://buurt.example", now=STORY_TIME)
    assert post.senders[1] == "wabp@buurt.example"


def test_a_server_that_is_not_there_is_one_kind_of_trouble() -> None:
    with pytest.raises(mail.CannotMail) as trouble:
        mail.send("smtp://127.0.0.1:1", CLAES, "S", "B", public_url="https://buurt.example", now=STORY_TIME)
    assert "claes" not in str(trouble.value)


def test_encryption_is_not_given_up_when_the_server_has_none(post: Post) -> None:
    for scheme in ("smtps", "smtp+starttls"):
        url = f"{scheme}://name:word@127.0.0.1:{post.port}"
        with pytest.raises(mail.CannotMail):
            mail.send(url, CLAES, "S", "B", public_url="https://buurt.example", now=STORY_TIME)
    assert post.mails == []


def test_the_doctor_leaves_a_note_when_nobody_is_mailed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with built(tmp_path) as house:
        code, out, _ = Shell(house, capsys).run("doctor")
    assert code == 0
    (line,) = [line for line in out.splitlines() if "mail" in line]
    assert line.startswith("note ")
    assert "WABP_SMTP_URL" in line
    assert "applications page" in line


def test_the_doctor_is_content_with_a_mail_server(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with built(tmp_path, WABP_SMTP_URL="smtp://127.0.0.1:1") as house:
        code, out, _ = Shell(house, capsys).run("doctor")
    assert (code, "ok    mail" in out) == (0, True)
