"""Who did what, when. Ids and keys only, so that erasing a person never breaks the record."""

import uuid
from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from wabp.models.base import Base, Moment, RowNumber


class AuditEvent(Base):
    """One act. `actor` is person, account, operator (a command on the machine) or system."""

    __tablename__ = "audit_event"

    id: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    at: Mapped[datetime] = mapped_column(Moment)
    actor: Mapped[str] = mapped_column(String(8))
    actor_id: Mapped[uuid.UUID | None]
    zone_id: Mapped[uuid.UUID | None] = mapped_column(index=True)
    act: Mapped[str] = mapped_column(String(40))
    noun: Mapped[str] = mapped_column(String(20))
    noun_id: Mapped[uuid.UUID | None]
    detail: Mapped[str | None] = mapped_column(String(60))
