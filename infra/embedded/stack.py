"""The embedded stack: Airflow and its database as child processes, started, watched and stopped together."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib.metadata import version
from time import monotonic, sleep
from typing import NoReturn, Self
from urllib.error import HTTPError

import psutil

from infra.embedded import processes, stack_files
from infra.embedded.airflow_api import AirflowApi, UnreachableError
from infra.embedded.airflow_env import USER, environment
from infra.embedded.component import component
from infra.embedded.postgres import Postgres
from infra.embedded.supervisor import Supervisor
from infra.ledger.inbox import Inbox
from infra.settings import Settings

API, SCHEDULER, DATABASE, PUBLIC = "api-server", "scheduler", "database", "public-api"
WORK = (
    "infra.steps,infra.judging.judge,infra.lake,infra.releasing,infra.publishing.publication,infra.publishing.deliver,"
    "infra.sql.query,transforms.receipt,great_expectations"
)
COMPONENTS = {  # name → what to import while waiting for the word, then the command
    API: ("airflow.api_fastapi.main", "airflow", API, "--workers", "1"),
    # These fork: what they have imported, each parse and each task finds there instead of paying for it.
    "dag-processor": ("airflow.jobs.dag_processor_job_runner,dags.ingest", "airflow", "dag-processor"),
    SCHEDULER: (f"airflow.jobs.scheduler_job_runner,dags.ingest,{WORK}", "airflow", SCHEDULER, "--skip-serve-logs"),
    "triggerer": ("airflow.jobs.triggerer_job_runner,dags.watch", "airflow", "triggerer", "--skip-serve-logs"),
}


class StackFailed(RuntimeError):
    """A component ended, or something took too long, while starting; the message holds the end of the log."""


class Stack:
    """Airflow and its database under `<home>/stack`, bound to loopback, running as long as the `with` block.

    Entering starts everything, closes the runs that a killed stack left open, and starts one `ingest` run, so that
    what is due is taken up at once. A component that dies meanwhile is started again. Leaving ends every process, and
    so do SIGINT, SIGTERM and SIGHUP, which leave the block. For the main thread. StackBusyError when it runs already.
    With `serve`, the public API runs beside it, at `public_url`.
    """

    def __init__(self, settings: Settings, say: Callable[[str], None] = print, *, serve: bool = False) -> None:
        self.settings, self._say, self._serve = settings, say, serve
        self.home = settings.home.resolve()
        self.folder = self.home / "stack"
        self._supervisor = Supervisor(self.folder / "log", say)
        self._undo = ExitStack()

    def __enter__(self) -> Self:
        self._began, self._began_at = monotonic(), datetime.now(UTC)
        for folder in (self.folder / "log", self.folder / self.settings.database, self.settings.landing):
            folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as undo:
            undo.callback(os.close, stack_files.take_lock(self.folder))
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                undo.callback(signal.signal, number, signal.getsignal(number))
                if number != signal.SIGINT and signal.getsignal(number) != signal.SIG_IGN:
                    signal.signal(number, _leave)
            undo.callback(self._end)
            self._start()
            self._undo = undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End every process of the stack, running tasks included: the ledger knows what they had not finished."""
        self._undo.close()

    # ---- what one can ask of it

    def age(self) -> float:
        """Seconds since the start began."""
        return monotonic() - self._began

    def alive(self) -> dict[str, bool]:
        """Component → whether its process runs."""
        return {name: not child.dead for name, child in self._supervisor.children.items()}

    def healthy(self) -> bool:
        """Whether every part of Airflow has reported since this start; what it reported before does not count."""
        try:
            report = self.api.get("/monitor/health")
        except (UnreachableError, HTTPError):
            return False
        beats = [part[f"latest_{name}_heartbeat"] for name, part in report.items() if name != "metadatabase"]
        return all(beat and datetime.fromisoformat(beat) > self._began_at for beat in beats)

    def wait_healthy(self, seconds: float = 120) -> float:
        """Wait until the stack is healthy; returns its age then. StackFailed when that takes more than `seconds`."""
        self._until(self.healthy, "every component to report", seconds)
        return self.age()

    def trigger(self, dag: str) -> str:
        """Start a run of this Dag; returns its id."""
        path, body = f"/dags/{dag}/dagRuns", {"logical_date": None}
        try:
            return self.api.post(path, body)["dag_run_id"]
        except HTTPError as error:
            if error.code < 500:
                raise
        # On SQLite the API server can lock itself out for five seconds. Should that make two runs, it does no harm.
        return self.api.post(path, body)["dag_run_id"]

    def memory(self) -> dict[str, int]:
        """Component → bytes, shared pages counted once; `tasks` are the task processes of this moment."""
        return {name: processes.memory(group) for name, group in self._groups().items()}

    def cpu_seconds(self) -> dict[str, float]:
        """Component → CPU seconds since it started; `tasks` are all task processes so far, ended or not.

        Everything but `tasks` is the price of Airflow itself.
        """
        groups = self._groups()
        used = {name: processes.cpu_seconds(tree) + processes.ended_cpu_seconds(tree) for name, tree in groups.items()}
        ended = processes.ended_cpu_seconds(groups[SCHEDULER])
        return {**used, SCHEDULER: used[SCHEDULER] - ended, "tasks": used["tasks"] + ended}

    def _groups(self) -> dict[str, list[psutil.Process]]:
        groups: dict[str, list[psutil.Process]] = {"tasks": []}
        for name, child in self._supervisor.children.items():
            if not child.dead:
                below = child.process.children(recursive=name != SCHEDULER)
                groups[name] = [child.process, *below]
                if name == SCHEDULER:  # below it are its workers, and below those the tasks
                    groups["tasks"] = [task for worker in below for task in worker.children(recursive=True)]
        return groups

    # ---- starting and ending

    def _start(self) -> None:
        if killed := processes.sweep(self.home):
            self._say(f"ended {killed} processes that an earlier stack had left behind")
        if self.settings.ledger.startswith("sqlite:"):  # then nobody else can work on it, and all who did are gone
            with Inbox.open(self.settings.ledger) as inbox:
                inbox.break_leases()
        keys, port = stack_files.keys(self.folder), stack_files.port(self.folder)
        passwords = self.folder / "passwords.json"
        stack_files.write_private(passwords, json.dumps({USER: keys.password}))
        self.url = f"http://127.0.0.1:{port}"
        self.api = AirflowApi(self.url, USER, keys.password)
        if self.settings.database == "postgres":
            server = Postgres(self.folder / "postgres", stack_files.free_port(), keys.database)
            database = {
                "sql_alchemy_conn": f"postgresql+psycopg2://{server.address}",
                "sql_alchemy_conn_async": f"postgresql+asyncpg://{server.address}",
            }
        else:
            server, database = None, {"sql_alchemy_conn": f"sqlite:///{self.folder / 'sqlite' / 'airflow.db'}"}
        self._supervisor.environment = environment(self.settings, self.folder, port, database, keys)
        if server:
            server.prepare(self._supervisor.environment)
            self._supervisor.start(DATABASE, server.command)
        for name, (preload, *command) in COMPONENTS.items():
            self._supervisor.start(name, component(preload, *command))
        if server:
            self._until(server.answers, "the database to answer")
        self._migrate()
        self._supervisor.go(*COMPONENTS.keys() - {SCHEDULER})
        self._say(f"waiting for Airflow on {self.url}")
        self._until(self.api.answers, "Airflow to answer")
        self._close_interrupted_runs()
        self._supervisor.go(SCHEDULER)
        self._until(lambda: self._knows("ingest"), "the Dags to be read")
        self.trigger("ingest")
        if self._serve:
            port = stack_files.port(self.folder, "public-port")
            self.public_url = f"http://127.0.0.1:{port}"
            server = (sys.executable, "-m", "infra.serving.server", "127.0.0.1", str(port))
            self._supervisor.start(PUBLIC, component("", *server))
            self._say(f"the public API is on {self.public_url}/api/1")
        self._supervisor.watch()
        self._say(f"Airflow is on {self.url} (user {USER}, password in {passwords}) after {self.age():.0f} s")

    def _end(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # until all are gone, which takes seconds
        # Those that make work go first, then the one they report to, then the one that writes it down.
        self._supervisor.end({*COMPONENTS, PUBLIC} - {API}, {API}, {DATABASE}, patience=3)
        processes.sweep(self.home)

    def _migrate(self) -> None:
        """Bring Airflow's schema up to date, unless this version of Airflow has already done so here."""
        stamp, current = self.folder / self.settings.database / "schema", version("apache-airflow-core")
        if stamp.exists() and stamp.read_text() == current:
            return
        self._say("preparing Airflow's database")
        self._supervisor.start("migrate", component("", "airflow", "db", "migrate"))
        self._supervisor.go("migrate")
        migration = self._supervisor.children.pop("migrate")
        if migration.process.wait():
            raise StackFailed(f"Airflow's database could not be prepared:\n{migration.last_words()}")
        stamp.write_text(current)

    def _close_interrupted_runs(self) -> None:
        """Fail the runs whose processes are gone, or max_active_runs=1 would wait for them. The ledger knows better."""
        runs = self.api.get("/dags/~/dagRuns", state="running")["dag_runs"]
        for run in runs:
            self.api.patch(f"/dags/{run['dag_id']}/dagRuns/{run['dag_run_id']}", {"state": "failed"})
        if runs:
            self._say(f"closed {len(runs)} runs that had been cut off; the next run takes up what they left")

    def _knows(self, dag: str) -> bool:
        try:
            return not self.api.get(f"/dags/{dag}")["is_stale"]
        except HTTPError as error:
            if error.code != 404:
                raise
            return False

    def _until(self, true: Callable[[], bool], what: str, seconds: float = 120) -> None:
        until = monotonic() + seconds
        while not true():
            for name, child in self._supervisor.children.items():
                if child.dead:
                    raise StackFailed(f"{name} ended while we waited for {what}:\n{child.last_words()}")
            if monotonic() > until:
                raise StackFailed(f"waited {seconds:.0f} s for {what}; the logs are in {self.folder / 'log'}")
            sleep(0.2)


def _leave(number: int, _: object) -> NoReturn:
    raise SystemExit(128 + number)
