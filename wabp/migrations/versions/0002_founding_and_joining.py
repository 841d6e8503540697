"""Founding, joining, sanctions, and signing in by code, password and second factor."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attempt",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("key_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
    )
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.create_index("ix_attempt_counted", ["kind", "key_digest", "at"], unique=False)

    op.create_table(
        "sign_in_code",
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("browser_digest", sa.String(length=64), nullable=False),
        sa.Column("counted_as", sa.String(length=24), nullable=False),
        sa.Column("code_hash", sa.String(length=200), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_sign_in_code_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_code")),
    )
    with op.batch_alter_table("sign_in_code", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sign_in_code_browser_digest"), ["browser_digest"], unique=False)
        batch_op.create_index(batch_op.f("ix_sign_in_code_counted_as"), ["counted_as"], unique=False)
        batch_op.create_index(batch_op.f("ix_sign_in_code_person_id"), ["person_id"], unique=False)

    op.create_table(
        "application",
        sa.Column("browser_digest", sa.String(length=64), nullable=True),
        sa.Column("group_id", sa.Uuid(), nullable=True),
        sa.Column("answers", sa.LargeBinary(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["group.id"], name=op.f("fk_application_group_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application")),
        sa.UniqueConstraint("group_id", name=op.f("uq_application_group_id")),
    )
    with op.batch_alter_table("application", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_application_browser_digest"), ["browser_digest"], unique=False)

    op.create_table(
        "application_version",
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("answers", sa.LargeBinary(), nullable=False),
        sa.Column("charter_version", sa.String(length=20), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["group.id"], name=op.f("fk_application_version_group_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application_version")),
        sa.UniqueConstraint("group_id", "number", name=op.f("uq_application_version_group_id_number")),
    )
    op.create_table(
        "appointment",
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=12), nullable=False),
        sa.Column("founded", sa.Boolean(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proven_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["group.id"], name=op.f("fk_appointment_group_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_appointment_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment")),
    )
    with op.batch_alter_table("appointment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_appointment_group_id"), ["group_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_appointment_person_id"), ["person_id"], unique=False)

    op.create_table(
        "charter_signature",
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("party", sa.String(length=12), nullable=False),
        sa.Column("signed_by", sa.String(length=8), nullable=False),
        sa.Column("signed_by_id", sa.Uuid(), nullable=True),
        sa.Column("charter_version", sa.String(length=20), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["group.id"], name=op.f("fk_charter_signature_group_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_charter_signature")),
        sa.UniqueConstraint("group_id", "party", name=op.f("uq_charter_signature_group_id_party")),
    )
    op.create_table(
        "joining",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.String(length=10), nullable=False),
        sa.Column("means", sa.String(length=8), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("street_id", sa.Uuid(), nullable=True),
        sa.Column("waiting_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("question", sa.LargeBinary(), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.LargeBinary(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["group.id"], name=op.f("fk_joining_group_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_joining_person_id")),
        sa.ForeignKeyConstraint(["street_id"], ["street.id"], name=op.f("fk_joining_street_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_joining")),
        sa.UniqueConstraint("person_id", "group_id", name=op.f("uq_joining_person_id_group_id")),
    )
    with op.batch_alter_table("joining", schema=None) as batch_op:
        batch_op.create_index("ix_joining_waiting", ["group_id", "step", "waiting_since"], unique=False)

    op.create_table(
        "review",
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("decision", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.Column("checklist", sa.JSON(), nullable=False),
        sa.Column("screened", sa.Boolean(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("rulebook_version", sa.String(length=20), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_review_account_id")),
        sa.ForeignKeyConstraint(["group_id"], ["group.id"], name=op.f("fk_review_group_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review")),
    )
    with op.batch_alter_table("review", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_review_group_id"), ["group_id"], unique=False)

    op.create_table(
        "reverse_code",
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("digest", sa.String(length=24), nullable=False),
        sa.Column("letters", sa.LargeBinary(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.Column("browser_digest", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["appointment_id"], ["appointment.id"], name=op.f("fk_reverse_code_appointment_id")),
        sa.ForeignKeyConstraint(["group_id"], ["group.id"], name=op.f("fk_reverse_code_group_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reverse_code")),
    )
    with op.batch_alter_table("reverse_code", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reverse_code_appointment_id"), ["appointment_id"], unique=False)
        batch_op.create_index("ix_reverse_code_browser", ["browser_digest", "group_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_reverse_code_digest"), ["digest"], unique=False)
        batch_op.create_index(batch_op.f("ix_reverse_code_ends_at"), ["ends_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_reverse_code_group_id"), ["group_id"], unique=False)

    op.create_table(
        "sanction",
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.Column("imposed_by", sa.String(length=8), nullable=False),
        sa.Column("imposed_by_id", sa.Uuid(), nullable=True),
        sa.Column("imposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lift_reason", sa.LargeBinary(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["group.id"], name=op.f("fk_sanction_group_id")),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], name=op.f("fk_sanction_membership_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sanction")),
    )
    with op.batch_alter_table("sanction", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sanction_membership_id"), ["membership_id"], unique=False)
        batch_op.create_index("ix_sanction_of", ["group_id", "membership_id", "imposed_at"], unique=False)

    op.create_table(
        "reply",
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=True),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.Column("written_by_id", sa.Uuid(), nullable=True),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["group.id"], name=op.f("fk_reply_group_id")),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], name=op.f("fk_reply_membership_id")),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name=op.f("fk_reply_report_id")),
        sa.ForeignKeyConstraint(["written_by_id"], ["person.id"], name=op.f("fk_reply_written_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reply")),
    )
    with op.batch_alter_table("reply", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reply_group_id"), ["group_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_reply_membership_id"), ["membership_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_reply_report_id"), ["report_id"], unique=False)

    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.add_column(sa.Column("language", sa.String(length=2), nullable=False, server_default="nl"))
        batch_op.add_column(sa.Column("email", sa.LargeBinary(), nullable=True))
        batch_op.add_column(sa.Column("email_key", sa.LargeBinary(length=4), nullable=True))
        batch_op.add_column(sa.Column("email_digest", sa.LargeBinary(length=32), nullable=True))
        batch_op.add_column(sa.Column("password_hash", sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column("totp_secret", sa.LargeBinary(), nullable=True))
        batch_op.add_column(sa.Column("totp_step", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("setup_digest", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("setup_until", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("mailed_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(batch_op.f("ix_account_setup_digest"), ["setup_digest"], unique=True)
        batch_op.create_index("uq_account_email", ["email_key", "email_digest"], unique=True)

    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.add_column(sa.Column("secret_values", sa.LargeBinary(), nullable=True))

    with op.batch_alter_table("group", schema=None) as batch_op:
        batch_op.add_column(sa.Column("state_since", sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.add_column(sa.Column("forget_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("quiet_at_night", sa.Boolean(), nullable=False, server_default=sa.false()))

    # Sign-ins are made anew: everybody signs in once more, now with a factor that is remembered.
    op.drop_table("sign_in")
    op.create_table(
        "sign_in",
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("factor", sa.String(length=10), nullable=False),
        sa.Column("device", sa.String(length=60), nullable=False),
        sa.Column("browser_digest", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_sign_in_account_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_sign_in_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_sign_in_token_digest")),
    )
    with op.batch_alter_table("sign_in", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sign_in_account_id"), ["account_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_sign_in_person_id"), ["person_id"], unique=False)
