"""What importing each function costs, against importing functions_framework alone (floor), in fresh interpreters."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 9
FLOOR = "import functions_framework"
_LOAD = """
import importlib.util
spec = importlib.util.spec_from_file_location("main", {path!r})
spec.loader.exec_module(importlib.util.module_from_spec(spec))
"""
_TIMED = "import time; begin = time.perf_counter()\n{code}\nprint(time.perf_counter() - begin)"
_CLIENT = "from google.cloud.pubsub_v1 import PublisherClient; PublisherClient()"


def import_s(code: str) -> float:
    """Seconds that `code` takes in a fresh interpreter."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PUBSUB_EMULATOR_HOST": "127.0.0.1:1"}
    command = [sys.executable, "-c", _TIMED.format(code=code)]
    run = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True)
    return float(run.stdout.splitlines()[-1])


def main() -> None:
    """Print the table. Variants take turns, so that a slow moment of the machine hits all of them."""
    variants = {
        path.parent.name: _LOAD.format(path=str(path)) for path in sorted((ROOT / "functions").glob("*/main.py"))
    }
    variants["webhook_ingress, then a Pub/Sub client"] = variants["webhook_ingress"] + _CLIENT
    variants["floor: functions_framework"] = FLOOR
    times: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(ROUNDS):
        for name, code in variants.items():
            times[name].append(import_s(code))
    floor_s = statistics.median(times["floor: functions_framework"])
    print(f"{'import, fresh interpreter':<42} {'median ms':>10} {'x floor':>8}")
    for name, measured in times.items():
        median_s = statistics.median(measured)
        print(f"{name:<42} {median_s * 1e3:>10.0f} {median_s / floor_s:>8.2f}")


if __name__ == "__main__":
    main()
