"""Trouble: what the provider's error numbers mean, as the one thing to do about each.

The table is data: `trouble.toml`, read and checked once. Pure.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal, get_args

# wait          surely not taken; the same again later, which spends no retry
# retry         not brought; once more later, while there is time
# form          free text is not allowed now; the same as an approved form at once
# other_channel this channel does not reach them; the other one, if they have it
# stop_contact  they do not want messages from this number; nothing more by this channel
# final         nothing helps
Action = Literal["wait", "retry", "form", "other_channel", "stop_contact", "final"]
Stops = Literal["lane", "account"]
AboutAddress = Literal["no_whatsapp", "bad"]


@dataclass(frozen=True, slots=True)
class Trouble:
    """What to do about one message, and what else is known now.

    `stops` is `lane` when nothing goes out by this sender any more, `account` when nothing goes out at all.
    `address` is what it says of the recipient: `no_whatsapp`, `bad` (counted), or None.
    `bad_form` is whether the approved form cannot be used any more; `limit` whether, said of an approved form,
    the most people a day were reached; `ours` whether the operator has to mend something. `seconds` is for how long
    to wait before the same goes again, `retries` how often. `means` is for the operator, in English.
    """

    action: Action
    stops: Stops | None = None
    address: AboutAddress | None = None
    bad_form: bool = False
    limit: bool = False
    ours: bool = False
    seconds: int = 0
    retries: int = 0
    means: str = ""


_TOO_MANY = Trouble("wait", seconds=2, means="Too many requests.")
_FAULT = Trouble("retry", seconds=10, retries=3, means="A fault of the provider's own.")
_SHUT_OUT = Trouble("wait", seconds=120, stops="account", ours=True, means="The provider does not know our account.")
_FORBIDDEN = Trouble("final", ours=True, means="The provider does not allow this.")
_UNKNOWN = Trouble("final", means="Not known here: see the provider's list of errors.")
_BY_STATUS = {401: _SHUT_OUT, 403: _FORBIDDEN, 408: _FAULT, 429: _TOO_MANY}


def of(code: int | None, http_status: int | None = None) -> Trouble:
    """Return what an error number means; an unknown one falls to its HTTP status, else it is final."""
    if code is not None and (known := table().get(code)):
        return known
    if http_status is not None and http_status >= 500:
        return _FAULT
    return _BY_STATUS.get(http_status or 0, _UNKNOWN)


@cache
def table() -> Mapping[int, Trouble]:
    """Return all numbers that we know."""
    return read((files("wabp.gateway") / "trouble.toml").read_text(encoding="utf-8"))


def read(written: str) -> Mapping[int, Trouble]:
    """Read a table of numbers. Raises ValueError that names what is wrong with it."""
    known: dict[int, Trouble] = {}
    for entry in tomllib.loads(written)["trouble"]:
        given = dict(entry)
        codes = list(_codes(given.pop("codes", [])))
        if not codes or not given.get("means"):
            raise ValueError(f"an entry without codes or without what it means: {entry}")
        if twice := known.keys() & codes:
            raise ValueError(f"{min(twice)} stands there twice")
        meaning = _checked(given, codes[0])
        known.update(dict.fromkeys(codes, meaning))
    return known


def _codes(given: list[int | str]) -> Iterator[int]:
    for one in given:
        first, _, last = str(one).partition("-")
        if int(last or first) < int(first):
            raise ValueError(f"{one} runs backwards")
        yield from range(int(first), int(last or first) + 1)


_CHOICES = {"action": get_args(Action), "stops": get_args(Stops), "address": get_args(AboutAddress)}
_FLAGS = ("bad_form", "limit", "ours")
_COUNTS = ("seconds", "retries")


def _checked(given: dict[str, Any], code: int) -> Trouble:
    for name, value in given.items():
        known = name == "means" or (
            value in _CHOICES.get(name, ())
            or (name in _FLAGS and isinstance(value, bool))
            or (name in _COUNTS and isinstance(value, int) and value > 0)
        )
        if not known:
            raise ValueError(f"{code}: {name} = {value!r} is not known")
    if "action" not in given:
        raise ValueError(f"{code}: it says nothing to do")
    trouble = Trouble(**given)
    if (trouble.action in {"wait", "retry"}) != (trouble.seconds > 0):
        raise ValueError(f"{code}: seconds are for wait and retry, and needed there")
    if (trouble.action == "retry") != (trouble.retries > 0):
        raise ValueError(f"{code}: retries are for retry, and needed there")
    if trouble.stops and trouble.action != "wait":
        raise ValueError(f"{code}: what waits for a lane must not end")
    return trouble
