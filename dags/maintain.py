"""Keep the tables fast and the disk clean: compact small files, remove what no release refers to any more.

**Starts** every day at 03:00 in Jakarta, an hour after `reconcile`.
**Leaves** the same rows in fewer files, and no file that neither a table nor a release needs.
**When red**: nothing is lost, tables are only slower; weather is tried again, and the next day repeats everything.
"""

from __future__ import annotations

from airflow.sdk import dag, task

from dags.clock import clock
from dags.weather import WEATHER


@dag(
    schedule=clock("maintain", "0 3 * * *"),
    catchup=False,
    max_active_runs=1,
    default_args=WEATHER,
    tags=["maintain", "daily"],
    doc_md=__doc__,
)
def maintain() -> None:
    """One task: it tidies."""

    @task(task_id="maintain")
    def tidy() -> dict:
        from infra import settings, steps

        return steps.maintain(settings.Settings.from_env())

    tidy()


maintain()
