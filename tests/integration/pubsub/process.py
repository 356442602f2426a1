"""The server as its own process, as the local stack starts it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def server_process(database: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """(process, "127.0.0.1:PORT") of a server that said that it is ready; killed on exit if it still runs."""
    command = [sys.executable, "-m", "local.pubsub", "--port", "0", "--database", str(database), *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        word, address = process.stdout.readline().split()
        assert word == "ready"
        yield process, address
    finally:
        process.kill()
        process.communicate()
