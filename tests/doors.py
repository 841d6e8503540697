"""What tests do at the other doors of a house: commands in a shell, what stands on a page, a stolen database."""

import html
import re
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from html.parser import HTMLParser

import pytest
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.house import House
from wabp import cli, db
from wabp.models import Base
from wabp.settings import database_file


@dataclass(frozen=True)
class Said:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str


def shell(house: House, capsys: pytest.CaptureFixture[str], *words: str) -> Said:
    """Run `wabp` with these words in this process, beside the house."""
    _call_the_schema_current(house)
    capsys.readouterr()
    code = cli.run(lambda: house.services, words)
    captured = capsys.readouterr()
    return Said(code, captured.out, captured.err)


def seen(page: TestResponse | str) -> str:
    """Return what somebody reads on a page, one blank between words."""
    text = page if isinstance(page, str) else page.text
    text = re.sub(r"<(script|style|noscript)\b.*?</\1>", " ", text, flags=re.DOTALL)
    blocks = re.sub(r"<(?=/?(?:p|div|li|d[td]|h\d|t[dhr]|br|time)\b)", " <", text)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", blocks)).split())


def errors_on(page: TestResponse) -> list[str]:
    """Return the sentences of a page's error summary."""
    summary = re.search(r'<div class="errors">.*?</ul>', page.text, re.DOTALL)
    return [] if summary is None else re.findall(r'<a href="#[^"]*">(.*?)</a>', html.unescape(summary.group()))


def form_on(page: TestResponse, kind: str = "composer") -> dict[str, str]:
    """Return the fields of a form as they stand on a page: what a browser sends when nothing is changed."""
    reader = _FormReader(kind)
    reader.feed(page.text)
    assert reader.fields, f"no form of class {kind}"
    return reader.fields


def marked_on(page: TestResponse) -> list[str]:
    """Return the words that a page marks in the writer's text."""
    marks = re.findall(r'<mark class="mark-words mark-(?:refuse|confirm|advise)"[^>]*>([^<]*)<', page.text)
    return [html.unescape(words) for words in marks]


def forecast_on(page: TestResponse) -> list[tuple[str, str]]:
    """Return the figures of a page's forecast with what each is about."""
    figures = re.search(r'<dl class="forecast.*?</dl>', page.text, re.DOTALL)
    assert figures is not None
    pairs = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", figures.group(), re.DOTALL)
    return [(value, seen(name)) for name, value in pairs]


def loot(house: House) -> str:
    """Return all that somebody who stole the database could read: every row, and the bytes of its files."""
    parts = [repr(row) for table in rows(house).values() for row in table]
    file = database_file(house.settings.database_url)
    if file is not None:
        parts += [path.read_bytes().decode("latin-1") for path in file.parent.glob(f"{file.name}*")]
    return "\n".join(parts)


def rows(house: House) -> dict[str, Sequence[tuple[object, ...]]]:
    """Return every row of every table; bytes as text, so that plain words in them show."""
    with house.reading() as session:
        return {
            table.name: sorted(
                (tuple(_readable(value) for value in row) for row in session.execute(select(table))), key=repr
            )
            for table in Base.metadata.sorted_tables
        }


class _FormReader(HTMLParser):
    """Collects the fields of the forms of one class."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self._kind = kind
        self._inside = False
        self._open: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name, value = given.get("name", ""), given.get("value", "")
        if tag == "form":
            self._inside = self._kind in given.get("class", "").split()
        elif not self._inside or "form" in given:
            return
        elif tag == "input" and (given.get("type") != "radio" or "checked" in given):
            self.fields[name] = value
        elif tag in {"textarea", "select"}:
            self._open = name
            self.fields[name] = ""
        elif tag == "option" and self._open and "selected" in given:
            self.fields[self._open] = value

    def handle_data(self, data: str) -> None:
        if self._inside and self._open and self.lasttag == "textarea":
            self.fields[self._open] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        if tag in {"textarea", "select"}:
            self._open = None


def _readable(value: object) -> object:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _call_the_schema_current(house: House) -> None:
    """The tables were made without migrations; commands ask for the schema's version first."""
    with house.app.app_context(), closing(db.db.engine.connect()) as connection:
        context = MigrationContext.configure(connection)
        if context.get_current_revision() is None:
            context.stamp(ScriptDirectory(db.migrations_folder()), "head")
            connection.commit()
