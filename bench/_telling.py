"""How a bench tells what it found: one line of JSON with its bars beside the figures."""

import json
import os
from collections.abc import Mapping
from typing import Any

from wabp import __version__

# How many processes wanted a core over the minute before the bench began.
_LOAD = round(os.getloadavg()[0], 1)
AT_LEAST, AT_MOST = "≥", "≤"

Bars = Mapping[str, tuple[str, float]]


def tell(bench: str, figures: Mapping[str, Any], got: Mapping[str, float], bars: Bars) -> None:
    """Print the line: all figures, those that have a bar, the bars, and which of them were reached."""
    reached = {
        name: got[name] >= limit if sign == AT_LEAST else got[name] <= limit for name, (sign, limit) in bars.items()
    }
    line = {
        "bench": bench,
        "version": __version__,
        "load": _LOAD,
        **figures,
        **{name: got[name] for name in bars},
        "bars": {name: f"{sign} {limit}" for name, (sign, limit) in bars.items()},
        "reached": reached,
    }
    print(json.dumps(line, ensure_ascii=False))
