"""Make the renditions of accepted media: web picture and thumbnail, poster and preview, waveform and web sound.

**Starts** after a release, and every 30 minutes in case that event was lost. It is a Dag of its own so that neither
taking in nor releasing ever waits for it: a large video takes minutes.
**Leaves** copies under `renditions/` and their rows in table `rendisi`, curated; the next release shows them.
**When red**: what cannot be rendered is a row with `galat`, not a red task. It is weather (tried again; what was made
is kept) or our own bug (`ContractError`: mend it, then start the Dag by hand).
"""

from __future__ import annotations

from airflow.sdk import AssetOrTimeSchedule, dag, task
from airflow.sdk.exceptions import AirflowSkipException

from dags.clock import clock
from dags.watch import CURATED, RELEASED
from dags.weather import WEATHER


@dag(
    schedule=AssetOrTimeSchedule(timetable=clock("render", "15,45 * * * *"), assets=[RELEASED]),
    catchup=False,
    max_active_runs=1,
    default_args=WEATHER,
    tags=["render", "lake"],
    doc_md=__doc__,
)
def render() -> None:
    """One task: it renders, and says so when there is something new to release."""

    @task(task_id="render", outlets=[CURATED])
    def develop() -> dict:
        from os import nice

        from infra import settings, steps

        nice(10)  # what somebody waits for goes first
        if not any((counts := steps.render(settings.Settings.from_env())).values()):
            raise AirflowSkipException("every medium has its renditions")
        return counts

    develop()


render()
