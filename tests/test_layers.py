"""The house has one direction: this file holds its floors and reads every import of the package against them.

A new module needs a place in `FLOORS`. It may import from floors below its own, and inside its floor as long
as no circle comes of it.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "wabp"

FLOORS = {
    7: {"app"},
    6: {"web", "cli", "jobs", "worker", "leading", "server", "checkup", "checks"},
    5: {
        *("delivery", "messages", "reactions", "doubts", "ladder", "polling", "inbox", "answering"),
        *("insights", "figures", "services"),
    },
    4: {
        *("judging", "alerts", "drafts", "reports", "applications", "reviews", "joining", "residents", "supervision"),
        *("feedback", "relay", "sanctions", "roster", "dialogue", "minors", "forgetting", "own_data"),
        *("followups", "alarms"),
        *("answers", "appointments", "paperwork", "dossiers", "coverage", "reminders", "shredder", "zones", "demo"),
    },
    3: {"accounts", "offices", "phone_codes", "reverse_codes", "groups", "directory", "notices"},
    2: {
        *("ledger", "addressing", "proofs", "standing", "channels", "lanes", "leases", "quota", "templates"),
        *("limits", "mail", "gateway"),
    },
    1: {"models", "migrations", "db"},
    0: {
        *("rules", "misuse", "rulebook", "wording", "texts", "words", "keywords", "slugs", "ages", "streets"),
        *("segments", "phones", "passwords", "second_factor", "data", "errors", "settings", "clock", "vault", "logs"),
        "pace",
    },
}
FLOOR_OF = {module: floor for floor, modules in FLOORS.items() for module in modules}

# The ground knows no web, no database and no network.
NEVER_ON_THE_GROUND = {
    *("flask", "werkzeug", "jinja2", "sqlalchemy", "alembic", "flask_sqlalchemy", "flask_migrate"),
    *("sqlite3", "psycopg", "twilio", "aiohttp", "requests", "urllib3", "httpx", "granian", "apscheduler"),
    *("celery", "redis", "prometheus_client"),
    *("socket", "ssl", "http", "ftplib", "smtplib", "imaplib", "xmlrpc", "urllib.request", "socketserver"),
}
# Outside packages that have one place, so that another can take over there.
ONLY_IN = {
    "phonenumbers": {"misuse", "phones"},
    "argon2": {"passwords"},
    "zxcvbn": {"passwords"},
    "pyotp": {"second_factor"},
    "rapidfuzz": {"streets"},
    "segno": {"web"},
    "smtplib": {"mail"},
    "faker": {"misuse"},
    "wordfreq": {"misuse"},
    "anyascii": {"misuse"},
    "cryptography": {"vault"},
    "twilio": {"gateway"},
    "aiohttp": {"gateway"},
    "granian": {"server"},
    "apscheduler": {"jobs"},
    "celery": {"worker"},
    "prometheus_client": {"web"},
    "click": {"cli"},
}

# Doors commit. So does the simulator: it stands in for a provider, and its phones are that provider's own books.
MAY_COMMIT = {"web", "cli", "jobs", "worker", "leading", "migrations"}
MAY_COMMIT_FILES = {"gateway/simulator.py"}


def modules() -> list[Path]:
    """Every Python file of the package but its front door."""
    return sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def name_of(path: Path) -> str:
    """`wabp.models.people` for wabp/models/people.py; a package goes by its folder."""
    parts = ("wabp", *path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(dotted: str) -> str:
    """The first name below wabp, which the table speaks of: `models` for `wabp.models.people`."""
    return dotted.split(".")[1]


NAMES = {name_of(path) for path in modules()} | {"wabp"}


@cache
def tree_of(path: Path) -> ast.Module:
    """The syntax tree of one file."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imports_of(path: Path) -> Iterator[tuple[str, int]]:
    """Yield the dotted name and line of everything that a file imports, wherever in the file it does so."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _base_of(node, path)
            for alias in node.names:
                dotted = f"{base}.{alias.name}"
                yield (dotted if base == "wabp" or dotted in NAMES or base == "urllib" else base), node.lineno


def _base_of(node: ast.ImportFrom, path: Path) -> str:
    if not node.level:
        return node.module or ""
    package = name_of(path).split(".")
    package = package if path.name == "__init__.py" else package[:-1]
    return ".".join([*package[: len(package) - node.level + 1], *filter(None, [node.module])])


def inner_imports(path: Path) -> Iterator[tuple[str, int]]:
    """Only what comes from wabp itself, its version left out."""
    for dotted, line in imports_of(path):
        if dotted.startswith("wabp.") and not room_of(dotted).startswith("__"):
            yield dotted, line


def calls_of(path: Path, method: str) -> list[str]:
    """Where `something.method(…)` is called in a file, as `something:line`."""
    return [
        f"{ast.unparse(node.func.value)}:{node.lineno}"
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == method
    ]


def test_every_module_has_a_floor() -> None:
    rooms = {room_of(name_of(path)) for path in modules()}
    assert rooms - FLOOR_OF.keys() == set(), "give the module a floor, in FLOORS and in CONTRIBUTING.md"


def test_contributing_shows_the_same_floors() -> None:
    rows = (PACKAGE.parent / "CONTRIBUTING.md").read_text(encoding="utf-8").splitlines()
    shown = {int(row[2]): set(re.findall("`(.+?)`", row.split("|")[2])) for row in rows if re.match(r"\| \d ", row)}
    assert shown == FLOORS


def test_imports_only_go_down() -> None:
    upward = [
        f"{name_of(path)}:{line} (floor {FLOOR_OF[room]}) imports {dotted} (floor {FLOOR_OF.get(room_of(dotted))})"
        for path in modules()
        if (room := room_of(name_of(path))) in FLOOR_OF
        for dotted, line in inner_imports(path)
        if FLOOR_OF.get(room_of(dotted), 99) > FLOOR_OF[room]
    ]
    assert upward == []


def test_no_circle_inside_a_floor() -> None:
    edges: dict[str, set[str]] = {name: set() for name in NAMES}
    for path in modules():
        for dotted, _ in inner_imports(path):
            # A package's own front door may gather its rooms; a room that imports the door back is a circle.
            edges[name_of(path)].add(dotted if dotted in NAMES else dotted.rpartition(".")[0])
    assert _circle(edges) == []


def _circle(edges: dict[str, set[str]]) -> list[str]:
    """Return the names along one circle of imports, or nothing."""
    done: set[str] = set()
    way: list[str] = []

    def walk(name: str) -> list[str]:
        if name in way:
            return [*way[way.index(name) :], name]
        if name in done:
            return []
        way.append(name)
        for following in sorted(edges.get(name, ())):
            if found := walk(following):
                return found
        way.pop()
        done.add(name)
        return []

    return next((found for name in sorted(edges) if (found := walk(name))), [])


def test_the_ground_floor_knows_no_web_no_database_and_no_network() -> None:
    found = [
        f"{name_of(path)}:{line} imports {dotted}"
        for path in modules()
        if FLOOR_OF.get(room_of(name_of(path))) == 0
        for dotted, line in imports_of(path)
        if dotted in NEVER_ON_THE_GROUND or dotted.split(".")[0] in NEVER_ON_THE_GROUND
    ]
    assert found == []


@pytest.mark.parametrize(("package", "rooms"), ONLY_IN.items(), ids=ONLY_IN)
def test_an_outside_package_stays_in_its_place(package: str, rooms: set[str]) -> None:
    found = [
        f"{name_of(path)}:{line}"
        for path in modules()
        if room_of(name_of(path)) not in rooms
        for dotted, line in imports_of(path)
        if dotted.split(".")[0] == package
    ]
    assert found == []


def test_only_the_rules_look_into_misuse() -> None:
    # A rulebook says what each label leads to, so it shares the list of labels, and nothing else.
    shared = {("rulebook", "wabp.misuse.findings")}
    found = [
        f"{name_of(path)}:{line}"
        for path in modules()
        if (room := room_of(name_of(path))) not in {"rules", "misuse"}
        for dotted, line in inner_imports(path)
        if room_of(dotted) == "misuse" and (room, dotted) not in shared
    ]
    assert found == []


def test_nobody_imports_the_wiring() -> None:
    found = [
        f"{name_of(path)}:{line}"
        for path in modules()
        for dotted, line in inner_imports(path)
        if room_of(dotted) == "app"
    ]
    assert found == []


def test_only_doors_commit() -> None:
    found = [
        f"{path.relative_to(PACKAGE)} {call}"
        for path in modules()
        if room_of(name_of(path)) not in MAY_COMMIT and path.relative_to(PACKAGE).as_posix() not in MAY_COMMIT_FILES
        for call in calls_of(path, "commit")
    ]
    assert found == []


def test_only_delivery_sends() -> None:
    found = [
        f"{path.relative_to(PACKAGE)} {call}"
        for path in modules()
        if name_of(path) != "wabp.delivery"
        for call in calls_of(path, "send")
        if "gateway" in call.lower()
    ]
    assert found == []


def test_delivery_is_where_the_gateway_is_called() -> None:
    """Guards the test above: should the call move or be renamed, the rule has to move with it."""
    assert any("gateway" in call for call in calls_of(PACKAGE / "delivery.py", "send"))


def test_the_rules_load_neither_web_nor_database() -> None:
    program = (
        "import sys, wabp.rules; "
        "print(*sorted({name.split('.')[0] for name in sys.modules} "
        "& {'flask', 'werkzeug', 'sqlalchemy', 'twilio', 'aiohttp', 'requests'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=PACKAGE.parent
    )
    assert done.stdout.split() == []


@pytest.mark.parametrize(
    ("edges", "circle"),
    [
        ({"a": {"b"}, "b": {"c"}, "c": set()}, []),
        ({"a": {"b"}, "b": {"c"}, "c": {"b"}}, ["b", "c", "b"]),
        ({"a": {"a"}}, ["a", "a"]),
    ],
)
def test_circles_are_found(edges: dict[str, set[str]], circle: list[str]) -> None:
    assert _circle(edges) == circle
