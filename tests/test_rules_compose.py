"""The text of an alert as a phone shows it."""

import re
from dataclasses import replace
from typing import Literal

import pytest
from hypothesis import given, strategies as st

from wabp import rules, segments
from wabp.texts import LANGUAGES

TYPED = "Twee personen forceren achterdeur, zwarte jassen, vluchten richting sluis."
ALERT = rules.Wording(
    kind="urgent",
    category="burglary",
    group="Buurtgroep Demo",
    language="nl",
    texts={"nl": TYPED},
    street="Vaartkant",
    called="21:04",
    until="23:06",
)
STATEMENTS = {
    "nl": "101 gebeld om 21:04, niet opnieuw bellen",
    "fr": "101 appelé à 21:04, ne rappelez pas",
    "en": "101 called at 21:04, do not call again",
    "de": "101 um 21:04 angerufen, bitte nicht erneut anrufen",
}
VERBS = {"nl": "Bel", "fr": "Appelez", "en": "Call", "de": "Rufen"}
MARKS = {"fr": "[néerlandais]", "en": "[Dutch]", "de": "[Niederländisch]"}
# Pieces that imitate what the product writes, mixed with anything at all.
HOSTILE = st.one_of(
    st.text(max_size=300),
    st.lists(
        st.sampled_from(
            [
                "Bel 112.",
                "Bel 101 (politie) of 112 (brandweer, ambulance).",
                "*101 gebeld*",
                "{police}",
                "\n",
                " ",
                "…",
                "Call 112.",
                "ë",
                "👨‍👩‍👧",
                "🇧🇪",
                "e\u0301",
                "{",
                "}",
                "_x_",
                "~",
                "`",
                "> ",
                "112.",
                "bel 112",
                "a" * 50,
            ]
        ),
        max_size=120,
    ).map("".join),
)


def compose(
    wording: rules.Wording,
    language: str,
    channel: Literal["whatsapp", "sms"],
    country: str = "be",
    limit: int | None = None,
) -> str:
    return rules.compose(wording, language, channel, rules.load_rulebook(country), limit=limit)


def test_whatsapp_shows_header_place_text_call_and_safety_lines() -> None:
    assert compose(ALERT, "nl", "whatsapp").split("\n") == [
        "*DRINGEND · Buurtgroep Demo*",
        "Inbraak, Vaartkant",
        TYPED,
        "*101 gebeld om 21:04, niet opnieuw bellen*",
        "Geldig tot 23:06. STOP = geen berichten meer.",
        "Bel 101 (politie) of 112 (brandweer, ambulance).",
    ]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("channel", ["whatsapp", "sms"])
def test_every_reader_gets_call_statement_and_emergency_line_in_own_language(
    language: str, channel: Literal["whatsapp", "sms"]
) -> None:
    lines = compose(ALERT, language, channel).split("\n")
    assert STATEMENTS[language] in lines[-3]
    assert lines[-1].startswith(VERBS[language])
    assert "101" in lines[-1]
    assert "112" in lines[-1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_dutch_group_names_only_112(language: str) -> None:
    text = compose(ALERT, language, "whatsapp", "nl")
    assert "101" not in text
    assert text.split("\n")[-1].startswith(VERBS[language])
    assert "112" in text.split("\n")[-1]


@pytest.mark.parametrize("language", ["fr", "en", "de"])
def test_a_text_in_another_language_is_marked(language: str) -> None:
    assert f"{MARKS[language]} {TYPED}" in compose(ALERT, language, "whatsapp")


def test_a_version_of_the_coordinator_is_shown_unmarked() -> None:
    both = replace(ALERT, texts={"nl": TYPED, "fr": "Deux personnes forcent la porte."})
    assert "\nDeux personnes forcent la porte.\n" in compose(both, "fr", "whatsapp")


def test_info_says_nothing_about_a_call() -> None:
    info = replace(ALERT, kind="info", category="outage")
    text = compose(info, "nl", "whatsapp")
    assert text.startswith("*INFO · Buurtgroep Demo*\nStoring, Vaartkant\n")
    assert "gebeld" not in text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("category", rules.load_rulebook("be").categories)
def test_fixed_words_of_an_sms_are_seven_bit_and_without_markup(language: str, category: str) -> None:
    text = compose(replace(ALERT, category=category), language, "sms")
    assert segments.count(text).encoding == "GSM-7"
    assert "*" not in text


@pytest.mark.parametrize("written", LANGUAGES)
def test_naming_the_typed_language_keeps_an_sms_seven_bit(written: str) -> None:
    foreign = replace(ALERT, language=written, texts={written: "x"})
    for language in LANGUAGES:
        assert segments.count(compose(foreign, language, "sms")).encoding == "GSM-7"


@given(HOSTILE, st.sampled_from(LANGUAGES), st.sampled_from(["be", "nl"]), st.sampled_from(["whatsapp", "sms"]))
def test_any_typed_text_keeps_the_emergency_line_whole_once_and_last(
    typed: str, language: str, country: str, channel: Literal["whatsapp", "sms"]
) -> None:
    book = rules.load_rulebook(country)
    line = rules.emergency_line(language, book)
    text = rules.compose(replace(ALERT, texts={"nl": typed}), language, channel, book)
    assert text.split("\n")[-1] == line
    assert text.count(line) == 1
    assert "\n\n" not in text
    if channel == "sms":
        assert segments.count(text).parts <= 6
    else:
        assert len(text) <= 1600
        # Only our own two lines are bold.
        assert text.count("*") == 4


@given(HOSTILE, st.sampled_from(LANGUAGES))
def test_template_values_are_one_line_filled_and_short_enough(typed: str, language: str) -> None:
    book = rules.load_rulebook("be")
    values = rules.template_variables(replace(ALERT, texts={"nl": typed * 5}), language, book)
    assert list(values) == ["1", "2", "3", "4"]
    assert all(value.strip() and not re.search(r"[\n\t]| {4}", value) for value in values.values())
    assert sum(map(len, values.values())) <= 1024
    assert values["4"] == rules.emergency_line(language, book)
    assert STATEMENTS[language] in values["3"]


def test_a_template_shows_line_breaks_as_dots() -> None:
    values = rules.template_variables(
        replace(ALERT, texts={"nl": "een\n\ntwee\tdrie"}), "nl", rules.load_rulebook("be")
    )
    assert values["2"] == "een · twee drie"


@pytest.mark.parametrize(("channel", "ending"), [("whatsapp", "…"), ("sms", "...")])
def test_only_the_typed_text_is_shortened_at_a_word(channel: Literal["whatsapp", "sms"], ending: str) -> None:
    text = compose(replace(ALERT, texts={"nl": "voorbeeld " * 500}), "nl", channel, limit=400)
    lines = text.split("\n")
    assert len(text) <= 400
    assert lines[2].endswith(ending)
    assert lines[2].removesuffix(ending).rstrip().endswith("voorbeeld")
    assert lines[3:] == compose(ALERT, "nl", channel).split("\n")[3:]


@given(st.integers(230, 330))
def test_a_text_is_never_cut_inside_a_grapheme(limit: int) -> None:
    family = "👨‍👩‍👧"
    text = compose(replace(ALERT, texts={"nl": family * 40}), "nl", "whatsapp", limit=limit)
    shown = text.split("\n")[2]
    assert shown.startswith("*") or re.fullmatch(f"(?:{family})+…", shown)


def test_a_limit_too_small_for_the_safety_lines_costs_the_text_not_them() -> None:
    assert compose(ALERT, "nl", "whatsapp", limit=10).split("\n")[1:] == [
        "Inbraak, Vaartkant",
        *compose(ALERT, "nl", "whatsapp").split("\n")[3:],
    ]


def test_typed_text_is_a_value_and_makes_no_markup() -> None:
    text = compose(replace(ALERT, texts={"nl": "*vet* {police} %s `x` ~weg~ _schuin_"}), "nl", "whatsapp")
    assert "\nvet {police} %s 'x' weg -schuin-\n" in text


def test_the_check_word_stands_on_every_channel_and_in_the_template() -> None:
    worded = replace(ALERT, check_word="mango 47")
    for language, said in {"nl": "Codewoord", "fr": "Mot de code", "en": "Check word", "de": "Codewort"}.items():
        assert f"{said}" in compose(worded, language, "whatsapp")
        assert "mango 47." in compose(worded, language, "sms")
        assert "mango 47." in rules.template_variables(worded, language, rules.load_rulebook("be"))["3"]
    assert "odewoord" not in compose(ALERT, "nl", "sms")


def test_typed_french_letters_do_not_double_the_price_of_an_sms() -> None:
    text = compose(replace(ALERT, texts={"nl": "Fenêtre forcée à l’hôtel, fuite vers la forêt."}), "nl", "sms")
    assert "Fenetre forcée à l'hotel" in text
    assert segments.count(text).encoding == "GSM-7"


def test_a_name_that_holds_a_line_break_stays_in_its_line() -> None:
    text = compose(replace(ALERT, group="Demo\n*101 gebeld*", street="Kant\nBel 112."), "nl", "whatsapp", "nl")
    assert len(text.split("\n")) == 6
