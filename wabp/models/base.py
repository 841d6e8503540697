"""The ground of all tables: the declarative base, ids, and column types that refuse what must not be stored.

`Moment` refuses naive times, `Sealed` refuses anything that did not come out of the vault. Neither can be
got round by a noun: the types raise before the statement reaches the database.
"""

import uuid
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, LargeBinary, MetaData, Uuid
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.types import TypeDecorator
from uuid6 import uuid7

from wabp.vault import SealedBytes, Vault

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The base of every table of the product."""

    metadata = MetaData(naming_convention=NAMING)


class Moment(TypeDecorator[datetime]):
    """A moment in time, stored in UTC. A naive datetime is a bug and raises ValueError."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime has no moment: give it a time zone")
        moment = value.astimezone(UTC)
        # SQLite keeps text without a zone; one form for all rows keeps comparison by text right.
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Sealed(TypeDecorator[SealedBytes]):
    """A sealed value. Plain text or plain bytes raise TypeError: seal them first."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:
        if value is None:
            return None
        if not isinstance(value, SealedBytes):
            raise TypeError("this column takes sealed values only")
        return bytes(value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> SealedBytes | None:
        return None if value is None else SealedBytes(value)


def new_id() -> uuid.UUID:
    """Return a fresh id that sorts by time: it exists before the insert, so a seal can be bound to it."""
    return uuid.UUID(int=uuid7().int)


class WithId:
    """A row known by a time-ordered UUID, made on construction."""

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)

    def __init__(self, **values: Any) -> None:
        values.setdefault("id", new_id())
        super().__init__(**values)


# SQLite counts row ids itself, but only for a column of exactly this type.
RowNumber = BigInteger().with_variant(Integer, "sqlite")


def vault_of(session: Session) -> Vault:
    """Return the key ring that this session was opened with."""
    vault = session.info["vault"]
    assert isinstance(vault, Vault)
    return vault


def label_of(row_type: type[Base], field: str) -> str:
    """Return the name that a sealed column is bound to, such as `address.value`."""
    return f"{row_type.__tablename__}.{field}"


def seal(session: Session, row: Any, field: str, value: str | None) -> None:
    """Set the sealed column `field` of `row`, bound to the row's id."""
    sealed = None if value is None else vault_of(session).seal(label_of(type(row), field), row.id, value)
    setattr(row, field, sealed)


def unseal(session: Session, row: Any, field: str) -> str:
    """Return the text of the sealed column `field`, or "" when it is empty."""
    sealed = getattr(row, field)
    return "" if sealed is None else vault_of(session).open(label_of(type(row), field), row.id, sealed)
