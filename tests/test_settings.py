"""The settings: everything has a default on one machine, everything that is missing is named at once elsewhere."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings as hypothesis_settings, strategies as st

from wabp import phones, settings, texts
from wabp.errors import BadSetting

KEYS = "A" * 43
WORLD = {
    "WABP_GATEWAY": "twilio",
    "WABP_HOST": "0.0.0.0",
    "WABP_SECRET_KEY": "a-secret",
    "WABP_DATA_KEYS": KEYS,
    "WABP_PUBLIC_URL": "https://watch.example",
    "WABP_DATABASE_URL": "postgresql+psycopg://wabp@localhost/wabp",
    "WABP_TWILIO_ACCOUNT_SID": "AC" + "1" * 32,
    "WABP_TWILIO_AUTH_TOKEN": "newer, older",
    "WABP_WHATSAPP_FROM": "+32400001818",
}


def load(folder: Path, **environ: str) -> settings.Settings:
    return settings.load(environ, folder)


def refusal(folder: Path, **environ: str) -> str:
    """Return the sentence that stops a start with these settings."""
    with pytest.raises(BadSetting) as refused:
        settings.with_keys(load(folder, **environ))
    for language in texts.LANGUAGES:
        assert "{" not in refused.value.say(language)
    return refused.value.say("en")


# ---- on one machine ----


def test_with_simulated_phones_on_this_machine_everything_has_a_default(tmp_path: Path) -> None:
    found = load(tmp_path)
    assert found.database_url == f"sqlite:///{tmp_path / 'wabp.sqlite3'}"
    assert (found.host, found.port, found.public_url) == ("127.0.0.1", 8000, "http://127.0.0.1:8000")
    assert (found.gateway, found.simulated, found.provider_is_local, found.demo_sign_in) == (
        "simulator",
        True,
        True,
        True,
    )
    assert (found.whatsapp_from, found.sms_from) == ("+32400001818", "+32400001819")
    assert (found.whatsapp_mps, found.sms_sps, found.log_level) == (80, 10, "INFO")


@pytest.mark.parametrize(
    ("host", "url"),
    [("127.0.0.1", "http://127.0.0.1:8123"), ("localhost", "http://localhost:8123"), ("::1", "http://[::1]:8123")],
)
def test_the_public_address_follows_host_and_port(tmp_path: Path, host: str, url: str) -> None:
    assert load(tmp_path, WABP_HOST=host, WABP_PORT="8123").public_url == url


def test_keys_are_made_once_readable_for_their_owner_alone_and_kept(tmp_path: Path) -> None:
    folder = tmp_path / "instance"
    first = settings.with_keys(load(folder))
    [kept] = folder.iterdir()
    assert kept.name == "wabp.sqlite3.keys"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    again = settings.with_keys(load(folder))
    assert (again.secret_key, again.data_keys) == (first.secret_key, first.data_keys)
    assert len(first.data_keys[0]) == 32
    assert len(first.secret_key) >= 32


def test_two_installations_have_different_keys(tmp_path: Path) -> None:
    one, other = (settings.with_keys(load(tmp_path / name)) for name in ("one", "other"))
    assert one.data_keys != other.data_keys
    assert one.secret_key != other.secret_key


def test_ten_starts_at_once_agree_on_the_keys(tmp_path: Path) -> None:
    with ThreadPoolExecutor(10) as pool:
        started = list(pool.map(lambda _: settings.with_keys(load(tmp_path)), range(10)))
    assert len({(found.secret_key, found.data_keys) for found in started}) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["wabp.sqlite3.keys"]


def test_a_key_that_is_given_comes_before_the_one_that_is_kept(tmp_path: Path) -> None:
    kept = settings.with_keys(load(tmp_path))
    mixed = settings.with_keys(load(tmp_path, WABP_SECRET_KEY="given"))
    assert (mixed.secret_key, mixed.data_keys) == ("given", kept.data_keys)


def test_keys_that_are_all_given_are_not_written_down(tmp_path: Path) -> None:
    settings.with_keys(load(tmp_path, WABP_SECRET_KEY="given", WABP_DATA_KEYS=KEYS))
    assert list(tmp_path.iterdir()) == []


def test_a_key_file_that_lost_a_part_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "wabp.sqlite3.keys").write_text("WABP_SECRET_KEY=x\n")
    assert "wabp.sqlite3.keys is incomplete" in refusal(tmp_path)


def test_a_database_on_a_server_has_no_folder_for_keys(tmp_path: Path) -> None:
    url = WORLD["WABP_DATABASE_URL"]
    assert "WABP_SECRET_KEY" in refusal(tmp_path, WABP_DATABASE_URL=url)
    assert "WABP_DATA_KEYS" in refusal(tmp_path, WABP_DATABASE_URL=url, WABP_SECRET_KEY="given")


# ---- out in the world ----


def test_a_whole_installation_is_read(tmp_path: Path) -> None:
    found = load(tmp_path, **WORLD)
    assert found.twilio_auth_tokens == ("newer", "older")
    assert (found.simulated, found.provider_is_local, found.demo_sign_in) == (False, False, False)
    assert (found.whatsapp_from, found.sms_from) == ("+32400001818", None)
    assert found.twilio_api_url == settings.TWILIO_API_URL


def test_with_twilio_everything_that_is_missing_is_named_in_one_sentence(tmp_path: Path) -> None:
    said = refusal(tmp_path, WABP_GATEWAY="twilio")
    for name in WORLD.keys() - {"WABP_GATEWAY", "WABP_HOST"}:
        assert name in said
    assert "\n" not in said


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "watch.example", "::"])
def test_beyond_this_machine_everything_that_is_missing_is_named_also_with_simulated_phones(
    tmp_path: Path, host: str
) -> None:
    said = refusal(tmp_path, WABP_HOST=host)
    for name in ("WABP_SECRET_KEY", "WABP_DATA_KEYS", "WABP_PUBLIC_URL", "WABP_DATABASE_URL"):
        assert name in said
    assert "TWILIO" not in said


@pytest.mark.parametrize("name", sorted(WORLD.keys() - {"WABP_GATEWAY", "WABP_HOST"}))
def test_one_setting_that_is_missing_is_named_alone(tmp_path: Path, name: str) -> None:
    said = refusal(tmp_path, **{known: value for known, value in WORLD.items() if known != name})
    assert name in said
    assert not [other for other in WORLD if other != name and other in said]


def test_one_sender_is_enough_whichever(tmp_path: Path) -> None:
    by_sms = {name: value for name, value in WORLD.items() if name != "WABP_WHATSAPP_FROM"}
    assert load(tmp_path, **by_sms, WABP_SMS_FROM="+32400001819").whatsapp_from is None


def test_blank_is_missing(tmp_path: Path) -> None:
    assert "WABP_SECRET_KEY" in refusal(tmp_path, **WORLD | {"WABP_SECRET_KEY": "  "})


def test_a_provider_on_this_machine_reaches_nobody(tmp_path: Path) -> None:
    found = load(tmp_path, **WORLD, WABP_TWILIO_API_URL="http://127.0.0.1:4010")
    assert found.provider_is_local
    assert not load(tmp_path, **WORLD, WABP_TWILIO_API_URL="https://127.0.0.1.example").provider_is_local


def test_the_page_with_one_click_sign_in_exists_on_this_machine_with_simulated_phones_alone(tmp_path: Path) -> None:
    beyond = {name: WORLD[name] for name in ("WABP_HOST", "WABP_SECRET_KEY", "WABP_DATA_KEYS")}
    shared = {name: WORLD[name] for name in ("WABP_PUBLIC_URL", "WABP_DATABASE_URL")}
    assert not load(tmp_path, **beyond, **shared).demo_sign_in


# ---- values that cannot be ----


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WABP_GATEWAY", "smoke-signals"),
        ("WABP_GATEWAY", "Twilio"),
        ("WABP_PORT", "0"),
        ("WABP_PORT", "65536"),
        ("WABP_PORT", "80 00"),
        ("WABP_PORT", "٨٠٠٠"),
        ("WABP_PORT", "-1"),
        ("WABP_LOG_LEVEL", "verbose"),
        ("WABP_DATABASE_URL", "sqlite:///relative.sqlite3"),
        ("WABP_DATABASE_URL", "sqlite://"),
        ("WABP_DATABASE_URL", "sqlite:////"),
        ("WABP_DATABASE_URL", "mysql://localhost/wabp"),
        ("WABP_DATABASE_URL", "postgresql://localhost/wabp"),
        ("WABP_DATABASE_URL", "postgresql+psycopg://localhost:port/wabp"),
        ("WABP_DATABASE_URL", "postgresql+psycopg://[::1/wabp"),
        ("WABP_DATA_KEYS", "short"),
        ("WABP_DATA_KEYS", KEYS + ",short"),
        ("WABP_DATA_KEYS", ","),
        ("WABP_DATA_KEYS", "é" * 43),
        ("WABP_PUBLIC_URL", "http://watch.example"),
        ("WABP_PUBLIC_URL", "http://10.0.0.1"),
        ("WABP_PUBLIC_URL", "watch.example"),
        ("WABP_PUBLIC_URL", "https://"),
        ("WABP_PUBLIC_URL", "https://watch.example/?a=1"),
        ("WABP_PUBLIC_URL", "https://watch.example/#top"),
        ("WABP_PUBLIC_URL", "https://watch.example:port"),
        ("WABP_PUBLIC_URL", "https://[::1"),
        ("WABP_PUBLIC_URL", "ftp://watch.example"),
        ("WABP_TWILIO_API_URL", "http://api.example"),
        ("WABP_TWILIO_API_URL", "api"),
        ("WABP_WHATSAPP_FROM", "whatsapp:+32400001818"),
        ("WABP_WHATSAPP_FROM", "0400001818"),
        ("WABP_SMS_FROM", "+32 400 00 18 19"),
        ("WABP_SMS_FROM", "+٣٢٤٠٠٠٠١٨١٩"),
        ("WABP_SMS_FROM", "BUURT"),
        *(
            (name, value)
            for name in ("WABP_WHATSAPP_MPS", "WABP_SMS_SPS")
            for value in ("0", "1000001", "1.5", "-1", "ten", "1e3", "²", "9" * 5_000)
        ),
    ],
)
def test_a_value_that_cannot_be_stops_the_start_with_its_name(tmp_path: Path, name: str, value: str) -> None:
    said = refusal(tmp_path, **{name: value})
    assert name in said
    assert "\n" not in said


@pytest.mark.parametrize(("name", "field"), [("WABP_WHATSAPP_MPS", "whatsapp_mps"), ("WABP_SMS_SPS", "sms_sps")])
@pytest.mark.parametrize("pace", [1, 2, 80, 999_999, 1_000_000])
def test_a_lane_may_be_as_slow_as_one_and_as_fast_as_a_million_a_second(
    tmp_path: Path, name: str, field: str, pace: int
) -> None:
    assert getattr(load(tmp_path, **{name: str(pace)}), field) == pace


@pytest.mark.parametrize(
    "url",
    ["http://localhost:8000", "http://127.0.0.1", "http://127.9.9.9:1/base", "http://[::1]:8000", "https://a.example"],
)
def test_plain_http_is_for_this_machine_alone(tmp_path: Path, url: str) -> None:
    assert load(tmp_path, WABP_PUBLIC_URL=url + "/").public_url == url


# ---- values in files ----


def test_a_secret_can_be_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from-a-file\n")
    (tmp_path / "keys").write_text(f"{KEYS}\n")
    found = load(
        tmp_path, WABP_SECRET_KEY_FILE=str(tmp_path / "secret"), WABP_DATA_KEYS_FILE=str(tmp_path / "keys")
    )
    assert found.secret_key == "from-a-file"
    assert len(found.data_keys) == 1


def test_a_file_counts_as_given(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-a-file")
    without = {name: value for name, value in WORLD.items() if name != "WABP_TWILIO_AUTH_TOKEN"}
    found = load(tmp_path, **without, WABP_TWILIO_AUTH_TOKEN_FILE=str(tmp_path / "token"))
    assert found.twilio_auth_tokens == ("from-a-file",)


def test_a_value_comes_before_its_file(tmp_path: Path) -> None:
    assert load(tmp_path, WABP_SECRET_KEY="given", WABP_SECRET_KEY_FILE="/nowhere").secret_key == "given"


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_file_that_cannot_be_read_stops_the_start_with_its_name(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)
    assert "WABP_SECRET_KEY_FILE" in refusal(tmp_path, WABP_SECRET_KEY_FILE=str(path))


def test_a_bad_value_in_a_file_is_named_by_its_setting(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("short")
    assert "WABP_DATA_KEYS" in refusal(tmp_path, WABP_DATA_KEYS_FILE=str(tmp_path / "keys"))


# ---- whatever is given ----


ENVIRON = st.dictionaries(
    st.sampled_from([*WORLD, "WABP_PORT", "WABP_SMS_SPS", "WABP_SMS_FROM", "WABP_TWILIO_API_URL", "WABP_LOG_LEVEL"]),
    st.text(max_size=20) | st.sampled_from(list(WORLD.values())),
    max_size=10,
)


@hypothesis_settings(max_examples=150, deadline=None)
@given(ENVIRON)
def test_whatever_is_given_the_settings_are_whole_or_one_sentence_says_what_to_change(environ: dict[str, str]) -> None:
    try:
        found = settings.load(environ, Path("/nowhere"))
    except BadSetting as problem:
        said = problem.say("en")
    else:
        said = "WABP_"
        check_whole(found)
    assert "WABP_" in said


def check_whole(found: settings.Settings) -> None:
    assert 1 <= found.sms_sps <= 1_000_000
    assert found.public_url.startswith(("http://", "https://"))
    for sender in (found.whatsapp_from, found.sms_from):
        assert sender is None or phones.is_e164(sender)


@pytest.mark.parametrize(
    ("host", "here"),
    [
        *((host, True) for host in ("localhost", "127.0.0.1", "127.1.2.3", "::1", "[::1]")),
        *((host, False) for host in ("0.0.0.0", "::", "10.0.0.1", "localhost.example", "", "127.0.0.1.example", "1")),
    ],
)
def test_what_counts_as_this_machine(host: str, here: bool) -> None:
    assert settings.is_loopback(host) is here


def test_keys_that_got_lost_are_not_silently_replaced(tmp_path: Path) -> None:
    database = tmp_path / "wabp.sqlite3"
    environ = {"WABP_DATABASE_URL": f"sqlite:///{database}"}
    settings.with_keys(settings.load(environ))
    database.write_bytes(b"something is in it")
    database.with_name("wabp.sqlite3.keys").unlink()
    with pytest.raises(BadSetting, match=r"wabp\.sqlite3\.keys"):
        settings.with_keys(settings.load(environ))
