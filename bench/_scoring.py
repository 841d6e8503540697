"""Scores the check against labelled texts: per label, for clean texts, by origin of a name and by kind of hateful text.

A line of a corpus is {"id", "lang", "text", "labels", "spans"}; `origin` (of a name) and `functionality` (of a text
made to test hate detectors) give a breakdown of their own. `signature` in `spans` is allowed and never to be found.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wabp.rules import Finding

NEVER_FOUND = {"signature"}
# Abuse of one person, or of a group that no law protects, is neither hate nor harmless.
LEFT_OUT = {"target_indiv_nh", "target_group_nh"}
LEAST_MESSAGES = 10

Row = Mapping[str, Any]


@dataclass
class Tally:
    """How one label went: messages right, wrongly given, missed; snippets in all and touched by a finding."""

    right: int = 0
    wrong: int = 0
    missed: int = 0
    snippets: int = 0
    touched: int = 0
    misses: list[str] = field(default_factory=list)

    @property
    def messages(self) -> int:
        return self.right + self.missed

    @property
    def precision(self) -> float:
        return share(self.right, self.right + self.wrong)

    @property
    def recall(self) -> float:
        return share(self.right, self.messages)

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


@dataclass
class Score:
    """What a corpus says of the check."""

    tallies: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    clean: int = 0
    alarms: int = 0
    by_origin: dict[str, Counter[bool]] = field(default_factory=lambda: defaultdict(Counter))
    by_kind: dict[str, Counter[bool]] = field(default_factory=lambda: defaultdict(Counter))

    @property
    def macro_f1(self) -> float:
        """The mean F1 over labels with enough messages."""
        counted = [tally.f1 for tally in self.tallies.values() if tally.messages >= LEAST_MESSAGES]
        return share(sum(counted), len(counted))


def read(path: Path) -> list[Row]:
    """Return the lines of a corpus."""
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def score(rows: Iterable[Row], answers: Iterable[Sequence[Finding]]) -> Score:
    """Compare what was found in each text with what its labels say."""
    total = Score()
    for row, findings in zip(rows, answers, strict=True):
        expected = set(row["labels"]) - NEVER_FOUND
        given = {finding.label for finding in findings}
        _count(total, row, expected, given)
        for span in row.get("spans", []):
            if span["label"] not in NEVER_FOUND:
                tally = total.tallies[span["label"]]
                tally.snippets += 1
                tally.touched += _touches(findings, span["label"], row["text"], span["text"])
        if "origin" in row:
            style = "lower" if row["text"] == row["text"].lower() else "normal"
            total.by_origin[f"{row['origin']} {style}"]["person_name" in given] += 1
        if "functionality" in row and row["functionality"] not in LEFT_OUT:
            hateful = "insult_or_hate" in expected
            total.by_kind["hateful found" if hateful else "harmless flagged"][bool(given)] += 1
            total.by_kind[row["functionality"]][bool(given)] += 1
    return total


def _count(total: Score, row: Row, expected: set[str], given: set[str]) -> None:
    for label in expected | given:
        tally = total.tallies[label]
        if label in expected and label in given:
            tally.right += 1
            continue
        kind = "missed" if label in expected else "false alarm"
        tally.missed += label in expected
        tally.wrong += label in given
        tally.misses.append(f"{kind}: {row['id']} {' '.join(row['text'].split())}")
    if not expected:
        total.clean += 1
        total.alarms += bool(given)


def _touches(findings: Sequence[Finding], label: str, text: str, words: str) -> bool:
    start = text.find(words)
    end = start + len(words)
    placed = [(found.start, found.end) for found in findings if found.label == label]
    return any(first is not None and last is not None and first < end and start < last for first, last in placed)


def table(total: Score) -> Iterable[str]:
    """Yield the lines of a score, as a terminal shows them."""
    yield f"{'label':24}{'messages':>9}{'precision':>11}{'recall':>8}{'f1':>7}{'snippets found':>16}"
    for label, tally in sorted(total.tallies.items()):
        found = f"{share(tally.touched, tally.snippets):.2f} of {tally.snippets}" if tally.snippets else "-"
        yield f"{label:24}{tally.messages:9}{tally.precision:11.2f}{tally.recall:8.2f}{tally.f1:7.2f}{found:>16}"
    alarms = f"{share(total.alarms, total.clean):.3f} of {total.clean}"
    yield f"macro-F1 {total.macro_f1:.3f}   false alarms on clean messages {alarms}"
    for name, counts in (*sorted(total.by_origin.items()), *sorted(total.by_kind.items())):
        yield f"  {name:28}{share(counts[True], counts.total()):6.2f} of {counts.total()}"


def share(part: float, whole: float) -> float:
    """Return part of whole, 0 of nothing."""
    return part / whole if whole else 0.0
