"""Everything that can go wrong in a way a person can mend, as one tree.

    Problem                 one clear sentence, kept as a text key and filled in the reader's language
    ├── BadInput            what was typed cannot be used; `field` names the place    (page 400, exit 2)
    ├── NotThere            unknown, or not yours: the two look the same from outside (page 404, exit 2)
    ├── WrongState          the thing is no longer in a state that allows this        (page 409, exit 2)
    └── BadSetting          the machine is set up wrongly; the start stops            (exit 2)

The doors map each class once: `web/problems.py` to a page, `cli` to a line and an exit code.
"""

from wabp import texts


class Problem(Exception):
    """A refusal that a person can act on. `key` is a path under `errors.` in the wording."""

    def __init__(self, key: str, field: str | None = None, **values: object) -> None:
        self.key = f"errors.{key}"
        self.field = field
        self.values = values
        super().__init__(self.key)

    def say(self, language: str) -> str:
        """Return the sentence that names the cure, in `language`."""
        return texts.say(self.key, language, **self.values)

    def __str__(self) -> str:
        return self.say("en")


class BadInput(Problem):
    """What was typed cannot be used as it is."""


class NotThere(Problem):
    """There is no such thing for this actor. Says nothing about whether it exists for another."""

    def __init__(self, key: str = "not_there", field: str | None = None, **values: object) -> None:
        super().__init__(key, field, **values)


class WrongState(Problem):
    """The thing exists, but what was asked is over or not yet possible."""


class BadSetting(Problem):
    """A setting is missing or cannot be read; the sentence names it."""
