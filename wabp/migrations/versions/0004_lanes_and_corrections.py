"""Lanes and leases for sending, corrections, approved forms that stand by, and what an address refused."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_PARTIAL = {
    "ix_delivery_waiting": (
        ["channel", "sender", "priority", "turn", "id"],
        "state = 'queued' AND not_before IS NULL",
    ),
    "ix_delivery_held": (["not_before"], "state = 'queued' AND not_before IS NOT NULL"),
    "ix_delivery_queued": (["expires_at"], "state = 'queued'"),
    "ix_delivery_climbing": (["climb_at"], "climb_at IS NOT NULL"),
    "ix_delivery_by_form": (["claimed_at", "address_id"], "by_form"),
    "ix_delivery_follows": (["follows_id"], "follows_id IS NOT NULL"),
    "ix_delivery_unfinished": (["accepted_at"], "state in ('accepted', 'sent')"),
}


def upgrade() -> None:
    op.create_table(
        "lane",
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.Column("sender", sa.String(length=20), nullable=False),
        sa.Column("stopped_at", _MOMENT, nullable=True),
        sa.Column("stopped_code", sa.Integer(), nullable=True),
        sa.Column("told_at", _MOMENT, nullable=True),
        sa.Column("forms_again_at", _MOMENT, nullable=True),
        sa.Column("daily_limit", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("channel", "sender", name=op.f("pk_lane")),
    )
    op.create_table(
        "lease",
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("holder", sa.String(length=120), nullable=True),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("beat", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("purpose", name=op.f("pk_lease")),
    )
    with op.batch_alter_table("address", schema=None) as batch_op:
        batch_op.add_column(sa.Column("written_to", sa.String(length=20), nullable=True))
        batch_op.add_column(sa.Column("no_whatsapp_at", _MOMENT, nullable=True))
        batch_op.add_column(sa.Column("sms_stopped_at", _MOMENT, nullable=True))
        batch_op.add_column(sa.Column("bad_count", sa.SmallInteger(), nullable=False, server_default="0"))
    with op.batch_alter_table("inbound_message", schema=None) as batch_op:
        batch_op.add_column(sa.Column("written_to", sa.String(length=20), nullable=True))
    with op.batch_alter_table("simulated_message", schema=None) as batch_op:
        batch_op.add_column(sa.Column("sender", sa.String(length=20), nullable=False, server_default=""))
    with op.batch_alter_table("alert", schema=None) as batch_op:
        batch_op.add_column(sa.Column("form", sa.String(length=10), nullable=False, server_default="alert"))
        batch_op.add_column(sa.Column("called_off", sa.String(length=30), nullable=True))
        batch_op.create_index(batch_op.f("ix_alert_corrects_id"), ["corrects_id"], unique=False)
    with op.batch_alter_table("template", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_template_kind_language"), type_="unique")
        batch_op.add_column(sa.Column("paused_at", _MOMENT, nullable=True))
        batch_op.create_unique_constraint(
            batch_op.f("uq_template_kind_language_content_sid"), ["kind", "language", "content_sid"]
        )
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.drop_index("ix_delivery_waiting")
        batch_op.add_column(sa.Column("sender", sa.String(length=20), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("turn", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("attempt", sa.SmallInteger(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("by_form", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("follows_id", _ROW_NUMBER, nullable=True))
        batch_op.add_column(sa.Column("climb_at", _MOMENT, nullable=True))
        batch_op.create_foreign_key(batch_op.f("fk_delivery_follows_id"), "delivery", ["follows_id"], ["id"])
    for name, (columns, which) in _PARTIAL.items():
        op.create_index(name, "delivery", columns, sqlite_where=sa.text(which), postgresql_where=sa.text(which))
