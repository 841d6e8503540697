"""Owns which sites and mail domains belong to police, government and reporting points; the list is in `words/`."""

from functools import cache

from wabp.misuse import lexicon


def owns(host: str) -> bool:
    """Return whether a host ("www.politie.be", "stad.gent") is an authority's."""
    labels = host.lower().strip(".").split(".")
    if len(labels) < 2:
        return False
    lists = lexicon.sections("official_sites")
    if any(".".join(labels[cut:]) in lists["domains"] for cut in range(len(labels) - 1)):
        return True
    if labels[-1] not in lists["ends"]:
        return False
    return any(_is_official(label) for label in labels[:-1]) or _is_town(labels)


@cache
def _official_words() -> tuple[frozenset[str], tuple[str, ...]]:
    words = lexicon.sections("official_sites")["words"]
    return words, tuple(word for word in words if len(word) > 5)


def _is_official(label: str) -> bool:
    words, long_words = _official_words()
    return not words.isdisjoint(label.split("-")) or label.startswith(("pz", "hvz", "villede")) or label.startswith(long_words)


def _is_town(labels: list[str]) -> bool:
    """The site of a town bears its name: "gent.be", "www.utrecht.nl"."""
    name = labels[-2]
    bare = len(labels) == 2 or labels[:-2] == ["www"]
    return bare and (name in lexicon.listed("towns") or name.replace("-", " ") in lexicon.listed("towns"))
