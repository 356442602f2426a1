"""A BigQuery of its own for a test, in a process of its own."""

from __future__ import annotations

import selectors
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 10.0


@contextmanager
def running_server(data_dir: Path) -> Iterator[str]:
    """Start the server on free ports; yields its base URL, `http://127.0.0.1:PORT`. Stopped at the end.

    The value is what BIGQUERY_EMULATOR_HOST wants. Raises RuntimeError with the server's words if it does not start.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    errors = data_dir / "stderr.log"
    command = [sys.executable, "-m", "local.bigquery", "--port", "0", "--data-dir", str(data_dir)]
    with errors.open("wb") as log, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log) as process:
        try:
            yield f"http://{_ready_address(process, errors)}"
        finally:
            process.terminate()
            try:
                process.wait(_STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()


def _ready_address(process: subprocess.Popen[bytes], errors: Path) -> str:
    assert process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        answered = selector.select(_START_TIMEOUT_S)
    words = process.stdout.readline().decode().split() if answered else []
    if words[:1] != ["ready"]:
        raise RuntimeError(f"BigQuery did not start: {errors.read_text()[-2000:]}")
    return words[1]
