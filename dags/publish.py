"""Release what was curated: audit → released pointer → catalogue, packages and partners.

**Starts** when a batch has been curated, and every 30 minutes in case that event was lost.
**Leaves** a release record, the released pointer on it, what is published for it, and a receipt per partner. A table
that fails its audit keeps its last released version, and readers see no change.
**When red**: the log of the red task says whether it is weather (tried again, and the next run takes over) or our own
bug (`ContractError`: mend it, then start the Dag by hand). A partner that cannot be reached delays nobody: the next
run and the daily `reconcile` deliver what is missing.
"""

from __future__ import annotations

from airflow.sdk import AssetOrTimeSchedule, chain, dag, task
from airflow.sdk.exceptions import AirflowSkipException

from dags.clock import clock
from dags.watch import CURATED, RELEASED
from dags.weather import WEATHER


@dag(
    schedule=AssetOrTimeSchedule(timetable=clock("publish", "*/30 * * * *"), assets=[CURATED]),
    catchup=False,
    max_active_runs=1,
    default_args=WEATHER,
    tags=["publish", "lake"],
    doc_md=__doc__,
)
def publish() -> None:
    """Wire audit → release → deliver."""

    @task
    def audit() -> dict:
        from infra import settings, steps

        return steps.audit(settings.Settings.from_env())

    @task(outlets=[RELEASED])
    def release() -> dict:
        from infra import settings, steps

        if not any((counts := steps.release(settings.Settings.from_env())).values()):
            raise AirflowSkipException("nothing passed the audit that was not released before")
        return counts

    @task(trigger_rule="none_failed")
    def deliver() -> dict:
        from infra import settings, steps

        return steps.deliver(settings.Settings.from_env())

    chain(audit(), release(), deliver())


publish()
