"""Owns the keys at work: sealing values to their row, looking sealed values up, and signing small things.

A sealed value is `version · key id · nonce · ciphertext`, AES-256-GCM with `label|row id` as associated
data, so that a ciphertext moved to another row or column does not open. Every use has its own key, made
by HKDF-SHA256 (ADR 0003): for sealing and looking up from each data key, for signing from the secret key.
The newest data key seals; all of them open and look up.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
_VERSION = b"\x01"
_KEY_ID_BYTES = 4
_NONCE_BYTES = 12
_HEAD_BYTES = len(_VERSION) + _KEY_ID_BYTES


class SealedBytes(bytes):
    """Bytes that came out of `Vault.seal`: the only kind that a sealed column takes."""


class CannotOpen(Exception):
    """A sealed value does not open: wrong key, wrong row, or damaged."""


@dataclass(frozen=True)
class Fingerprint:
    """What a value is found by: a keyed hash, and the id of the key that made it."""

    key_id: bytes
    digest: bytes


class Vault:
    """The key ring of one installation, newest key first."""

    def __init__(self, data_keys: Sequence[bytes], secret_key: str) -> None:
        if not data_keys:
            raise ValueError("a vault needs at least one data key")
        self._sealing = {_key_id(key): AESGCM(_derive(key, "seal")) for key in data_keys}
        self._indexing = {_key_id(key): _derive(key, "index") for key in data_keys}
        self._newest = _key_id(data_keys[0])
        self._signing = _derive(secret_key.encode(), "sign")

    def seal(self, label: str, row_id: object, value: str) -> SealedBytes:
        """Return `value` sealed to one column of one row."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._sealing[self._newest].encrypt(nonce, value.encode(), _bound_to(label, row_id))
        return SealedBytes(_VERSION + self._newest + nonce + sealed)

    def open(self, label: str, row_id: object, sealed: bytes) -> str:
        """Return what was sealed. Raises CannotOpen for another row, another label or a missing key."""
        key = self._sealing.get(sealed[len(_VERSION) : _HEAD_BYTES])
        if key is None or sealed[: len(_VERSION)] != _VERSION:
            raise CannotOpen(label)
        nonce, ciphertext = sealed[_HEAD_BYTES : _HEAD_BYTES + _NONCE_BYTES], sealed[_HEAD_BYTES + _NONCE_BYTES :]
        try:
            return key.decrypt(nonce, ciphertext, _bound_to(label, row_id)).decode()
        except (InvalidTag, ValueError):
            # ValueError: what is left of a value that was cut short.
            raise CannotOpen(label) from None

    def fingerprint(self, kind: str, value: str) -> Fingerprint:
        """Return the blind index of `value` under the newest key."""
        return self._fingerprint(self._newest, kind, value)

    def fingerprints(self, kind: str, value: str) -> list[Fingerprint]:
        """Return the blind index of `value` under every live key, newest first."""
        return [self._fingerprint(key_id, kind, value) for key_id in self._indexing]

    def _fingerprint(self, key_id: bytes, kind: str, value: str) -> Fingerprint:
        digest = hmac.digest(self._indexing[key_id], f"{kind}:{value}".encode(), "sha256")
        return Fingerprint(key_id, digest)

    def sign(self, purpose: str, value: str) -> str:
        """Return a URL-safe MAC over `value` for one purpose."""
        digest = hmac.digest(self._signing, f"{purpose}|{value}".encode(), "sha256")
        return base64.urlsafe_b64encode(digest[:18]).decode()

    def signed_by_us(self, purpose: str, value: str, mac: str) -> bool:
        """Tell, in constant time, whether `mac` is ours for this purpose and value."""
        return hmac.compare_digest(self.sign(purpose, value).encode(), mac.encode("utf-8", "replace"))


def read_keys(text: str) -> list[bytes]:
    """Return the data keys of a comma-separated setting. Raises ValueError when one is not 32 bytes."""
    keys = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        try:
            key = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
        except binascii.Error:
            raise ValueError("not base64") from None
        if len(key) != KEY_BYTES:
            raise ValueError("not 32 bytes")
        keys.append(key)
    if not keys:
        raise ValueError("empty")
    return keys


def new_key() -> str:
    """Return a fresh data key in the form of the setting."""
    return base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def digest(token: str) -> str:
    """Return what is stored of a random token that somebody else carries."""
    return hashlib.sha256(token.encode()).hexdigest()


def _derive(key: bytes, use: str) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=f"wabp {use} 1".encode()).derive(key)


def _key_id(key: bytes) -> bytes:
    return _derive(key, "id")[:_KEY_ID_BYTES]


def _bound_to(label: str, row_id: object) -> bytes:
    return f"{label}|{row_id}".encode()
