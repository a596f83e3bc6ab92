"""What a task does when something outside fails: it waits, ever longer, and tries again."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

WEATHER = {
    "retries": 4,
    "retry_delay": timedelta(seconds=5),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=5),
    # Our own bug is not weather: another try would only bury the first traceback.
    "retry_policy": ExceptionRetryPolicy(
        rules=[RetryRule(exception="schemas.dataset.ContractError", action=RetryAction.FAIL)]
    ),
}
