"""Where groups live: a zone (the police's and the law's unit), its districts and their streets."""

import uuid
from datetime import datetime

from sqlalchemy import JSON, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wabp.models.base import Base, Moment, WithId


class Zone(WithId, Base):
    """A police zone or team: one country, one rulebook, one clock."""

    __tablename__ = "zone"

    slug: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    country: Mapped[str] = mapped_column(String(2))
    timezone: Mapped[str] = mapped_column(String(60))
    demo: Mapped[bool] = mapped_column(default=False)
    # The zone's own rulebook as TOML, laid over its country's; None while the country's holds alone.
    rulebook: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Moment)


class District(WithId, Base):
    """A quarter of a zone, with its outline as GeoJSON coordinates when known."""

    __tablename__ = "district"
    __table_args__ = (UniqueConstraint("zone_id", "name"),)

    zone_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("zone.id"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    outline: Mapped[list[object] | None] = mapped_column(JSON)

    zone: Mapped[Zone] = relationship()


class Street(WithId, Base):
    """A street of a district. `assigned` says who placed it there: `zone`, or `demo` for an invented place."""

    __tablename__ = "street"
    __table_args__ = (UniqueConstraint("district_id", "name", "postcode"),)

    district_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("district.id"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    postcode: Mapped[str | None] = mapped_column(String(10))
    assigned: Mapped[str] = mapped_column(String(10), default="zone")

    district: Mapped[District] = relationship()
