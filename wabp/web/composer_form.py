"""The composer's form: its fields as typed, read from a page, a draft or a resident's report."""

import re
import uuid
from dataclasses import dataclass, field

from flask import request

from wabp import drafts, judging, reports, rules, texts
from wabp.errors import BadInput, NotThere
from wabp.models import Alert, Group, unseal
from wabp.web import show
from wabp.web.pages import actor, language, now, session

# A text that is much too long is shown again to be shortened, up to here.
_LONGEST_KEPT = 6_000
_FORM_TOKEN = re.compile(r"[\w-]{1,64}", re.ASCII)


@dataclass
class ComposerForm:
    """The composer's fields as typed; what cannot be used stays here until it is mended."""

    kind: str | None = None
    called: str | None = None
    called_at: str = ""
    not_emergency_reason: str = ""
    category: str = ""
    street_id: str = ""
    text: str = ""
    language: str = "nl"
    language_known: bool = True
    versions: dict[str, str] = field(default_factory=dict)
    reason: str = ""
    form_token: str = ""

    @property
    def weight(self) -> rules.Kind:
        """What it goes out as: urgent only while the call question may be answered with yes."""
        return "urgent" if self.kind == "urgent" and self.called != "not_emergency" else "info"

    def words(self) -> dict[str, str]:
        """Return what was typed by language, cleaned, without the empty ones."""
        typed = self.versions | {self.language: self.text}
        return {code: clean for code, text in typed.items() if (clean := rules.plain(text))}

    def content(self) -> drafts.Content:
        """Return what was typed, for the noun that judges it."""
        if self.kind not in ("urgent", "info"):
            raise BadInput("choose_kind", field="kind")
        if not self.language_known:
            raise BadInput("choose_language", field="language")
        try:
            street = uuid.UUID(self.street_id) if self.street_id else None
        except ValueError:
            raise BadInput("choose_street", field="street_id") from None
        return drafts.Content(
            kind=self.kind,
            category=self.category,
            text=self.text,
            language=self.language,
            street_id=street,
            called=self.called if self.kind == "urgent" else None,
            called_at=self.called_at,
            not_emergency=self.not_emergency_reason,
            versions=self.versions,
            reason=self.reason,
        )


def new_form(group: Group) -> ComposerForm:
    """Return an empty form, with now as the hour of the call."""
    own = actor().language if actor().kind == "person" else language()
    return ComposerForm(
        called_at=show.hour(now(), group),
        language=own,
        versions=dict.fromkeys(texts.LANGUAGES, ""),
        form_token=drafts.new_form_token(),
        text="",
    )


def typed_form() -> ComposerForm:
    """Return what this request carries."""
    typed = request.form
    chosen = typed.get("language", "")
    return ComposerForm(
        kind=kind if (kind := typed.get("kind")) in ("urgent", "info") else None,
        called=typed.get("called"),
        called_at=typed.get("called_at", "")[:10],
        not_emergency_reason=typed.get("not_emergency_reason", ""),
        category=typed.get("category", ""),
        street_id=typed.get("street_id", ""),
        text=typed.get("text", "")[:_LONGEST_KEPT],
        language=chosen if chosen in texts.LANGUAGES else language(),
        language_known=chosen in texts.LANGUAGES,
        versions={code: typed.get(f"version_{code}", "")[:_LONGEST_KEPT] for code in texts.LANGUAGES},
        reason=typed.get("reason", ""),
        form_token=token if _FORM_TOKEN.fullmatch(token := typed.get("form_token", "")) else "",
    )


def form_of(alert: Alert) -> ComposerForm:
    """Return the form that a draft was written with."""
    words = {version.language: unseal(session(), version, "body") for version in alert.texts}
    called = "yes" if alert.called_at else "no" if alert.state == "held" else None
    if alert.not_emergency:
        called = "not_emergency"
    return ComposerForm(
        kind="urgent" if called == "not_emergency" else alert.kind,
        called=called,
        called_at=show.hour(alert.called_at or now(), alert.group),
        not_emergency_reason=unseal(session(), alert, "not_emergency"),
        category=alert.category,
        street_id=str(alert.street_id or ""),
        text=words.get(alert.language, ""),
        language=alert.language,
        versions={code: words.get(code, "") if code != alert.language else "" for code in texts.LANGUAGES},
        reason=unseal(session(), alert, "reason"),
        form_token=alert.form_token or "",
    )


def take_over_report(form: ComposerForm, report_id: str) -> None:
    """Begin with what a resident reported, without the words that may not be passed on."""
    try:
        report = reports.get(session(), actor(), uuid.UUID(report_id))
    except ValueError:
        raise NotThere from None
    text = unseal(session(), report, "body")[: drafts.LONGEST_TEXT]
    check = judging.check_texts(report.group, {report.language: text}, kind="info")
    form.language = report.language
    form.text = check.better(report.language)
    form.street_id = str(report.membership.street_id or "")


def accept_rewrite(group: Group, form: ComposerForm) -> None:
    """Put the suggested words in the place of those that may not be sent, in every version."""
    typed = form.words()
    check = judging.check_texts(group, typed, kind=form.weight, category=form.category)
    for code, found in check.findings.items():
        better = check.better(code) if found else typed[code]
        if code == form.language:
            form.text = better
        else:
            form.versions[code] = better
