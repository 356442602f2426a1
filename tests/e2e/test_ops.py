"""The operator's verbs against the running stack: the real functions, over HTTP."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.demo.function_logs import entries
from local.stack import Stack, running_stack

ROOT = Path(__file__).resolve().parents[2]
# Stacks share the machine's two cores badly: one at a time.
pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("stack")]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    kept = dict(os.environ)
    try:
        with running_stack(tmp_path_factory.mktemp("ops") / "s") as running:
            yield running
    finally:
        os.environ.clear()
        os.environ.update(kept)


def ops(stack: Stack, *words: str) -> tuple[int, Any, str]:
    """A verb in a process of its own, as an operator's shell runs it: exit code, JSON document, errors."""
    environment = {**os.environ, **stack.operator_environment(), "DEAD_LETTER_PULL_TIMEOUT_S": "1.5"}
    command = [sys.executable, "-m", "ops", *words, "--json"]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
    assert "Traceback" not in run.stderr, run.stderr
    return run.returncode, json.loads(run.stdout) if run.stdout else None, run.stderr


def outcomes_of(stack: Stack, event_id: str) -> list[tuple[str, str]]:
    """What event_router made of the event, once it is through."""
    give_up_at = time.monotonic() + 60
    while time.monotonic() < give_up_at:
        lines = entries(stack.log_path("event_router"))
        found = [(line["outcome"], line["reason"]) for line in lines if line.get("event_id") == event_id]
        if found:
            return found
        time.sleep(0.1)
    return []


def test_smoke_goes_through_the_whole_bundle_and_disturbs_nobody(stack: Stack) -> None:
    code, report, errors = ops(stack, "smoke", "--url", stack.url("webhook_ingress"), "--timeout", "60")
    assert code == 0, errors
    assert [site["site"] for site in report["sites"]] == ["plant-north", "plant-south"]
    for site in report["sites"]:
        assert site["answered_s"] > 0
        assert outcomes_of(stack, site["event_id"]) == [("skipped", "unrouted")]
        code, found, _ = ops(stack, "events", "--site", site["site"], "--id", site["event_id"])
        assert (code, [entry["what"] for entry in found["entries"]]) == (0, ["bridge.smoke"])
    assert stack.notifications() == []
    assert ops(stack, "dead-letters", "list", "--check")[0] == 0


def test_smoke_with_another_secret_than_the_bundles_fails(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_EVENTS_PLANT_NORTH", "not the one that the bundle has")
    code, report, errors = ops(stack, "smoke", "--url", stack.url("webhook_ingress"), "--site", "plant-north")
    assert (code, report["sites"][0]["exit_code"]) == (1, 1), errors
    assert "401" in report["sites"][0]["error"]


def test_smoke_without_anybody_at_the_address_is_unreachable(stack: Stack) -> None:
    words = ("--url", "http://127.0.0.1:1", "--site", "plant-north", "--timeout", "1")
    code, report, errors = ops(stack, "smoke", *words)
    assert code == 3, (report, errors)
