"""Reads what the functions logged, as an operator would in Cloud Logging: JSON lines, one an outcome."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def entries(path: Path) -> Iterator[dict[str, Any]]:
    """The JSON lines of a log; other lines (the server's own) are passed over."""
    if not path.exists():
        return
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if line.startswith("{"):
                try:
                    yield json.loads(line)
                except ValueError:  # a line cut short by a killed process
                    continue


def outcomes(path: Path) -> Counter[tuple[str, str]]:
    """How often each (outcome, reason) was logged."""
    return Counter((entry["outcome"], entry.get("reason", "")) for entry in entries(path) if "outcome" in entry)
