"""Marks: what has been fetched from remote sources, and when each may be asked again."""

import sqlalchemy as sa
from alembic import op

revision = "0002_marks"
down_revision = "0001_ledger"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "mark",
        sa.Column("source", sa.String, primary_key=True),
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("mark", sa.String, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("trouble", sa.String),
    )
