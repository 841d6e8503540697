"""A zone's own rulebook, the rule behind each finding, and a check word for each group."""

import sqlalchemy as sa
from alembic import op

from wabp.models.groups import new_check_word

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("zone", schema=None) as batch_op:
        batch_op.add_column(sa.Column("rulebook", sa.Text(), nullable=True))
    with op.batch_alter_table("finding", schema=None) as batch_op:
        batch_op.add_column(sa.Column("rule", sa.String(length=80), nullable=False, server_default=""))
    with op.batch_alter_table("group", schema=None) as batch_op:
        batch_op.add_column(sa.Column("check_word", sa.String(length=20), nullable=False, server_default=""))
    group = sa.table("group", sa.column("id", sa.Uuid()), sa.column("check_word", sa.String()))
    connection = op.get_bind()
    for (key,) in connection.execute(sa.select(group.c.id)).all():
        connection.execute(group.update().where(group.c.id == key).values(check_word=new_check_word()))

