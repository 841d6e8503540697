"""What tests do at the other doors of a house: commands in a shell, what stands on a page, a stolen database."""

import html
import re
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

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
    """Return what somebody reads on a page: no markup, no scripts, one blank between words."""
    text = page if isinstance(page, str) else page.text
    text = re.sub(r"<(script|style|noscript)\b.*?</\1>", " ", text, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", re.sub(r"<(?:p|div|li|d[td]|h\d|td|th|tr|br)\b", " <", text))).split())


def errors_on(page: TestResponse) -> list[str]:
    """Return the sentences of a page's error summary."""
    summary = re.search(r'<div class="errors">.*?</ul>', page.text, re.DOTALL)
    return [] if summary is None else re.findall(r'<a href="#[^"]*">(.*?)</a>', html.unescape(summary.group()))


def field_on(page: TestResponse, name: str) -> str:
    """Return what stands in a text field of a page."""
    area = re.search(rf'<textarea[^>]* name="{name}"[^>]*>(.*?)</textarea>', page.text, re.DOTALL)
    line = re.search(rf'<input[^>]* name="{name}" value="([^"]*)"', page.text)
    found = area or line
    assert found is not None, name
    return html.unescape(found.group(1))


def marked_on(page: TestResponse) -> list[str]:
    """Return the words that a page marks in the writer's text."""
    return [html.unescape(words) for words in re.findall(r'<mark class="mark-words mark-(?:refuse|confirm|advise)"[^>]*>([^<]*)<', page.text)]


def forecast_on(page: TestResponse) -> list[tuple[str, str]]:
    """Return the figures of a page's forecast with what each is about."""
    figures = re.search(r'<dl class="forecast.*?</dl>', page.text, re.DOTALL)
    assert figures is not None
    return [(value, seen(name)) for name, value in re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", figures.group(), re.DOTALL)]


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


def _readable(value: object) -> object:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _call_the_schema_current(house: House) -> None:
    """The tables were made without migrations; commands ask for the schema's version first."""
    with house.app.app_context(), closing(db.db.engine.connect()) as connection:
        context = MigrationContext.configure(connection)
        if context.get_current_revision() is None:
            context.stamp(ScriptDirectory(db.migrations_folder()), "head")
            connection.commit()
