"""`wabp check`: the rules over JSON Lines, in order, one answer a line; and what a zone's own rulebook changes."""

import json
from collections.abc import Iterator
from typing import Any, BinaryIO, TextIO

from wabp import rules
from wabp.errors import BadInput


def run(book: str, lines: BinaryIO, answers: TextIO) -> None:
    """Answer each line. Raises BadInput, naming the line, at the first that is not what it should be."""
    rulebook = _read(book)
    for number, line in enumerate(lines, start=1):
        if line.strip():
            answers.write(json.dumps(_answer(line, number, rulebook), ensure_ascii=False) + "\n")
    answers.flush()


def changes_of(file: str) -> Iterator[tuple[str, str, str]]:
    """Yield what a zone's rulebook is (version, country, title), and then what it changes (key, was, is).

    Raises BadInput naming file, key and cure.
    """
    book = _read(file)
    yield book.version, book.country, book.title
    yield from rules.changes(book)


def rulebook_text(file: str) -> str:
    """Return the text of a rulebook file. Raises BadInput."""
    try:
        return rules.read_file(file)
    except ValueError as problem:
        raise BadInput("rulebook", why=str(problem)) from None


def _read(book: str) -> rules.Rulebook:
    try:
        return rules.load_rulebook(book)
    except ValueError as problem:
        raise BadInput("rulebook", why=str(problem)) from None


def _answer(line: bytes, number: int, rulebook: rules.Rulebook) -> dict[str, Any]:
    try:
        message = json.loads(line.decode("utf-8"))
        key, language, text = message["id"], message["lang"], message["text"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BadInput("check_line", line=number) from None
    if not isinstance(text, str) or not isinstance(language, str):
        raise BadInput("check_line", line=number)
    findings = [
        {
            "label": finding.label,
            "start": finding.start,
            "end": finding.end,
            "action": finding.action,
            "why": finding.why,
        }
        for finding in rules.check(text, language, rulebook)
    ]
    return {"id": key, "findings": findings}
