"""Words that may not leave, as a page shows them beside the field: what is wrong, and what to write instead."""

from typing import Any

from wabp import relay, rules
from wabp.errors import Problem
from wabp.models import Group
from wabp.web import show
from wabp.web.pages import actor, language, session


def shown(field: str, problem: Problem) -> dict[str, Any] | None:
    """Return what a page shows of refused words under a field, or None for a problem of another kind."""
    if not isinstance(problem, relay.NotSendable):
        return None
    findings = show.findings(problem.check, problem.language, problem.text)
    return {
        "field": field,
        "findings": findings,
        "marked_text": show.marked(problem.text, findings),
        "suggestion": show.suggestion(problem.text, problem.better),
    }


def better(group: Group, typed: str) -> str:
    """Return typed words with the suggestion taken over."""
    text = rules.plain(typed)
    problem = relay.judge(group, text, reader=actor().language, field="text")
    return text if problem is None else problem.better


def keep(problem: Problem) -> None:
    """Undo what a problem stopped; that words were refused is kept."""
    if isinstance(problem, relay.NotSendable):
        session().commit()
    else:
        session().rollback()


def errors(field: str, problem: Problem) -> list[dict[str, str]]:
    """Return a problem as the error of one field."""
    return [{"field": field, "message": problem.say(language())}]
