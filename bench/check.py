"""How good and how fast the check of texts is: scores on labelled texts, worst misses, speed, load time, memory.

Reads every *.jsonl of the folder that CORPUS names, of `bench/corpus` when it names none. One core, one process.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

import _scoring as scoring

from wabp import __version__, rules

HERE = Path(__file__).parent
SECONDS = 3.0
LENGTH = 100
MISSES_SHOWN = 3
# Texts that nobody should read who works on the patterns: of these only totals are told.
KEPT = "kept"
HOSTILE = ("a", "A. ", "1-", "@a.", "Jan ", "pak hem ", "0 ", "rue de ", "k e v i n ", "é\u200b", "niet ")

_LOAD = """
import time
started = time.perf_counter()
from wabp import rules
rules.check("Inbraak in de Molenstraat, Jan Peeters zag 1-ABC-234.", "nl", rules.load_rulebook("be"))
passed = time.perf_counter() - started
used = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(passed, int(used.split()[1]) / 1024)
"""


def main() -> None:
    """Print a table for each corpus, and one JSON line at the end."""
    folder = Path(os.environ.get("CORPUS") or HERE / "corpus")
    files = sorted(folder.glob("*.jsonl"))
    if not files:
        sys.exit(f"{folder}: no *.jsonl with labelled texts; give CORPUS=a folder that has some")
    rulebook = rules.load_rulebook("be")
    texts: list[tuple[str, str]] = []
    summary = {}
    for file in files:
        rows = scoring.read(file)
        answers = [rules.check(row["text"], row["lang"], rulebook) for row in rows]
        total = scoring.score(rows, answers)
        print(f"\n{file.name}: {len(rows)} texts", *scoring.table(total), sep="\n")
        for label, tally in sorted(total.tallies.items()) if folder.name != KEPT else ():
            for miss in tally.misses[:MISSES_SHOWN]:
                print(f"  {label}: {miss[:160]}")
        summary[file.stem] = {
            "macro_f1": round(total.macro_f1, 3),
            "false_alarms": round(scoring.share(total.alarms, total.clean), 3),
        }
        texts += [(row["text"], row["lang"]) for row in rows]
    line = {
        "bench": "check",
        "version": __version__,
        "corpora": summary,
        "per_second": round(_speed(texts, rulebook)),
        "hostile_seconds": round(_worst_hostile(rulebook), 2),
        **_load(),
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    print(json.dumps(line))


def _speed(texts: list[tuple[str, str]], rulebook: rules.Rulebook) -> float:
    """Return messages of a hundred characters a second, median of rounds: the texts joined and cut to that length."""
    joined = " ".join(text for text, _ in texts)
    messages = [joined[start : start + LENGTH] for start in range(0, min(len(joined), 200_000) - LENGTH, LENGTH)]
    rounds = []
    ends = time.perf_counter() + SECONDS
    while time.perf_counter() < ends or not rounds:
        started = time.perf_counter()
        for message in messages:
            rules.check(message, "nl", rulebook)
        rounds.append(len(messages) / (time.perf_counter() - started))
    return statistics.median(rounds)


def _worst_hostile(rulebook: rules.Rulebook) -> float:
    """Return the seconds that the slowest of some texts of 100,000 characters takes."""
    slowest = 0.0
    for piece in HOSTILE:
        text = (piece * 100_000)[:100_000]
        started = time.perf_counter()
        rules.check(text, "nl", rulebook)
        slowest = max(slowest, time.perf_counter() - started)
    return slowest


def _load() -> dict[str, float]:
    """Return seconds from nothing to the first answer, and MiB in use then, in a process of its own."""
    told = subprocess.run([sys.executable, "-c", _LOAD], capture_output=True, text=True, check=True).stdout.split()
    return {"load_seconds": round(float(told[0]), 2), "loaded_mib": round(float(told[1]))}


if __name__ == "__main__":
    main()
