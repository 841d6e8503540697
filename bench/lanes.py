"""Two workers on two lanes beside one worker on one lane, on PostgreSQL, each lane capped at 80 messages a second.

The lanes are the senders of WhatsApp and of SMS: half of the members have no WhatsApp. SMS is paced in segments, so its
pace is set to as many segments as 80 messages of this alert have. Both runs give each lane the same number of messages.
A ratio counts only when hardly anything was refused: two workers that both overrun a lane are no gain.
"""

from contextlib import ExitStack
from pathlib import Path

from _processes import Referee, folder, provider, wait_until
from _product import Product
from _stores import Database, postgres, sqlite
from _telling import AT_LEAST, AT_MOST, tell

from wabp import segments

CAP = 80
EACH = 1_600
TEXT, WORD = "Doe vanavond uw poort op slot.", "poort"
BARS = {"two_of_one": (AT_LEAST, 1.9), "refused": (AT_MOST, 0.001)}
# One language, so that one alert is one text with one number of segments.
_IN_DUTCH = "UPDATE person SET language = 'nl'"
_HALF_BY_SMS = (
    "UPDATE address SET whatsapp = false WHERE person_id IN (SELECT person_id FROM membership WHERE number % 2 = 0)"
)


def parts_of_sms(where: Path, referee: Referee) -> int:
    """Return how many segments the alert has as an SMS."""
    product = Product(where, sqlite(where, "trial"), referee, WABP_WHATSAPP_FROM="")
    product.set_up(4)
    product.database.change(_IN_DUTCH)
    referee.reset()
    with product.started("worker"):
        product.send(TEXT)
        wait_until("a trial by SMS", lambda: referee.count(WORD) == 4, 20)
    return segments.count(referee.books(WORD)[0][4]).parts


def per_second(
    where: Path, database: Database, referee: Referee, *, lanes: int, parts: int
) -> tuple[float, float]:
    """Return messages a second, from the first to the last, with as many workers as lanes; and the share refused."""
    referee.reset()
    pace = {"WABP_WHATSAPP_MPS": str(CAP), "WABP_SMS_SPS": str(CAP * parts)}
    product = Product(where, database, referee, **pace)
    product.set_up(lanes * EACH)
    database.change(_IN_DUTCH, *([_HALF_BY_SMS] if lanes == 2 else []))
    with ExitStack() as stack:
        for _ in range(lanes):
            stack.enter_context(product.started("worker"))
        product.send(TEXT)
        wait_until("all messages", lambda: referee.count(WORD) == lanes * EACH, 120, every=0.5)
    figures = referee.stats(WORD)
    assert figures["unique_to"] == figures["accepted"], figures
    rate = figures["accepted"] / (figures["last"] - figures["first"])
    return rate, figures["refused"] / (figures["accepted"] + figures["refused"])


def main() -> None:
    """Print one JSON line."""
    with ExitStack() as stack:
        where = stack.enter_context(folder())
        referee = stack.enter_context(provider(where, cap=CAP))
        server = stack.enter_context(postgres(where))
        parts = parts_of_sms(where, referee)
        one, refused_by_one = per_second(where, server.new("one"), referee, lanes=1, parts=parts)
        two, refused_by_two = per_second(where, server.new("two"), referee, lanes=2, parts=parts)
    figures = {"one_lane_per_second": round(one, 1), "two_lanes_per_second": round(two, 1)}
    got = {"two_of_one": round(two / one, 2), "refused": round(max(refused_by_one, refused_by_two), 4)}
    tell("lanes", figures, got, BARS)


if __name__ == "__main__":
    main()
