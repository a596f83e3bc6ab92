"""The embedded stack: real processes, real servers, and nothing left of them."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest

from infra.embedded import processes, stack_files
from infra.embedded.component import component
from infra.embedded.postgres import Postgres
from infra.embedded.stack import Stack
from infra.embedded.supervisor import Supervisor
from infra.settings import ROOT, Settings

SLEEP = ("", sys.executable, "-c", "import time; time.sleep(600)")
DEAF = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"


def environment(home: Path, **more: str) -> dict[str, str]:
    return os.environ | {processes.MARK: str(home), "SPIT_HOME": str(home), "PYTHONPATH": str(ROOT), **more}


def wait_for(true, seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.fixture
def home(tmp_path):
    yield tmp_path
    assert processes.of_home(tmp_path) == []


@pytest.fixture
def supervisor(home):
    said: list[str] = []
    supervisor = Supervisor(home, said.append)
    supervisor.environment = environment(home)
    supervisor.said = said  # type: ignore[attr-defined]
    yield supervisor
    supervisor.end(list(supervisor.children), patience=1)
    processes.sweep(home)


# ---- one process


def test_what_a_component_forks_dies_with_it(home):
    command = component("", "tests.forking")
    with subprocess.Popen(command, env=environment(home), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as root:
        assert root.stdin
        assert root.stdout
        root.stdin.write(b"go\n")
        root.stdin.flush()
        family = [psutil.Process(int(root.stdout.readline())) for _ in range(3)]
        assert family[0].pid == root.pid
        root.kill()
        _, left = psutil.wait_procs(family[1:], timeout=5)
        assert left == []


def test_a_component_that_is_not_told_to_go_does_nothing(home):
    done = subprocess.run(
        component("", "tests.forking"), env=environment(home), input=b"", capture_output=True, check=True
    )
    assert done.stdout == b""


def test_a_component_dies_with_its_parent(home):
    script = (
        f"import subprocess, time, infra.embedded.component as c; subprocess.Popen(c.component{SLEEP}); time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], env=environment(home))
    wait_for(lambda: len(processes.of_home(home)) == 2)
    parent.kill()
    parent.wait()
    wait_for(lambda: processes.of_home(home) == [])


# ---- several


def test_a_child_that_dies_is_started_again(supervisor):
    supervisor.start("sleeper", component(*SLEEP))
    supervisor.watch()
    first = supervisor.children["sleeper"].process
    first.kill()
    wait_for(lambda: supervisor.children["sleeper"].process.pid != first.pid)
    assert "sleeper ended (-9)" in supervisor.said[0]


def test_a_stubborn_child_is_killed(supervisor, home):
    supervisor.start("stubborn", component("", sys.executable, "-c", DEAF))
    wait_for(lambda: "deaf" in (home / "stubborn.log").read_text())
    began = time.monotonic()
    supervisor.end(["stubborn"], patience=0.5)
    assert time.monotonic() - began < 3
    assert supervisor.children["stubborn"].process.returncode == -signal.SIGKILL


# ---- what a home keeps


def test_one_stack_per_home(tmp_path):
    lock = stack_files.take_lock(tmp_path)
    with pytest.raises(stack_files.StackBusyError, match=f"process {os.getpid()}"):
        stack_files.take_lock(tmp_path)
    os.close(lock)
    os.close(stack_files.take_lock(tmp_path))


def test_keys_stay_and_are_private(tmp_path):
    keys = stack_files.keys(tmp_path)
    assert stack_files.keys(tmp_path) == keys
    assert (tmp_path / "keys.json").stat().st_mode & 0o777 == 0o600
    (tmp_path / "other").mkdir()
    assert stack_files.keys(tmp_path / "other").password != keys.password


def test_a_taken_port_is_left_alone(tmp_path):
    port = stack_files.port(tmp_path)
    assert stack_files.port(tmp_path) == port
    with socket.create_server(("127.0.0.1", port)):
        assert stack_files.port(tmp_path) != port


def test_postgres_runs_for_anybody_and_wants_its_password(home, supervisor):
    home.chmod(0o700)
    server = Postgres(home / "postgres", stack_files.free_port(), "rahasia")
    server.prepare(supervisor.environment)
    supervisor.start("database", server.command)
    wait_for(server.answers)
    assert not Postgres(server.folder, server.port, "salah").answers()


def test_a_cluster_that_was_cut_off_half_way_is_made_anew(home):
    server = Postgres(home / "postgres", stack_files.free_port(), "rahasia")
    script = f"import os; from infra.embedded.postgres import Postgres; {server}.prepare(os.environ)".replace(
        repr(server.folder), f"__import__('pathlib').Path({str(server.folder)!r})"
    )
    making = subprocess.Popen([sys.executable, "-c", script], env=environment(home))
    wait_for(lambda: list(server.folder.rglob("PG_VERSION")), 30)
    making.kill()
    making.wait()
    processes.sweep(home)
    assert not (server.folder / "data").exists()
    server.prepare(environment(home))
    assert (server.folder / "data" / "PG_VERSION").exists()
    assert not (server.folder / "draft").exists()


# ---- all of it


def settings(home: Path, monkeypatch: pytest.MonkeyPatch, database: str) -> Settings:
    monkeypatch.setenv("SPIT_HOME", str(home))
    monkeypatch.setenv("SPIT_DATABASE", database)
    return Settings.from_env()


def says_nothing_is_published(url: str) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(f"{url}/api/1", trust_env=False).status_code == 503
    return False


@pytest.mark.slow
@pytest.mark.parametrize("database", ["postgres", "sqlite"])
def test_it_heals_and_leaves_nothing(home, monkeypatch, database):
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    with Stack(settings(home, monkeypatch, database), serve=True) as stack:
        stack.wait_healthy()
        wait_for(lambda: says_nothing_is_published(stack.public_url), 30)
        with pytest.raises(stack_files.StackBusyError), Stack(stack.settings):
            pass
        # Four components, the trigger runner and six workers, whatever titles they give themselves.
        wait_for(lambda: len(processes.of_home(home)) >= 11)
        family = processes.of_home(home)
        listening = [c.laddr.ip for p in family for c in p.net_connections() if c.status == psutil.CONN_LISTEN]
        assert set(listening) == {"127.0.0.1"}
        for victim in stack.alive():
            stack._supervisor.children[victim].process.kill()
            wait_for(lambda victim=victim: not stack.alive()[victim], 5)
        wait_for(lambda: all(stack.alive().values()), 30)
        wait_for(stack.api.answers, 90)
        wait_for(lambda: says_nothing_is_published(stack.public_url), 30)
        run = stack.trigger("reconcile")
        wait_for(lambda: stack.api.get(f"/dags/reconcile/dagRuns/{run}")["state"] == "success", 120)
        assert stack.memory()["scheduler"] > 50_000_000
        assert stack.cpu_seconds()["tasks"] > 0
    assert processes.of_home(home) == []
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before


@contextlib.contextmanager
def started(home: Path, until: str):
    command = [sys.executable, "-m", "tests.starting"]
    parent_environment = environment(home, SPIT_DATABASE="postgres")
    del parent_environment[processes.MARK]
    with subprocess.Popen(command, env=parent_environment, cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        said: list[str] = []
        for line in parent.stdout:
            said.append(line)
            if line.startswith(until):
                break
        yield parent, said
        parent.kill()


@pytest.mark.slow
def test_killed_without_warning_it_leaves_nothing_and_starts_again(home):
    with started(home, "started") as (parent, _):
        parent.kill()
        wait_for(lambda: processes.of_home(home) == [], 10)
    with started(home, "started") as (parent, said):
        assert said[-1] == "started\n"
        parent.send_signal(signal.SIGINT)
        parent.wait(30)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("moment", ["preparing", "waiting", "Airflow is on"])
def test_told_to_stop_at_any_moment_it_leaves_nothing(home, number, moment):
    with started(home, moment) as (parent, _):
        time.sleep(0.5)
        parent.send_signal(number)
        parent.wait(30)
        assert parent.returncode != 0
        assert processes.of_home(home) == []
