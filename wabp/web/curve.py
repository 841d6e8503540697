"""Draws how fast an alert arrived: two step curves as SVG paths, in a frame of fixed size."""

from collections.abc import Sequence
from typing import Any

WIDTH, HEIGHT = 600, 180
# A path with more points than this looks the same and weighs more.
_MOST_POINTS = 120
_NICE = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 43200, 86400)


def draw(
    delivered: Sequence[float], read: Sequence[float], people: int, note: str
) -> dict[str, Any] | None:
    """Return the curves of people reached by seconds after release; None while there is nothing to draw."""
    if not delivered or not people:
        return None
    last = max(delivered[-1], read[-1] if read else 0.0, 1.0)
    step = next((nice for nice in _NICE if last / nice <= 5), _NICE[-1])
    span = step * max(1, -(-last // step))
    top = max(people, len(delivered))
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "delivered_path": _path(delivered, span, top),
        "read_path": _path(read, span, top) if read else "",
        "x_ticks": [
            {"x": round(position * step / span * WIDTH, 1), "label": f"{position * step} s"}
            for position in range(int(span // step) + 1)
        ],
        "y_ticks": [
            {"y": round(HEIGHT - share * HEIGHT, 1), "label": str(round(top * share))}
            for share in ((0, 0.5, 1) if top > 2 else (0, 1))
        ],
        "note": note,
    }


def _path(seconds: Sequence[float], span: float, top: int) -> str:
    every = max(1, len(seconds) // _MOST_POINTS)
    points = [(at, count) for count, at in enumerate(seconds, start=1) if count % every == 0 or count == len(seconds)]
    drawn = [f"M0 {HEIGHT}"]
    # Steps, not slopes: between two arrivals nobody was reached.
    drawn += [f"H{at / span * WIDTH:.1f} V{HEIGHT - count / top * HEIGHT:.1f}" for at, count in points]
    return " ".join(drawn)
