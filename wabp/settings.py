"""Owns the settings: read once from the environment, checked at the start, never read again elsewhere.

A `_FILE` suffix reads the value from a file. A missing or unreadable setting stops the start with its
name. With the simulator on a loopback address everything has a default.
"""

import ipaddress
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import overload
from urllib.parse import parse_qs, urlsplit

from wabp import phones, vault
from wabp.errors import BadSetting

TWILIO_API_URL = "https://api.twilio.com"
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
_GATEWAYS = ("simulator", "twilio")
_MAILBOX = re.compile(r"[^\s@<>,;:\"]+@[^\s@<>,;:\"]+")
_MAIL_SCHEMES = ("smtp", "smtps", "smtp+starttls")
_BROKER_SCHEMES = ("redis", "rediss")
_HIGHEST_PACE = 1_000_000


@dataclass(frozen=True)
class Settings:
    """One installation's settings, complete and checked."""

    database_url: str
    secret_key: str
    data_keys: tuple[bytes, ...]
    public_url: str
    host: str
    port: int
    broker_url: str | None
    gateway: str
    twilio_account_sid: str
    twilio_auth_tokens: tuple[str, ...]
    twilio_api_url: str
    whatsapp_senders: tuple[str, ...]
    sms_senders: tuple[str, ...]
    whatsapp_mps: int
    sms_sps: int
    smtp_url: str | None
    log_level: str

    @property
    def simulated(self) -> bool:
        """Whether messages go to the simulator's phones instead of real ones."""
        return self.gateway == "simulator"

    @property
    def whatsapp_from(self) -> str | None:
        """The WhatsApp number that is shown to people who are new."""
        return next(iter(self.whatsapp_senders), None)

    @property
    def sms_from(self) -> str | None:
        """The SMS number that is shown to people who are new."""
        return next(iter(self.sms_senders), None)

    @property
    def senders(self) -> dict[str, tuple[str, ...]]:
        """Our numbers by channel, without channels that have none."""
        given = {"whatsapp": self.whatsapp_senders, "sms": self.sms_senders}
        return {channel: numbers for channel, numbers in given.items() if numbers}

    @property
    def provider_is_local(self) -> bool:
        """Whether no message can leave this machine: demo people may be written to."""
        return self.simulated or is_loopback(urlsplit(self.twilio_api_url).hostname or "")

    @property
    def demo_sign_in(self) -> bool:
        """Whether the page that signs in demo people by one click exists."""
        local = is_loopback(self.host) and is_loopback(urlsplit(self.public_url).hostname or "")
        return self.simulated and local


def load(environ: Mapping[str, str] | None = None, folder: Path | None = None) -> Settings:
    """Read the settings of this process. Raises BadSetting naming each setting that must change."""
    source = _Source(os.environ if environ is None else environ)
    gateway = source.choice("WABP_GATEWAY", _GATEWAYS, "simulator")
    host = source.text("WABP_HOST", "127.0.0.1")
    port = source.number("WABP_PORT", 8000, 1, 65_535)
    self_contained = gateway == "simulator" and is_loopback(host)
    if not self_contained:
        needed = ["WABP_SECRET_KEY", "WABP_DATA_KEYS", "WABP_PUBLIC_URL", "WABP_DATABASE_URL"]
        if gateway == "twilio":
            needed += ["WABP_TWILIO_ACCOUNT_SID", "WABP_TWILIO_AUTH_TOKEN"]
            if source.text("WABP_WHATSAPP_FROM") is None and source.text("WABP_SMS_FROM") is None:
                needed.append("WABP_WHATSAPP_FROM")
        source.require(needed)
    if gateway == "twilio" and not source.several("WABP_TWILIO_AUTH_TOKEN"):
        raise BadSetting("setting_missing", names="WABP_TWILIO_AUTH_TOKEN")
    return Settings(
        database_url=_database_url(source, folder or Path.cwd() / "instance"),
        secret_key=source.text("WABP_SECRET_KEY") or "",
        data_keys=_data_keys(source),
        public_url=_public_url(source, host, port),
        host=host,
        port=port,
        broker_url=_broker(source),
        gateway=gateway,
        twilio_account_sid=source.text("WABP_TWILIO_ACCOUNT_SID") or "AC" + "0" * 32,
        twilio_auth_tokens=source.several("WABP_TWILIO_AUTH_TOKEN"),
        twilio_api_url=_web_address(source, "WABP_TWILIO_API_URL", TWILIO_API_URL),
        whatsapp_senders=_senders(source, "WABP_WHATSAPP_FROM", "+32400001818" if gateway == "simulator" else None),
        sms_senders=_senders(source, "WABP_SMS_FROM", "+32400001819" if gateway == "simulator" else None),
        whatsapp_mps=source.number("WABP_WHATSAPP_MPS", 80, 1, _HIGHEST_PACE),
        sms_sps=source.number("WABP_SMS_SPS", 10, 1, _HIGHEST_PACE),
        smtp_url=_mail_server(source),
        log_level=source.choice("WABP_LOG_LEVEL", LOG_LEVELS, "INFO"),
    )


def with_keys(settings: Settings) -> Settings:
    """Return settings that surely have keys: those given, else the ones kept beside the database.

    Keys are made once, in a file that only its owner can read. Raises BadSetting when there is no
    folder beside the database to keep them in (a database on a server).
    """
    if settings.secret_key and settings.data_keys:
        return settings
    beside = database_file(settings.database_url)
    if beside is None:
        missing = "WABP_DATA_KEYS" if settings.secret_key else "WABP_SECRET_KEY"
        raise BadSetting("setting_missing", names=missing)
    keys = beside.with_name(beside.name + ".keys")
    if not keys.exists() and beside.exists() and beside.stat().st_size:
        # New keys would open nothing of what is there, and nobody would know why.
        raise BadSetting("key_file_missing", name=keys)
    kept = _kept_keys(keys)
    return replace(
        settings,
        secret_key=settings.secret_key or kept["WABP_SECRET_KEY"],
        data_keys=settings.data_keys or tuple(vault.read_keys(kept["WABP_DATA_KEYS"])),
    )


def database_file(url: str) -> Path | None:
    """Return the file of a SQLite database, or None for a server."""
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address is this machine and nothing else."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class _Source:
    """The environment, with the `_FILE` way of giving a value."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    @overload
    def text(self, name: str) -> str | None: ...

    @overload
    def text(self, name: str, default: str) -> str: ...

    @overload
    def text(self, name: str, default: str | None) -> str | None: ...

    def text(self, name: str, default: str | None = None) -> str | None:
        value = self._environ.get(name, "").strip()
        if not value and (path := self._environ.get(f"{name}_FILE", "").strip()):
            try:
                value = Path(path).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError):
                raise BadSetting("setting_file", name=f"{name}_FILE") from None
        return value or default

    def several(self, name: str) -> tuple[str, ...]:
        return tuple(filter(None, (part.strip() for part in (self.text(name) or "").split(","))))

    def number(self, name: str, default: int, lowest: int, highest: int) -> int:
        value = self.text(name, str(default))
        if not (value.isascii() and value.isdigit() and len(value) < 10 and lowest <= int(value) <= highest):
            raise BadSetting("setting_number", name=name, lowest=lowest, highest=highest)
        return int(value)

    def choice(self, name: str, choices: tuple[str, ...], default: str) -> str:
        value = self.text(name, default)
        if value not in choices:
            raise BadSetting("setting_choice", name=name, choices=", ".join(choices))
        return value

    def require(self, names: list[str]) -> None:
        missing = [name for name in names if self.text(name) is None]
        if missing:
            raise BadSetting("setting_missing", names=", ".join(missing))


def _database_url(source: _Source, folder: Path) -> str:
    url = source.text("WABP_DATABASE_URL", f"sqlite:///{folder.resolve() / 'wabp.sqlite3'}")
    absolute = url.startswith("sqlite:////") and len(url) > len("sqlite:////")
    if not absolute and not (url.startswith("postgresql+psycopg://") and _can_be_split(url)):
        raise BadSetting("setting_database", name="WABP_DATABASE_URL")
    return url


def _data_keys(source: _Source) -> tuple[bytes, ...]:
    text = source.text("WABP_DATA_KEYS")
    if text is None:
        return ()
    try:
        return tuple(vault.read_keys(text))
    except ValueError:
        raise BadSetting("setting_keys", name="WABP_DATA_KEYS") from None


def _public_url(source: _Source, host: str, port: int) -> str:
    shown = f"[{host}]" if ":" in host and not host.startswith("[") else host
    return _web_address(source, "WABP_PUBLIC_URL", f"http://{shown}:{port}")


def _web_address(source: _Source, name: str, default: str) -> str:
    """Https everywhere; plain http only where nothing leaves the machine."""
    value = source.text(name, default).rstrip("/")
    if not _can_be_split(value):
        raise BadSetting("setting_url", name=name)
    parts = urlsplit(value)
    usable = parts.scheme in {"http", "https"} and parts.hostname and not parts.query and not parts.fragment
    if not usable or (parts.scheme == "http" and not is_loopback(parts.hostname or "")):
        raise BadSetting("setting_url", name=name)
    return value


def _mail_server(source: _Source) -> str | None:
    """A password is said to no server in the clear, save one on this machine."""
    value = source.text("WABP_SMTP_URL")
    if value is None:
        return None
    if not _can_be_split(value):
        raise BadSetting("setting_smtp", name="WABP_SMTP_URL")
    parts = urlsplit(value)
    usable = parts.scheme in _MAIL_SCHEMES and parts.hostname and parts.path in {"", "/"} and not parts.fragment
    in_the_clear = parts.scheme == "smtp" and parts.username and not is_loopback(parts.hostname or "")
    senders = parse_qs(parts.query)
    known = senders.keys() <= {"from"} and all(map(_MAILBOX.fullmatch, senders.get("from", [])))
    if not usable or in_the_clear or not known or any(character.isspace() for character in value):
        raise BadSetting("setting_smtp", name="WABP_SMTP_URL")
    return value


def _broker(source: _Source) -> str | None:
    """The doorbell between machines; rediss is the one with encryption."""
    value = source.text("WABP_BROKER_URL")
    if value is None:
        return None
    usable = _can_be_split(value) and not any(character.isspace() for character in value)
    if not usable or urlsplit(value).scheme not in _BROKER_SCHEMES or not urlsplit(value).hostname:
        raise BadSetting("setting_broker", name="WABP_BROKER_URL")
    return value


def _can_be_split(url: str) -> bool:
    try:
        _ = urlsplit(url).port
    except ValueError:
        return False
    return True


def _senders(source: _Source, name: str, default: str | None) -> tuple[str, ...]:
    """One number, or several with commas between them: together they send as fast as all of them may."""
    numbers = source.several(name) or tuple(filter(None, (default,)))
    if not all(map(phones.is_e164, numbers)) or len(set(numbers)) < len(numbers):
        raise BadSetting("setting_sender", name=name)
    return numbers


def _kept_keys(path: Path) -> dict[str, str]:
    """Read the key file, making it on first use in a way that two starting processes cannot both win."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        lines = f"WABP_SECRET_KEY={secrets.token_urlsafe(32)}\nWABP_DATA_KEYS={vault.new_key()}\n"
        draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    pairs = (line.split("=", 1) for line in path.read_text(encoding="utf-8").splitlines() if "=" in line)
    kept = dict(pairs)
    if not {"WABP_SECRET_KEY", "WABP_DATA_KEYS"} <= kept.keys():
        raise BadSetting("key_file", name=str(path))
    return kept
