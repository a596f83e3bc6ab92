"""How the embedded Airflow is configured: the environment its components run in."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path

from infra.embedded.processes import MARK
from infra.embedded.stack_files import Keys
from infra.settings import ROOT, Settings

USER = "satu"


def environment(settings: Settings, folder: Path, port: int, database: dict[str, str], keys: Keys) -> dict[str, str]:
    """Everything a component needs to know; our own settings travel along as `SPIT_…`.

    `database` is Airflow's section of that name: `sql_alchemy_conn` and, where it must differ, `…_async`.
    """
    env = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    env.pop("PYTHONDONTWRITEBYTECODE", None)  # it would have each component compile Airflow anew
    env |= {f"SPIT_{name.upper()}": str(value) for name, value in asdict(settings).items() if value is not None}
    env |= {
        MARK: str(settings.home.resolve()),
        "SPT_NOENV": "1",  # setproctitle would write the title over the mark
        "AIRFLOW_HOME": str(folder / "airflow"),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        "NO_PROXY": ",".join(filter(None, [os.environ.get("NO_PROXY"), "127.0.0.1"])),
        "GX_ANALYTICS_ENABLED": "false",
        "OPENBLAS_NUM_THREADS": "1",  # tasks are forked, and a fork is sound when there are no threads to lose
    }
    url = f"http://127.0.0.1:{port}"
    options: dict[str, dict[str, object]] = {
        "core": {
            "dags_folder": ROOT / "dags",
            "load_examples": False,
            "dags_are_paused_at_creation": False,
            "executor": "LocalExecutor",
            "parallelism": 6,
            "hostname_callable": "socket.gethostname",  # the default asks DNS, which an isolated office may not have
            "execution_api_server_url": f"{url}/execution/",
            "simple_auth_manager_users": f"{USER}:admin",
            "simple_auth_manager_passwords_file": folder / "passwords.json",
            "fernet_key": keys.fernet,
        },
        "database": {**database},
        "api": {"host": "127.0.0.1", "port": port, "base_url": url, "secret_key": keys.session},
        "api_auth": {"jwt_secret": keys.jwt},
        "scheduler": {
            "scheduler_idle_sleep_time": 0.25,
            # What was killed is noticed within half a minute; the defaults are made for a cluster.
            "scheduler_health_check_threshold": 15,
            "orphaned_tasks_check_interval": 15,
            "task_instance_heartbeat_timeout": 30,
            "task_instance_heartbeat_timeout_detection_interval": 5,
            "task_queued_timeout": 60,
        },
        # A worker that misses the end of its task sees it at the next beat, and is busy until then.
        "workers": {"min_heartbeat_interval": 1},
        "dag_processor": {"min_file_process_interval": 300, "refresh_interval": 60, "parsing_processes": 1},
        "triggerer": {"triggerer_health_check_threshold": 15},
        "logging": {
            "base_log_folder": folder / "log" / "tasks",
            "colored_console_log": False,
            "namespace_levels": "airflow.models.dag=WARNING",  # says four times a second that a run waits for another
        },
    }
    for section, pairs in options.items():
        env |= {f"AIRFLOW__{section}__{name}".upper(): str(value) for name, value in pairs.items()}
    return env
