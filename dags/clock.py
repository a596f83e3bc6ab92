"""What starts a Dag when no event does: a cron line, which an operator may set as `SPIT_<DAG>_CLOCK`."""

from __future__ import annotations

import os

from airflow.sdk import CronTriggerTimetable


def clock(dag: str, default: str) -> CronTriggerTimetable:
    """The timetable of a Dag, in the time of Jakarta."""
    return CronTriggerTimetable(os.environ.get(f"SPIT_{dag.upper()}_CLOCK") or default, timezone="Asia/Jakarta")
