"""The ledger's schema, one file under `versions/` per step, run in order when the ledger is opened.

A step is named `NNNN_what.py` and its revision is that name: the newest is known from the folder listing alone, so
opening a ledger that is up to date never imports alembic. The tests compare the result with the tables in
`infra/ledger/database.py`.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection


def upgrade(connection: Connection) -> None:
    """Run what is missing inside the caller's transaction: killed in the middle, the schema is as it was."""
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    command.upgrade(config, "head")
