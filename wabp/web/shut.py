"""The banner for coordinators: which channel the provider shut, since when, and what that means for their street."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from wabp import insights, lanes
from wabp.gateway import WHATSAPP
from wabp.models import Group
from wabp.web import show
from wabp.web.i18n import _
from wabp.web.pages import session


@dataclass(frozen=True, slots=True)
class Shut:
    """One notice: what is shut, and what happens meanwhile."""

    what: str
    meanwhile: str


def notices(group: Group, progress: insights.Progress | None = None) -> list[Shut]:
    """Return what stands in the way of a group's messages now; with an alert's progress, how far that came."""
    shut = lanes.stopped(session())
    if not shut:
        return []
    ours = lanes.ours(session())
    since = {lane: row.stopped_at for lane, row in shut.items() if lane in ours and row.stopped_at is not None}
    if since and len(since) == len(ours):
        time = show.day_and_hour(max(since.values()), group)
        found = [Shut(_("Nothing goes out since %(time)s.", time=time), _("Call people yourself."))]
    else:
        found = list(_by_channel(group, ours, since))
    if found and progress is not None and progress.states["waiting"]:
        found[-1] = Shut(found[-1].what, f"{found[-1].meanwhile} {_how_far(progress)}")
    return found


def _by_channel(
    group: Group, ours: list[lanes.LaneName], since: dict[lanes.LaneName, datetime]
) -> Iterator[Shut]:
    for channel in sorted({lane.channel for lane in since}, reverse=True):
        name = "WhatsApp" if channel == WHATSAPP else _("SMS")
        moments = [moment for lane, moment in since.items() if lane.channel == channel]
        if len(moments) < sum(lane.channel == channel for lane in ours):
            time = show.day_and_hour(min(moments), group)
            what = _("One of our numbers for %(channel)s does not work since %(time)s.", channel=name, time=time)
        else:
            time = show.day_and_hour(max(moments), group)
            what = _("%(channel)s does not work since %(time)s.", channel=name, time=time)
        # In Dutch a sentence may begin with "sms".
        what = what[:1].upper() + what[1:]
        if channel == WHATSAPP:
            yield Shut(what, _("Urgent alerts go by SMS meanwhile. Other messages wait."))
        else:
            yield Shut(what, _("Call those yourself who have no WhatsApp."))


def _how_far(progress: insights.Progress) -> str:
    waiting = progress.states["waiting"]
    gone = progress.recipients - waiting - progress.states["unreachable"] - progress.states["failed"]
    return _("Of this alert %(sent)s went out, %(waiting)s wait.", sent=gone, waiting=waiting)
