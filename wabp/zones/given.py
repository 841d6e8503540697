"""A file that the operator gave: its name, for the sentence that refuses it, and its bytes."""

from dataclasses import dataclass

from wabp import texts
from wabp.errors import BadInput

LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class Given:
    """One file as it was given."""

    name: str
    data: bytes

    def text(self) -> str:
        """Return the file's text. Raises BadInput, with the line, when it is not strict UTF-8 or holds a NUL."""
        try:
            text = self.data.decode("utf-8-sig")
            broken = text.find("\0")
        except UnicodeDecodeError as problem:
            text, broken = self.data[: problem.start].decode("utf-8", "replace"), problem.start
        if broken >= 0:
            raise self.wrong("zone_file_not_text", line=text.count("\n", 0, broken) + 1)
        return text

    def wrong(self, key: str, **values: object) -> BadInput:
        """Return the refusal of this file."""
        return BadInput(key, field="file", file=self.name, **values)


def one_line(name: object) -> str:
    """Return a name as it is kept: without what nobody can see, one blank between words; "" for no text."""
    return " ".join(texts.clean(name).split()) if isinstance(name, str) else ""
