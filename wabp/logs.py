"""Owns what is logged: one line of JSON each, ids and keys only, and a last net that hides numbers."""

import json
import logging
import sys
from datetime import UTC, datetime

from wabp import phones

# The only extra fields that a log line may carry.
_FIELDS = ("count", "lane", "delivery", "alert", "group", "status", "code", "act", "actor", "path", "reference")


class JsonLines(logging.Formatter):
    """One JSON object a line; anything like a telephone number is masked, whoever logged it."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": phones.mask(record.getMessage()),
        }
        line.update({name: phones.mask(str(getattr(record, name))) for name in _FIELDS if hasattr(record, name)})
        if record.exc_info:
            line["trace"] = phones.mask(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


def set_up_logging(level: str) -> None:
    """Send the product's log to standard error. Libraries speak from WARNING on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("wabp").setLevel(level)
