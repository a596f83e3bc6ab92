"""Submissions, batches, leases and deliveries."""

import sqlalchemy as sa
from alembic import op

revision = "0001_ledger"
down_revision = None


def upgrade() -> None:
    """Create the four tables."""
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "batch",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("made_at", instant, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("trouble", sa.String),
        sa.Column("judged_at", instant),
        sa.Column("answered_at", instant),
        sa.Column("commit_no", sa.Integer, unique=True),
        sa.Column("curated_at", instant),
        sa.Column("versions", sa.JSON, nullable=False),
        sa.Column("release", sa.Integer),
        sa.Column("released_at", instant),
        sqlite_autoincrement=True,  # no number is given twice, as PostgreSQL's never is: batches are dissolved
    )
    for step in ("judged", "answered", "curated", "released"):
        due = sa.text(f"{step}_at IS NULL")
        op.create_index(f"batch_not_{step}", "batch", ["id"], sqlite_where=due, postgresql_where=due)

    op.create_table(
        "submission",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("receipt", sa.String, nullable=False, unique=True),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("satker", sa.String),
        sa.Column("dataset", sa.String),
        sa.Column("fingerprint", sa.String, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String, nullable=False, index=True),
        sa.Column("turn", sa.String, nullable=False),
        sa.Column("reason", sa.String),
        sa.Column("batch_id", sa.Integer, sa.ForeignKey("batch.id"), index=True),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("rows_in", sa.BigInteger),
        sa.Column("rows_accepted", sa.BigInteger),
        sa.Column("rows_returned", sa.BigInteger),
        sa.Column("rows_skipped", sa.BigInteger),
        sa.Column("arrived_at", instant, nullable=False),
        sa.UniqueConstraint("source", "name", "version", name="submission_version"),
        sa.UniqueConstraint("year", "number", "version", name="submission_number"),
        sa.CheckConstraint("rows_in = rows_accepted + rows_returned + rows_skipped", name="submission_row_balance"),
        sqlite_autoincrement=True,
    )
    waiting = sa.text("batch_id IS NULL AND state = 'DITERIMA_RAW'")
    op.create_index("submission_unbatched", "submission", ["id"], sqlite_where=waiting, postgresql_where=waiting)

    op.create_table(
        "lease",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("until", instant, nullable=False),
        sa.Column("token", sa.Integer, nullable=False),
    )

    op.create_table(
        "delivery",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("target", sa.String, nullable=False),
        sa.Column("release", sa.Integer, nullable=False),
        sa.Column("item", sa.String, nullable=False),
        sa.Column("version", sa.String, nullable=False),
        sa.Column("sha256", sa.String),
        sa.Column("size", sa.BigInteger),
        sa.Column("answer", sa.String, nullable=False),
        sa.Column("ok", sa.Boolean, nullable=False),
        sa.Column("at", instant, nullable=False),
        sa.Index("delivery_target", "target", "release", "item"),
        sqlite_autoincrement=True,
    )
