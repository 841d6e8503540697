"""What every file of the repository keeps to, whichever part of the product it belongs to."""

import ast
import configparser
import re
import subprocess
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import pytest
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po

from wabp import data, texts

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "wabp"

# Put together here, so that this file does not hold what it looks for.
ONE_MACHINE = re.compile(r"(?<![\w.])/(?:" + "|".join(("root", "home", "work", "tmp")) + r")/")
NOT_TEXT = {".png", ".mo", ".woff2", ".ico", ".sqlite3"}
MADE_BY_TOOLS = re.compile(r"\.(?!ci$|gitignore$)|instance$|build$|dist$|__pycache__$|.*\.egg-info$")

CATALOGUES = sorted(PACKAGE.glob("web/translations/*/LC_MESSAGES/*.po"))
SLOT = re.compile(r"\{[a-z_]+\}")


def repository_files() -> Iterator[Path]:
    """Everything that is or would be committed."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode == 0:
        found = [ROOT / name for name in listed.stdout.split("\0") if name]
    else:  # a copy without git
        found = [path for path in ROOT.rglob("*") if not any(map(MADE_BY_TOOLS.match, path.relative_to(ROOT).parts))]
    yield from (path for path in found if path.is_file())


def test_no_file_names_a_folder_of_one_machine() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in repository_files()
        if path.suffix not in NOT_TEXT and path.relative_to(ROOT).parts[0] != ".ci"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if ONE_MACHINE.search(line)
    ]
    assert found == []


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_every_sentence_is_there_in_every_language(language: str) -> None:
    assert texts.catalogue(language).keys() == texts.catalogue(texts.DEFAULT_LANGUAGE).keys()


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_a_sentence_has_the_same_slots_in_every_language(language: str) -> None:
    theirs, ours = texts.catalogue(language), texts.catalogue(texts.DEFAULT_LANGUAGE)
    differing = [
        key for key in theirs.keys() & ours.keys() if set(SLOT.findall(theirs[key])) != set(SLOT.findall(ours[key]))
    ]
    assert sorted(differing) == []


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_no_sentence_is_empty(language: str) -> None:
    assert [key for key, sentence in texts.catalogue(language).items() if not sentence.strip()] == []


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parent.parent.name)
def test_a_compiled_catalogue_is_what_its_source_says(path: Path) -> None:
    compiled = BytesIO()
    with path.open("rb") as source:
        write_mo(compiled, read_po(source))
    compiled.seek(0)
    with path.with_suffix(".mo").open("rb") as shipped:
        assert _sentences(shipped) == _sentences(compiled), "run tools/catalogues"


def _sentences(file: BinaryIO) -> dict[str, object]:
    # A sentence with a plural has a list as its key.
    return {str(message.id): message.string for message in read_mo(file) if message.id}


def test_what_is_installed_is_pinned() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    asked = setup["options"]["install_requires"] + setup["options.extras_require"]["test"]
    names = {re.split(r"[\[<>=~!; ]", line.strip())[0] for line in asked.splitlines() if line.strip()}
    pinned = dict(
        line.split("==", 1)
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    )
    assert names - pinned.keys() == set()


def test_every_decision_that_is_cited_is_recorded() -> None:
    recorded = {path.name[:4] for path in (ROOT / "docs/adr").glob("[0-9]*.md")}
    cited = {
        number
        for path in PACKAGE.rglob("*.py")
        for number in re.findall(r"ADR (\d{4})", path.read_text(encoding="utf-8"))
    }
    assert cited - recorded == set()


def test_the_demo_places_are_whole_and_say_where_they_come_from() -> None:
    places = data.ghent()
    assert places["source"]
    assert "demo" in places["note"]
    assert len({district["name"] for district in places["districts"]}) == 27
    for district in places["districts"]:
        [ring] = district["outline"]
        assert ring[0] == ring[-1]
        assert 4 <= len(ring) <= 61
        assert all(3.5 < longitude < 3.9 and 50.9 < latitude < 51.2 for longitude, latitude in ring)
        assert 4 <= len({street["name"] for street in district["streets"]}) == len(district["streets"]) <= 40
        assert {street["assigned"] for street in district["streets"]} == {"demo"}
