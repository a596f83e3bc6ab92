"""Compare what should be with what is: sources ⇄ ledger ⇄ lake ⇄ partners, and fixity of the originals.

**Starts** every day at 02:00 in Jakarta.
**Leaves** a report of differences; what can be taken up again (a missed drop, a delivery without a receipt) is.
**When red**: weather is tried again and the next day repeats everything. A difference it cannot mend by itself is in
the report, not in a red task.
"""

from __future__ import annotations

from airflow.sdk import dag, task

from dags.clock import clock
from dags.weather import WEATHER


@dag(
    schedule=clock("reconcile", "0 2 * * *"),
    catchup=False,
    max_active_runs=1,
    default_args=WEATHER,
    tags=["reconcile", "daily"],
    doc_md=__doc__,
)
def reconcile() -> None:
    """One task: it compares."""

    @task(task_id="reconcile")
    def compare() -> dict:
        from infra import settings, steps

        return steps.reconcile(settings.Settings.from_env())

    compare()


reconcile()
