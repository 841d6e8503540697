"""Commands that check texts and the installation, and keep the provider's forms."""

import sys

import click

from wabp import texts
from wabp.cli.base import Build, example, note, ready, wabp

_VERDICTS = {"ok": "ok", "note": "note", "wrong": "WRONG"}


@wabp.command("check", **example("wabp check --rulebook be < messages.jsonl"))
@click.option("--rulebook", "book", default="be", show_default=True, metavar="be|nl|FILE")
def check_texts(book: str) -> None:
    """Check texts: JSON Lines {"id","lang","text"} in, {"id","findings"} out, in order."""
    from wabp import checks

    checks.run(book, sys.stdin.buffer, sys.stdout)


@wabp.group()
def template() -> None:
    """Keep the provider's approved message forms."""


@template.command("add", **example("wabp template add --kind urgent --language nl HX…"))
@click.option("--kind", type=click.Choice(["urgent", "info"]), required=True)
@click.option("--language", type=click.Choice(texts.LANGUAGES), required=True)
@click.argument("content_sid", metavar="CONTENT_SID")
@click.pass_obj
def add_template(build: Build, kind: str, language: str, content_sid: str) -> None:
    """Use an approved form for alerts outside the 24-hour window."""
    from wabp import templates

    services = ready(build)
    with services.writing() as session:
        templates.add(session, kind, language, content_sid, now=services.clock())
        session.commit()
    note(f"Alerts of kind {kind} in {language} use {content_sid} outside the 24-hour window.")


@wabp.command(**example("wabp doctor"))
@click.pass_obj
def doctor(build: Build) -> int:
    """Check settings, clock, database, schema and gateway; exit 1 with what to do."""
    from wabp import checkup

    wrong = 0
    for verdict, part, cure in checkup.judge(build):
        print(f"{_VERDICTS[verdict]:5} {part}{'' if cure is None else f': {cure}'}")
        wrong += verdict == "wrong"
    return 1 if wrong else 0
