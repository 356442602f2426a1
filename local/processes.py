"""Starts, watches, kills and stops the processes of the stack; each writes to a log file of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

_STOP_TIMEOUT_S = 5.0
# Written to the log at each start: a line `ready` above it is about an earlier run.
_START_MARK = b"--- start\n"


class StackFailed(RuntimeError):
    """The stack itself does not work, so nothing can be said of the bundle. The message says what and where to look."""


class StartFailed(StackFailed):
    """A process of the stack did not come up. The message has the end of its log."""


@dataclass
class Process:
    """One process: `command` is a module and its arguments; `is_ready` tells when it takes requests."""

    name: str
    command: list[str]
    env: Mapping[str, str]
    log_path: Path
    is_ready: Callable[[], bool]
    popen: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        """Start without waiting."""
        with self.log_path.open("ab") as log:
            log.write(_START_MARK)
            log.flush()
            self.popen = subprocess.Popen(
                [sys.executable, "-m", "local.child", *self.command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.env, "PYTHONPATH": python_path(self.env.get("PYTHONPATH", ""))},
                start_new_session=True,
            )

    def wait_ready(self, timeout_s: float) -> None:
        """Wait until it takes requests. Raises StartFailed if it ends or takes longer."""
        deadline = time.monotonic() + timeout_s
        while not self.is_ready():
            if self.popen is None or self.popen.poll() is not None:
                raise StartFailed(f"{self.name} ended while starting:\n{self._log_end()}")
            if time.monotonic() > deadline:
                raise StartFailed(f"{self.name} was not ready within {timeout_s:.0f} s:\n{self._log_end()}")
            time.sleep(0.05)

    def check(self) -> None:
        """Raise StackFailed if it has ended by itself."""
        code = None if self.popen is None else self.popen.poll()
        if code is not None:
            how = f"signal {-code}" if code < 0 else f"exit code {code}"
            raise StackFailed(f"{self.name} ended ({how}); its log, {self.log_path}, ends with:\n{self._log_end()}")

    def kill(self) -> None:
        """End it at once and without warning, as a crash would."""
        self._signal(signal.SIGKILL)
        self._reap()

    def request_stop(self) -> None:
        """Ask it to end, without waiting."""
        self._signal(signal.SIGTERM)

    def stop(self) -> None:
        """Ask it to end; after a while, make it."""
        stop_all([self])

    def wait_ended(self, timeout_s: float) -> None:
        """Wait until it has ended, no longer than that."""
        if self.popen is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.popen.wait(max(0.0, timeout_s))

    def _signal(self, number: int) -> None:
        if self.popen is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.popen.pid, number)

    def _reap(self) -> None:
        if self.popen is not None:
            self.popen.wait()
            if self.popen.stdin is not None:
                self.popen.stdin.close()

    def _log_end(self) -> str:
        lines = self.log_path.read_text(errors="replace").splitlines() if self.log_path.exists() else []
        return "\n".join(lines[-15:])


def stop_all(processes: Collection[Process]) -> None:
    """Ask all of them to end; after a while, which is the same for one and for many, make them."""
    for process in processes:
        process.request_stop()
    deadline = time.monotonic() + _STOP_TIMEOUT_S
    for process in processes:
        process.wait_ended(deadline - time.monotonic())
        process.kill()


def python_path(*folders: str) -> str:
    """PYTHONPATH for a child: these, then our own, through which a debugger or a moved clock gets into every Python."""
    return os.pathsep.join(filter(None, [*folders, os.environ.get("PYTHONPATH")]))


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on right now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def accepts(port: int) -> Callable[[], bool]:
    """Readiness by whether something accepts connections on the port."""

    def check() -> bool:
        with socket.socket() as probe:
            probe.settimeout(0.5)
            return probe.connect_ex(("127.0.0.1", port)) == 0

    return check


def said_ready(log_path: Path) -> Callable[[], bool]:
    """Readiness by the line `ready ...` in the process's log, after its latest start."""

    def check() -> bool:
        latest = log_path.read_bytes().rpartition(_START_MARK)[2] if log_path.exists() else b""
        return any(line.startswith(b"ready ") for line in latest.splitlines())

    return check
