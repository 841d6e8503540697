"""The `wabp` command as a process of its own: what only shows when it is really started."""


import io
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house import TWILIO
from tests.running import COMMAND, Installation
from tests.test_commands import CLEAN, KEYS, Shell, built, one_line
from wabp import __version__, checks, db
from wabp.errors import BadInput

pytestmark = pytest.mark.process


@pytest.fixture
def empty(tmp_path: Path) -> Installation:
    """A folder with settings and nothing in it yet."""
    return Installation(tmp_path)


def refused(done: subprocess.CompletedProcess[str], code: int = 2) -> str:
    assert (done.returncode, done.stdout) == (code, "")
    return one_line(done.stderr)


def lines(*messages: object) -> str:
    return "".join(json.dumps(message) + "\n" for message in messages)


def test_the_version_is_all_that_version_says(empty: Installation) -> None:
    assert empty.answer("--version") == __version__


def test_text_from_standard_input_is_read_as_utf_8(empty: Installation) -> None:
    empty.answer("demo", "--members", "2", "--quiet", "none")
    info = ("alert", "send", "--group", "demo", "--kind", "info", "--category", "prevention", "--text", "-")
    assert len(empty.answer(*info, given="Sluit uw fiets dubbel af, ook 's avonds. Één slot is te weinig.\n")) == 36
    assert "UTF-8" in refused(empty.command(*info, given="één".encode("latin-1")))
    assert "empty" in refused(empty.command(*info, given=b""))
    assert "at most 1000" in refused(empty.command(*info, given="é" * 60_001))
    # Bytes that are no text may also come as an argument.
    odd = os.fsdecode(b"Sluit uw fiets \xff\xfe af.")
    done = empty.command(*info[:-1], odd)
    assert done.returncode in {0, 2}
    assert "Traceback" not in done.stderr


def test_a_database_without_tables_is_sent_to_migrate(empty: Installation) -> None:
    assert "`wabp migrate`" in refused(empty.command("group", "list"))
    assert "WRONG schema" in empty.command("doctor").stdout
    done = empty.command("migrate")
    assert (done.returncode, done.stdout) == (0, "")
    assert empty.answer("group", "list", "--json") == "[]"
    done = empty.command("doctor")
    assert done.returncode == 0
    assert "WRONG" not in done.stdout
    assert empty.command("migrate").returncode == 0


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"WABP_DATABASE_URL": "postgresql+psycopg://a:b@127.0.0.1:1/none", **KEYS}, "`wabp doctor`"),
        ({"WABP_DATABASE_URL": "sqlite:////proc/none/wabp.sqlite3"}, "WABP_DATABASE_URL"),
    ],
    ids=["away", "nowhere"],
)
def test_a_database_that_is_not_there_is_one_line(empty: Installation, settings: dict[str, str], said: str) -> None:
    done = empty.command("group", "list", **settings)
    assert done.returncode in {1, 2}
    assert done.stdout == ""
    assert said in one_line(done.stderr)
    done = empty.command("doctor", **settings)
    assert done.returncode == 1
    assert "WRONG" in done.stdout
    assert "Traceback" not in done.stderr


def test_a_file_that_is_no_database_is_one_line(empty: Installation) -> None:
    empty.database.write_text("not a database at all " * 100)
    assert "`wabp doctor`" in refused(empty.command("group", "list", **KEYS), 1)


def test_a_database_whose_keys_are_gone_is_one_line_that_says_so(empty: Installation) -> None:
    empty.answer("migrate")
    empty.database.with_name(f"{empty.database.name}.keys").unlink()
    assert ".keys is not. Put it back" in refused(empty.command("group", "list"))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"WABP_PORT": "http"}, "WABP_PORT"),
        ({"WABP_GATEWAY": "pigeon"}, "WABP_GATEWAY"),
        ({"WABP_HOST": "0.0.0.0"}, "WABP_SECRET_KEY"),
        ({"WABP_GATEWAY": "twilio"}, "WABP_TWILIO_AUTH_TOKEN"),
        ({"WABP_DATABASE_URL": "mysql://x"}, "WABP_DATABASE_URL"),
        ({"WABP_DATA_KEYS": "short"}, "WABP_DATA_KEYS"),
        ({"WABP_SECRET_KEY_FILE": "/nowhere/key"}, "WABP_SECRET_KEY_FILE"),
    ],
    ids=str,
)
def test_a_wrong_setting_is_named(empty: Installation, settings: dict[str, str], said: str) -> None:
    assert said in refused(empty.command("group", "list", **settings))


def test_doctor_names_the_setting_too(empty: Installation) -> None:
    done = empty.command("doctor", WABP_PORT="http")
    assert (done.returncode, done.stdout.count("\n")) == (1, 1)
    assert "WABP_PORT" in done.stdout


def test_doctor_tells_what_a_real_provider_still_needs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with built(tmp_path, **TWILIO) as house:
        code, out, _ = Shell(house, capsys).run("doctor")
    assert code == 1
    assert "WRONG templates: add approved forms with `wabp template add` for urgent/nl" in out
    assert out.count("WRONG") == 1


def test_a_taken_port_is_named_and_no_process_is_left(empty: Installation) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", empty.port))
        taken.listen()
        done = empty.command("run")
    assert done.returncode == 2
    assert one_line(done.stderr.splitlines(keepends=True)[-1]).startswith(f"wabp: Port {empty.port}")
    assert "Traceback" not in done.stderr


def test_commands_work_from_any_folder(empty: Installation) -> None:
    empty.answer("migrate")
    done = subprocess.run(
        [COMMAND, "group", "list", "--json"], cwd="/", env=empty.environ, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "[]\n")


# ---- the check ----


def test_the_check_answers_in_order_with_places_in_the_text(empty: Installation) -> None:
    given = lines(
        {"id": "b", "lang": "nl", "text": "Mooi weer vandaag, en Kevin Maes steelt."},
        {"id": 1, "lang": "fr", "text": "Deux personnes forcent une porte."},
    ) + "\n   \n" + lines({"id": None, "lang": "xx", "text": ""})  # fmt: skip
    rows = [json.loads(line) for line in empty.answer("check", given=given).splitlines()]
    assert [row["id"] for row in rows] == ["b", 1, None]
    name = next(found for found in rows[0]["findings"] if found["label"] == "person_name")
    assert name.keys() == {"label", "start", "end", "action", "why"}
    assert "Mooi weer vandaag, en Kevin Maes steelt."[name["start"] : name["end"]] == "Kevin Maes"
    assert name["action"] == "refuse"
    assert rows[2]["findings"] == []


def test_places_are_counted_in_characters_also_behind_rare_ones(empty: Installation) -> None:
    text = "🚲🚲 e\u0301én fiets, Kevin Maes nam hem mee."
    row = json.loads(empty.answer("check", given=lines({"id": 1, "lang": "nl", "text": text})))
    found = next(found for found in row["findings"] if found["label"] == "person_name")
    assert text[found["start"] : found["end"]] == "Kevin Maes"


def test_a_bad_line_ends_the_check_with_its_number(empty: Installation) -> None:
    good = lines({"id": 1, "lang": "nl", "text": CLEAN})
    done = empty.command("check", given=good + "\nnonsense\n" + good)
    assert done.returncode == 2
    assert "Line 3 " in one_line(done.stderr)
    # What was answered before the bad line stands.
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == [1]


@pytest.mark.parametrize(
    "bad",
    [b"[]", b"{}", b'{"id":1,"lang":"nl"}', b'{"id":1,"lang":"nl","text":5}', b"\xff\xfe", b"[" * 100_000],
    ids=["list", "empty", "no text", "number", "no utf-8", "deep"],
)
def test_a_line_that_is_no_message_is_named_by_its_number(bad: bytes) -> None:
    with pytest.raises(BadInput) as problem:
        checks.run("be", io.BytesIO(b"\n" + bad + b"\n"), io.StringIO())
    assert problem.value.say("en").startswith("Line 2 ")


def test_a_huge_line_is_answered(empty: Installation) -> None:
    done = empty.command("check", given=lines({"id": 1, "lang": "nl", "text": "Kevin Maes " + "a" * 1_000_000}))
    assert done.returncode == 0
    assert "person_name" in done.stdout


def test_another_rulebook_is_used_and_a_broken_one_named(empty: Installation) -> None:
    plate = lines({"id": 1, "lang": "nl", "text": "Witte bestelwagen met plaat 1-ABC-234."})
    actions = {book: empty.answer("check", "--rulebook", book, given=plate) for book in ("be", "nl")}
    assert '"action": "refuse"' in actions["be"]
    assert '"action": "confirm"' in actions["nl"]
    (empty.folder / "broken.toml").write_text("country = ", encoding="utf-8")
    for book in ("broken.toml", "nowhere.toml", "fr"):
        assert "rulebook" in refused(empty.command("check", "--rulebook", book))


def test_a_reader_who_leaves_early_is_no_error(empty: Installation) -> None:
    many = lines(*({"id": n, "lang": "nl", "text": CLEAN} for n in range(3_000))).encode()
    (empty.folder / "many.jsonl").write_bytes(many)
    with (empty.folder / "many.jsonl").open("rb") as given:
        process = subprocess.Popen(
            [COMMAND, "check"], stdin=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=empty.environ
        )
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        err = process.stderr.read().decode()
        process.stderr.close()
        process.wait(30)
    assert "Traceback" not in err


# ---- the start ----


def loaded_by(*arguments: str, given: bytes = b"") -> set[str]:
    """Return the outside packages that a command loads."""
    program = (
        "import sys\nfrom wabp import app, cli\n"
        f"cli.run(app.build, {list(arguments)!r})\n"
        "print(*sorted({name.split('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], input=given, capture_output=True, check=True, timeout=60)
    return set(done.stderr.decode().split())


HEAVY = {"flask", "werkzeug", "sqlalchemy", "alembic", "twilio", "aiohttp", "granian", "apscheduler"}


@pytest.mark.parametrize("arguments", [("check",), ("--version",), ("--help",), ("alert", "send", "--help")])
def test_the_check_and_the_help_load_neither_web_nor_database(arguments: tuple[str, ...]) -> None:
    given = lines({"id": 1, "lang": "nl", "text": "Kevin Maes steelt"}).encode()
    assert loaded_by(*arguments, given=given) & HEAVY == set()


def test_an_alert_is_sent_without_waiting_for_what_only_the_server_needs(
    empty: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty.answer("demo", "--members", "2", "--quiet", "none")
    monkeypatch.setenv("WABP_DATABASE_URL", empty.environ["WABP_DATABASE_URL"])
    info = ("--group", "demo", "--kind", "info", "--category", "prevention", "--text", "Sluit uw fiets.")
    assert loaded_by("alert", "send", *info) & HEAVY == {"flask", "werkzeug", "sqlalchemy"}


def test_the_number_of_the_newest_migration_is_the_one_that_alembic_reads() -> None:
    from alembic.script import ScriptDirectory

    script = ScriptDirectory(db.migrations_folder())
    assert db.known_revisions()[-1] == script.get_current_head()
    assert db.known_revisions() == sorted(revision.revision for revision in script.walk_revisions())


