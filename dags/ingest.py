"""Take in what offices have dropped: landing → raw → judged → receipts and curated tables.

**Starts** when a submission shows up in the landing zone, and every 15 minutes in case an event was lost.
**Leaves** originals in `raw/`, a receipt per submission, one Delta commit per table and batch. Every run drains all.
**When red**: what is wrong with a submission never turns a task red. It is weather (disk, network, a killed process:
tried again, and the next run takes over) or our own bug (`ContractError`: mend it, then start the Dag by hand).
"""

from __future__ import annotations

from airflow.sdk import AssetOrTimeSchedule, chain, dag, task
from airflow.sdk.exceptions import AirflowSkipException

from dags.clock import clock
from dags.watch import CURATED, LANDING
from dags.weather import WEATHER


@dag(
    schedule=AssetOrTimeSchedule(timetable=clock("ingest", "*/15 * * * *"), assets=[LANDING]),
    catchup=False,
    max_active_runs=1,
    default_args=WEATHER,
    tags=["ingest", "lake"],
    doc_md=__doc__,
)
def ingest() -> None:
    """Wire land → judge → answer and, beside it, curate."""

    @task
    def land() -> dict:
        from infra import settings, steps

        return steps.land(settings.Settings.from_env())

    @task
    def judge() -> dict:
        from infra import settings, steps

        return steps.judge(settings.Settings.from_env())

    @task
    def answer() -> dict:
        from infra import settings, steps

        return steps.answer(settings.Settings.from_env())

    @task(outlets=[CURATED])
    def curate() -> dict:
        from infra import settings, steps

        if not any((counts := steps.curate(settings.Settings.from_env())).values()):
            raise AirflowSkipException("nothing was due")
        return counts

    chain(land(), judge(), [answer(), curate()])


ingest()
