"""Trouble: what the provider's error numbers mean, as the one thing to do about each. The table is data."""

from dataclasses import dataclass
from typing import Literal

# wait          surely not taken; the same again later, which spends no retry
# retry         not brought; once more later, while there is time
# form          free text is not allowed now; the same as an approved form at once
# other_channel this channel does not reach them; the other one, if they have it
# stop_contact  they do not want messages from this number; nothing more by this channel
# final         nothing helps
Action = Literal["wait", "retry", "form", "other_channel", "stop_contact", "final"]


@dataclass(frozen=True, slots=True)
class Trouble:
    """What to do about one message, and what else is known now.

    `stops` is `lane` when nothing goes out by this sender any more, `account` when nothing goes out at all.
    `address` is what it says of the recipient: `no_whatsapp`, `bad` (counted), or None.
    `bad_form` is whether the approved form cannot be used any more; `limit` whether the most people a day
    were reached; `ours` whether the operator has to mend something.
    """

    action: Action
    stops: Literal["lane", "account"] | None = None
    address: Literal["no_whatsapp", "bad"] | None = None
    bad_form: bool = False
    limit: bool = False
    ours: bool = False


def of(code: int | None, http_status: int | None = None) -> Trouble:
    """Return what an error number means; an unknown one falls to its HTTP status, else it is final."""
    raise NotImplementedError
