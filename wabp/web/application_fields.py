"""The fields of an application's pages: as a form carries them, and as they stand."""

from flask import request

from wabp.answers import Answers

# The fields in the order in which their pages show them.
_ON_PAGE = (
    *("zone_id", "district_id", "name", "street_ids"),
    *("founder_coordinates", "coordinator_name", "founder_name", "adult"),
)


def position(field: str) -> int:
    """Return where on its page a field stands: problems are listed in that order."""
    return _ON_PAGE.index(field) if field in _ON_PAGE else 0


def typed(question: str) -> dict[str, object]:
    """Return the fields of this request by their names in `Answers`, as typed."""
    form = request.form
    if question == "area":
        return {
            "zone_id": form.get("zone_id", ""),
            "district_id": form.get("district_id", ""),
            "street_ids": form.getlist("street_ids"),
            "name": form.get("name", ""),
        }
    if question == "coordinator":
        names = ("founder_coordinates", "founder_name", "coordinator_name", "adult")
        return {name: form.get(name, "") for name in names}
    field = {"motive": "motive", "deputy": "deputy_name", "plan": "plan", "charter": "charter"}[question]
    return {field: form.get(field, "")}


def as_it_stands(given: Answers, question: str) -> dict[str, object]:
    """Return what was answered as its page's fields hold it."""
    coordinates = {True: "yes", False: "no", None: ""}[given.founder_coordinates]
    fields: dict[str, dict[str, object]] = {
        "area": {"street_ids": [str(street) for street in given.street_ids], "name": given.name},
        "motive": {"motive": given.motive},
        "coordinator": {
            "founder_coordinates": coordinates,
            "founder_name": given.founder_name,
            "coordinator_name": given.coordinator_name,
            "adult": given.adult,
        },
        "deputy": {"deputy_name": given.deputy_name},
        "plan": {"plan": given.plan},
        "charter": {"charter": given.charter},
    }
    return fields[question]


def revision() -> int:
    """Return the revision that the form was shown with; one that is none counts as the oldest."""
    typed = request.form.get("revision", "")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0
