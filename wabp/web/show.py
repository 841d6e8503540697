"""How things are called and written on pages: hours on the group's clock, names of labels, states, outcomes."""

import difflib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from wabp import groups, insights, judging, rules, segments, texts
from wabp.models import Alert, Group
from wabp.web.i18n import _, date, decimal
from wabp.web.pages import language, now

_SEVERITY = {"refuse": 0, "confirm": 1, "advise": 2}
_WORDS = re.compile(r"\S+\s*")
# Comparing takes longer the more often words repeat; beyond this many pairs of equal words it is not worth it.
_MOST_COMPARED = 2_000


def hour(moment: datetime | None, group: Group, seconds: bool = False) -> str:
    """Return HH:MM (or HH:MM:SS) on the group's clock."""
    if moment is None:
        return ""
    local = moment.astimezone(groups.clock_of(group))
    return f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}"


def day_and_hour(moment: datetime | None, group: Group) -> str:
    """Return the hour today, and the day with the hour for any other day."""
    return "" if moment is None else local_day_and_hour(moment, groups.clock_of(group))


def local_day_and_hour(moment: datetime, clock: ZoneInfo) -> str:
    """Return the hour today by a clock, and the day with the hour for any other day."""
    local = moment.astimezone(clock)
    if local.date() == now().astimezone(clock).date():
        return f"{local:%H:%M}"
    return f"{date(local, 'd MMM')} {local:%H:%M}"


def day(moment: datetime, group: Group) -> str:
    """Return the day on the group's clock, with its year."""
    return date(moment.astimezone(groups.clock_of(group)), "d MMM y")


def euros(amount: float) -> str:
    """Return an amount as the page's language writes it."""
    number = decimal(amount, "#,##0.00")
    return f"{number}\u00a0€" if language() in {"fr", "de"} else f"€ {number}"


def category(slug: str) -> str:
    """Return what a category is called."""
    return texts.say(f"alert.category.{slug}", language())


def title(alert: Alert) -> str:
    """Return how pages name an alert: its category and street, never its words."""
    named = ", ".join(filter(None, (category(alert.category), alert.street.name if alert.street else None)))
    if alert.form == "correction":
        return _("Correction: %(alert)s", alert=named)
    return _("All clear: %(alert)s", alert=named) if alert.form == "all_clear" else named


def resident(number: int | None, street: str | None) -> str:
    """Return how a coordinator sees somebody."""
    return " · ".join(filter(None, (_("Resident %(number)s", number=number or "–"), street)))


def label_title(label: str) -> str:
    """Return what a finding's label is called."""
    return {
        "person_name": _("Name of a person"),
        "licence_plate": _("Licence plate"),
        "phone_number": _("Phone number"),
        "email": _("E-mail address"),
        "social_handle_or_link": _("Profile or link"),
        "home_address": _("Somebody's home"),
        "photo_request": _("Picture of a person"),
        "profiling": _("Origin or skin colour"),
        "insult_or_hate": _("Insult"),
        "vigilantism": _("Taking the law into own hands"),
        "accusation": _("Accusation"),
        "minor": _("Child or youngster"),
        "health": _("Health"),
        "urgent_no_call": _("Is it happening now?"),
        "offtopic": _("Not about safety"),
    }[label]


def state_name(state: str) -> str:
    """Return what the board calls a state."""
    return {
        "read": _("Read"),
        "delivered": _("Delivered"),
        "underway": _("On its way"),
        "waiting": _("Waiting"),
        "failed": _("Failed"),
        "unreachable": _("Not sent"),
    }[state]


def reason_name(reason: str | None) -> str:
    """Return in words why a message did not arrive."""
    known = {
        "stopped": _("left the group"),
        "night": _("wants quiet at night"),
        "no_number": _("no working number"),
        "no_sender": _("no sender for their channel"),
        "expired": _("too late to be of use"),
        "unknown": _("nobody can tell whether it arrived"),
        "demo": _("invented number"),
        "suspended": _("suspended"),
        "removed": _("removed from the group"),
        "corrected": _("corrected before it left"),
        "closed": _("closed before it left"),
        "cancelled_by_coordinator": _("stopped before it left"),
        "not_reached": _("did not get the first alert"),
        "by_sms": _("went over to SMS"),
        "sms_stopped": _("wants no SMS from our number"),
        "no_sms": _("cannot get SMS"),
        "blocked": _("blocked our number"),
        "has_it": _("has it already"),
    }
    if reason is None:
        return ""
    if reason in known:
        return known[reason]
    return _("the provider says %(code)s", code=reason.removeprefix("provider_"))


def outcome_name(outcome: str | None) -> str:
    """Return what an outcome is called."""
    return {
        None: "",
        "police_came": _("The police came"),
        "quiet_again": _("Nothing more seen, the street is quiet"),
        "harmless": _("There was an ordinary explanation"),
        "damage": _("There was damage or theft"),
        "unknown": _("I do not know"),
    }[outcome]


def group_state(state: str) -> str:
    """Return what a group's state is called."""
    return {
        "draft": _("Draft"),
        "submitted": _("To be decided"),
        "more_info": _("Waiting for an answer"),
        "approved": _("Approved"),
        "active": _("Active"),
        "suspended": _("Suspended"),
        "closed": _("Closed"),
        "declined": _("Declined"),
    }[state]


def country(code: str) -> str:
    """Return whose rules a rulebook holds, as it reads after "the rules for"."""
    return {"be": _("Belgium"), "nl": _("the Netherlands")}[code]


def lines(message: str) -> list[dict[str, Any]]:
    """Return a composed message as the phone draws it: *a line between stars* is bold."""
    shown = []
    for line in message.split("\n"):
        bold = len(line) > 2 and line.startswith("*") and line.endswith("*")
        shown.append({"text": line[1:-1] if bold else line, "bold": bold})
    return shown


def previews(composed: Mapping[tuple[str, rules.Channel], str], own: str) -> list[dict[str, Any]]:
    """Return the previews: WhatsApp in every language, the writer's first, and SMS in the writer's."""
    wanted = [(own, "whatsapp"), (own, "sms")]
    wanted += [(code, "whatsapp") for code in texts.LANGUAGES if code != own]
    return [
        {
            "language": code,
            "channel": channel,
            "lines": lines(body),
            "segments": segments.count(body).parts if channel == "sms" else 0,
        }
        for (code, channel), body in ((key, composed[key]) for key in wanted if key in composed)  # type: ignore[index]
    ]


def findings(check: judging.Check, own: str, text: str) -> list[dict[str, Any]]:
    """Return the findings in order of severity, numbered; those of other versions name their language.

    Why something was found is told in the page's language, whatever language the text is in.
    """
    police = check.rulebook.police_number
    shown = []
    for number, (code, finding) in enumerate(in_order(check, own), start=1):
        here = code == own and finding.start is not None
        name = label_title(finding.label)
        shown.append(
            {
                "number": number,
                "label_title": name if code == own else f"{name} ({code})",
                "action": finding.action,
                "why": texts.say(f"findings.why.{finding.label}", language(), police=police),
                "start": finding.start if here else None,
                "end": finding.end if here else None,
                "words": text[finding.start : finding.end] if here else None,
            }
        )
    return shown


def in_order(check: judging.Check, own: str) -> list[tuple[str, rules.Finding]]:
    """Return the findings with their language as pages number them: by severity, the writer's own version first."""
    rows = [(code, finding) for code, several in check.findings.items() for finding in several]
    return sorted(rows, key=lambda row: (_SEVERITY[row[1].action], row[0] != own, row[1].start or 0))


def marked(text: str, shown: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the text in pieces, the found words with their number; of findings inside others the inner counts."""
    placed = [row for row in shown if row["start"] is not None]
    cuts = sorted({0, len(text), *(row["start"] for row in placed), *(row["end"] for row in placed)})
    pieces: list[dict[str, Any]] = []
    for start, end in pairwise(cuts):
        over = [row for row in placed if row["start"] <= start and end <= row["end"]]
        # A blank alone between two inner findings needs no mark of its own.
        row = min(over, key=lambda found: found["end"] - found["start"], default=None)
        number, action = (row["number"], row["action"]) if row and text[start:end].strip() else (None, None)
        pieces.append({"text": text[start:end], "number": number, "action": action})
    return pieces


def suggestion(text: str, better: str) -> dict[str, Any] | None:
    """Return a rewrite with its new words marked, or None when nothing would change."""
    if better == text:
        return None
    old, new = _WORDS.findall(text), _WORDS.findall(better)
    pieces: list[dict[str, Any]] = []
    for words, changed in _compared(old, new):
        if pieces and pieces[-1]["changed"] == changed:
            pieces[-1]["text"] += words
        else:
            pieces.append({"text": words, "changed": changed})
    return {"text": better, "segments": pieces}


def _compared(old: list[str], new: list[str]) -> list[tuple[str, bool]]:
    """Return the new words in runs, each with whether it changed. Texts that repeat themselves change as a whole."""
    counts = Counter(old)
    if sum(counts[word] for word in new) > _MOST_COMPARED:
        return [("".join(new), True)]
    steps = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return [("".join(new[start:end]), what != "equal") for what, _a, _b, start, end in steps if end > start]


def forecast(figures: insights.Forecast) -> dict[str, Any]:
    """Return a forecast as the pages write it."""
    return {
        "recipients": figures.recipients,
        "members": figures.members,
        "whatsapp": figures.whatsapp,
        "sms": figures.sms,
        "unreachable": figures.unreachable,
        "seconds": figures.seconds,
        "cost": euros(figures.euros),
        "nth_this_week": figures.nth_this_week,
    }
