"""The dialogue by which somebody joins from their own phone, one question at a time (R4).

    keyword → (name: was this group meant?) → consent: JA? → street: which one? → waiting for the coordinator

Each question stays open for a day. Nothing is promised before the coordinator admits, and nobody hears who is
in a group. Numbers that are not mobile do not join.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wabp import accounts, directory, groups, joining, keywords, limits, phones, reverse_codes, texts
from wabp.joining import OPEN, WAITING
from wabp.models import Delivery, Group, Joining, Person, ReverseCode, Street, seal, unseal
from wabp.notices import Answer

MOST_JOINS, MOST_CODES, JOINS_WITHIN = 3, 10, timedelta(days=1)
# A longer list does not fit into a text message: the name is asked for.
MOST_NUMBERED = 12
# What somebody gets whose limit is used up.
SILENCE = Answer("")

_MOST_CHOICES = 4
_LONGEST_ANSWER = 1_000
# A member of another group who writes more than this while a street is asked for writes a report.
_MOST_STREET_WORDS = 6
# And a yes or no of theirs with more words than this answers something else.
_MOST_BARE_WORDS = 2


def begin(
    session: Session, person: Person, join: keywords.Join, *, means: str, public_url: str, now: datetime
) -> Answer:
    """Do what MEEDOEN asks: find the group and put the first question. A code ties the phone to a page."""
    return _Talk(session, person, means, public_url, now).begin(join)


def take_code(
    session: Session, person: Person, letters: str, *, means: str, public_url: str, now: datetime
) -> Answer:
    """Do what the letters of a group's page ask when they come alone."""
    return _Talk(session, person, means, public_url, now).take_code(letters)


def go_on(
    session: Session,
    person: Person,
    text: str,
    *,
    quoted: str | None,
    means: str,
    public_url: str,
    now: datetime,
) -> Answer | None:
    """Take what somebody wrote as the answer to their open question. None when there is none, or it is no answer.

    Who is in another group may write a report meanwhile: only what surely answers the question is taken from them.
    `quoted` is the provider's id of the message that theirs quotes.
    """
    return _Talk(session, person, means, public_url, now).go_on(text, quoted)


def speak(
    session: Session, person: Person, wanted: str | None, *, means: str, public_url: str, now: datetime
) -> Answer:
    """Do what TAAL asks: from now on another language, in which an open question is put once more."""
    if wanted is None:
        return Answer("joining.language_which")
    person.language = wanted
    accounts.record(session, accounts.person_actor(person), "language_changed", "person", person.id, now=now)
    return _Talk(session, person, means, public_url, now).again("language") or Answer("joining.language_is")


def keep_quiet(session: Session, person: Person, quiet: bool, *, now: datetime) -> Answer:
    """Do what NACHT UIT or NACHT AAN asks of a member: whether urgent alerts wait for the morning."""
    person.quiet_at_night = quiet
    act = "night_off" if quiet else "night_on"
    accounts.record(session, accounts.person_actor(person), act, "person", person.id, now=now)
    return Answer(f"joining.{act}")


@dataclass(frozen=True)
class _Talk:
    """One message of somebody who joins, and what it leads to."""

    session: Session
    person: Person
    means: str
    public_url: str
    now: datetime

    @property
    def is_member(self) -> bool:
        return bool(groups.active_memberships(self.session, self.person))

    def begin(self, join: keywords.Join) -> Answer:
        whole = f"{join.group_words} {join.code}"
        if join.code and directory.named(self.session, whole).sure:
            # The four letters are the end of a name.
            join = replace(join, group_words=whole, code=None)
        if not join.group_words:
            return self.take_code(join.code) if join.code else self._refusal() or self._which()
        for membership in groups.active_memberships(self.session, self.person):
            # Also of a group that is paused: its own members may hear that they are in.
            if directory.is_named(membership.group, join.group_words):
                self._take(join.code, membership.group)
                return Answer("answers.already_in", group=membership.group)
        found = directory.named(self.session, join.group_words)
        if len(found.groups) == 1:
            [group] = found.groups
            taken = self._take(join.code, group)
            question = "consent" if found.sure or (join.code and taken) else "name"
            return self._enter(group, question, "" if taken else "code_old")
        if refusal := self._refusal():
            return refusal
        if not found.groups:
            return Answer("joining.no_group", self._page)
        choices = ", ".join(map(self._word, found.groups[:_MOST_CHOICES]))
        return Answer("joining.which_of", {"choices": choices, **self._page})

    def take_code(self, letters: str) -> Answer:
        row = self._code(letters)
        group = self.session.get(Group, row.group_id) if row else None
        if group is not None and group.state == "active":
            return self._enter(group, "consent")
        return self.again("code_old") or self._which("code_old")

    def again(self, note: str) -> Answer | None:
        """Put the open question once more, behind a remark."""
        row = self._open()
        return None if row is None or row.group.state != "active" else self._put(row, row.step, note)

    def go_on(self, text: str, quoted: str | None) -> Answer | None:
        joining.settle(self.session, self.person, now=self.now)
        row = self._open()
        if row is None:
            return self._while_waiting(text, quoted)
        if row.group.state != "active":
            joining.drop(self.session, row, now=self.now)
            return Answer("joining.no_group", self._page)
        if answer := self._stands(row.group):
            joining.drop(self.session, row, now=self.now)
            return answer
        if self.is_member and row.step != "street" and not self._is_bare_answer(row, text):
            return None
        if keywords.asks_who_is_in(text):
            return self._put(row, "consent_again" if row.step == "consent" else row.step, "privacy")
        return {"name": self._name, "consent": self._consent, "street": self._street}[row.step](row, text)

    # ---- the three questions ----

    def _enter(self, group: Group, question: str, note: str = "") -> Answer:
        """Put the first question, unless something stands in the way."""
        if answer := self._stands(group, note) or self._refusal():
            return answer
        # What was agreed to in a dialogue that was broken off is asked again.
        groups.withdraw_consent(self.session, self.person.id, group.id, now=self.now)
        return self._put(self._row(group), question, note if question == "consent" else "")

    def _stands(self, group: Group, note: str = "") -> Answer | None:
        """Answer who is in a group already, or was put out of it, or waits for its coordinator."""
        membership = groups.membership_of(self.session, self.person.id, group.id)
        if membership is not None and membership.state == "active":
            return Answer("answers.already_in", group=group)
        if membership is not None and membership.state in {"suspended", "removed"}:
            return Answer("joining.barred", group=group)
        if any(row.group_id == group.id and row.step == WAITING for row in self._rows()):
            return Answer("joining.waiting_already", {"note": self._note(note)}, group=group)
        return None

    def _name(self, row: Joining, text: str) -> Answer | None:
        if keywords.is_yes(text) or directory.is_named(row.group, text):
            return self._put(row, "consent")
        if keywords.is_no(text):
            joining.drop(self.session, row, now=self.now)
            return Answer("joining.no_group", self._page)
        return self._put(row, "name")

    def _consent(self, row: Joining, text: str) -> Answer | None:
        if keywords.is_yes(text):
            version = groups.rulebook_of(row.group).version
            groups.give_consent(self.session, self.person, row.group_id, version, self.means, now=self.now)
            return self._put(row, "street") if row.group.streets else self._wait(row, None)
        if keywords.is_no(text):
            joining.drop(self.session, row, now=self.now)
            return Answer("joining.declined", {"word": self._word(row.group)}, group=row.group)
        return self._put(row, "consent_again")

    def _street(self, row: Joining, text: str) -> Answer | None:
        streets = directory.streets_of(row.group)
        number = keywords.choice(text)
        if number is not None and len(streets) <= MOST_NUMBERED and 0 < number <= len(streets):
            return self._wait(row, streets[number - 1])
        if keywords.is_none_of_these(text) or number == len(streets) + 1:
            return self._put(row, "street_none")
        if number is not None:
            return self._put(row, "street")
        if self.is_member and len(text.split()) > _MOST_STREET_WORDS:
            return None
        place = directory.place(self.session, row.group, text)
        if place.own is not None:
            return self._wait(row, place.own)
        if not place.others:
            return None if self.is_member else self._put(row, "street_unknown")
        row.asked_at = self.now
        others = place.others[:_MOST_CHOICES]
        values = {"other": " / ".join(one.name for one in others), "word": " / ".join(map(self._word, others))}
        return Answer("joining.street_elsewhere", values, group=row.group)

    def _wait(self, row: Joining, street: Street | None) -> Answer:
        row.step = WAITING
        row.street = street
        row.waiting_since = row.asked_at = self.now
        row.means = self.means
        row.question = row.answer = None
        joining.tell_coordinators(
            self.session, row, "joining.new_request", public_url=self.public_url, now=self.now
        )
        return Answer("joining.waiting", group=row.group)

    def _is_bare_answer(self, row: Joining, text: str) -> bool:
        """Tell whether a member of another group surely answers us, and neither their own group nor reports to it."""
        if row.step == "name" and directory.is_named(row.group, text):
            return True
        bare = len(keywords.words_of(text)) <= _MOST_BARE_WORDS
        if not bare or not (keywords.is_yes(text) or keywords.is_no(text)):
            return False
        left_us = func.coalesce(Delivery.accepted_at, Delivery.created_at)
        heard = select(Delivery.id).where(
            Delivery.person_id == self.person.id, Delivery.cause != "answer", left_us > row.asked_at
        )
        return self.session.scalar(heard.limit(1)) is None

    def _quoted_question(self, rows: list[Joining], quoted: str | None) -> Joining | None:
        """Return the request whose question is what a message quotes."""
        if quoted is None:
            return None
        asked_at = self.session.scalar(
            select(Delivery.created_at).where(
                Delivery.provider_id == quoted,
                Delivery.person_id == self.person.id,
                Delivery.text_key == "joining.question",
            )
        )
        return next((row for row in rows if row.asked_at == asked_at), None)

    def _while_waiting(self, text: str, quoted: str | None) -> Answer | None:
        """Take what somebody writes who waits as the answer to the coordinator's question, when one is open.

        Who is in another group answers by quoting the question: all else they write may be a report.
        """
        waiting = [row for row in self._rows() if row.step == WAITING]
        open_ones = [row for row in waiting if row.question is not None and row.answer is None]
        asked = self._quoted_question(open_ones, quoted)
        if asked is None and open_ones and not self.is_member:
            asked = open_ones[0]
        if asked is not None and text.strip():
            seal(self.session, asked, "answer", texts.clean(text)[:_LONGEST_ANSWER])
            joining.tell_coordinators(
                self.session, asked, "joining.new_answer", public_url=self.public_url, now=self.now
            )
            return Answer("joining.answer_received", group=asked.group)
        if not waiting or self.is_member:
            return None
        return self._once_a_day("waiting_already", {"note": ""}, waiting[0].group)

    # ---- what is said ----

    def _put(self, row: Joining, question: str, note: str = "") -> Answer:
        """Put a question to the newcomer: it is open for a day from now."""
        row.step = question.partition("_")[0]
        row.asked_at = self.now
        row.means = self.means
        values = {"note": self._note(note)}
        streets = directory.streets_of(row.group)
        if question == "name":
            values["name"] = row.group.slug.upper()
        elif question == "consent":
            values["rules"] = f"{self.public_url}/g/{row.group.slug}"
            values["age"] = str(groups.rulebook_of(row.group).minimum_age)
        elif question == "street" and len(streets) > MOST_NUMBERED:
            question = "street_typed"
        elif question == "street":
            values["streets"] = "\n".join(f"{number} {street.name}" for number, street in enumerate(streets, start=1))
            values["none"] = str(len(streets) + 1)
        else:
            values |= self._page
        return Answer(f"joining.{question}", values, group=row.group)

    def _refusal(self) -> Answer | None:
        """Answer who may not join: not from this number, or not again today. Each is said once a day."""
        numbers = [unseal(self.session, one, "value") for one in self.person.addresses if one.kind == "phone"]
        if not all(map(phones.may_join, numbers)):
            return self._once_a_day("number_not_allowed")
        if not limits.spend(self.session, "join", self.person.id, MOST_JOINS, JOINS_WITHIN, now=self.now):
            return self._once_a_day("too_many")
        return None

    def _once_a_day(self, key: str, values: dict[str, str] | None = None, group: Group | None = None) -> Answer:
        fresh = limits.spend(self.session, key, self.person.id, 1, timedelta(days=1), now=self.now)
        return Answer(f"joining.{key}", values or {}, group=group) if fresh else SILENCE

    def _note(self, note: str) -> str:
        return f"{texts.say(f'joining.note.{note}', self._language)} " if note else ""

    def _which(self, note: str = "") -> Answer:
        return Answer("joining.which_group", {"note": self._note(note), **self._page})

    def _word(self, group: Group) -> str:
        return directory.word_for(group, self._language)

    @property
    def _page(self) -> dict[str, str]:
        return {"page": f"{self.public_url}/"}

    @property
    def _language(self) -> str:
        return self.person.language

    # ---- where somebody stands ----

    def _rows(self) -> list[Joining]:
        return list(joining.of_person(self.session, self.person))

    def _open(self) -> Joining | None:
        return next((row for row in self._rows() if row.step in OPEN and joining.lives(row, self.now)), None)

    def _row(self, group: Group) -> Joining:
        """Return the row for a group; other questions to this person end, one is open at a time."""
        self.person.forget_at = self.person.stopped_at = None
        found = None
        for row in self._rows():
            if row.group_id == group.id:
                found = row
            elif row.step in OPEN:
                joining.drop(self.session, row, now=self.now)
        if found is None:
            found = Joining(person=self.person, group=group, step="name", means=self.means, asked_at=self.now)
            self.session.add(found)
        elif found.step not in OPEN:
            # A coordinator sees that somebody was refused before, not that they thought better of it themselves.
            found.decided_at = found.decided_at if found.step == "refused" else None
            found.reason = None
        return found

    def _take(self, letters: str | None, group: Group) -> bool:
        """Use a page's code up for a group. True when there was none, or it was a living one of this group's page."""
        if letters is None:
            return True
        row = self._code(letters)
        if row is not None and row.group_id != group.id:
            row.used_at = None
            return False
        return row is not None

    def _code(self, letters: str) -> ReverseCode | None:
        """Use a page's code up. Who only guesses soon finds none any more."""
        may_try = limits.spend(self.session, "join_code", self.person.id, MOST_CODES, JOINS_WITHIN, now=self.now)
        return reverse_codes.take(self.session, "join", letters, now=self.now) if may_try else None
