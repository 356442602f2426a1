"""Processes of the stack: readiness that is of this run, and nothing left behind however the starter ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from local.processes import (
    _STOP_TIMEOUT_S,
    Process,
    StartFailed,
    accepts,
    free_port,
    python_path,
    said_ready,
    stop_all,
)

ROOT = Path(__file__).resolve().parents[3]
# A server with a child of its own, as gunicorn has: tells both ids, says that it is ready, ends when told to.
SERVER = """
import os, signal, socket, subprocess, sys, time
if "stubborn" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
worker = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
print("pids", os.getpid(), worker.pid, flush=True)
if "silent" not in sys.argv:
    print("ready 127.0.0.1:0", flush=True)
time.sleep(300)
"""
GIVE_UP_S = 60.0


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + GIVE_UP_S
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


class Bench:
    """Makes processes that run SERVER, and ends what is left of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "server_for_test.py").write_text(SERVER)
        self.log_path = folder / "server.log"
        self.made: list[Process] = []

    def process(self, *arguments: str, module: str = "server_for_test") -> Process:
        environment = {"PYTHONPATH": f"{self.folder}{os.pathsep}{ROOT}"}
        command = [module, *arguments]
        process = Process("server", command, environment, self.log_path, said_ready(self.log_path))
        self.made.append(process)
        return process

    def pids(self) -> list[int]:
        """Ids of the latest server and its worker."""
        lines = [line for line in self.log_path.read_text().splitlines() if line.startswith("pids ")]
        return [int(word) for word in lines[-1].split()[1:]]

    def all_gone(self, pids: list[int]) -> bool:
        return eventually(lambda: not any(is_running(pid) for pid in pids))


def is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    for process in made.made:
        process.kill()


@pytest.mark.parametrize("end", [Process.stop, Process.kill])
def test_end_of_a_process_is_the_end_of_its_workers(bench: Bench, end: Callable[[Process], None]) -> None:
    process = bench.process()
    process.start()
    process.wait_ready(GIVE_UP_S)
    pids = bench.pids()
    assert len(pids) == 2
    end(process)
    assert bench.all_gone(pids)
    end(process)  # twice does no harm


def test_process_that_does_not_listen_to_stop_is_killed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.processes._STOP_TIMEOUT_S", 0.2)
    process = bench.process("stubborn")
    process.start()
    process.wait_ready(GIVE_UP_S)
    pids = bench.pids()
    process.stop()
    assert bench.all_gone(pids)


def test_many_that_do_not_listen_are_waited_for_no_longer_than_one(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr("local.processes.time.monotonic", lambda: clock[0])
    many = [bench.process("stubborn") for _ in range(5)]
    for process in many:
        monkeypatch.setattr(process, "wait_ended", lambda timeout_s: clock.append(clock.pop() + timeout_s))
    stop_all(many)
    assert clock == [_STOP_TIMEOUT_S]


def test_process_that_ends_while_starting_is_told_with_its_log(bench: Bench) -> None:
    process = bench.process(module="no_such_module")
    process.start()
    with pytest.raises(StartFailed, match=r"server ended while starting:\n(?s:.*)no_such_module"):
        process.wait_ready(GIVE_UP_S)


def test_process_that_takes_too_long_is_told(bench: Bench) -> None:
    process = bench.process("silent")
    process.start()
    with pytest.raises(StartFailed, match="server was not ready within 0 s"):
        process.wait_ready(0.2)


def test_process_that_was_never_started_is_not_ready(bench: Bench) -> None:
    with pytest.raises(StartFailed):
        bench.process().wait_ready(1)


def test_restart_is_not_taken_for_ready_by_what_the_earlier_run_said(bench: Bench) -> None:
    first = bench.process()
    first.start()
    first.wait_ready(GIVE_UP_S)
    first.kill()
    second = bench.process("silent")
    second.start()
    assert not second.is_ready()
    assert eventually(lambda: len(bench.log_path.read_text().split("pids ")) == 3)
    assert not second.is_ready()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_processes_end_with_the_one_that_started_them(bench: Bench, number: signal.Signals) -> None:
    script = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from local.processes import Process, said_ready\n"
        f"log = Path({str(bench.log_path)!r})\n"
        "process = Process('server', ['server_for_test'], {}, log, said_ready(log))\n"
        "process.start()\n"
        "process.wait_ready(60)\n"
        "print('up', flush=True)\n"
        "time.sleep(300)\n"
    )
    environment = {**os.environ, "PYTHONPATH": python_path(str(bench.folder), str(ROOT))}
    starter = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, env=environment)
    try:
        assert starter.stdout is not None
        assert starter.stdout.readline() == b"up\n"
        pids = bench.pids()
        assert all(is_running(pid) for pid in pids)
        starter.send_signal(number)
        starter.wait(GIVE_UP_S)
        assert bench.all_gone(pids)
    finally:
        starter.kill()
        starter.communicate()


def test_module_sees_its_own_arguments_and_name(tmp_path: Path) -> None:
    (tmp_path / "shows.py").write_text("import sys\nprint(__name__, sys.argv[1:])\n")
    environment = {**os.environ, "PYTHONPATH": python_path(str(tmp_path), str(ROOT))}
    command = [sys.executable, "-m", "local.child", "shows", "--port", "7"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, start_new_session=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.read() == b"__main__ ['--port', '7']\n"
        assert child.wait(GIVE_UP_S) == 0


def test_pythonpath_of_the_starter_holds_in_a_process_too(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = bench.folder / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "of_the_starter.py").write_text("")
    (bench.folder / "imports.py").write_text("import of_the_starter, server_for_test\n")
    monkeypatch.setenv("PYTHONPATH", str(elsewhere))
    process = bench.process(module="imports")
    process.start()
    process.wait_ready(GIVE_UP_S)


def test_free_port_is_free_and_then_accepts() -> None:
    port = free_port()
    assert not accepts(port)()
    with socket.create_server(("127.0.0.1", port)):
        assert accepts(port)()
