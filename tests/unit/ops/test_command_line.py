"""What holds for every verb: help, --json, exit codes, errors in one line."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import typer
from google.auth.exceptions import DefaultCredentialsError
from typer.testing import CliRunner

from ops.__main__ import app
from ops.exits import UNREACHABLE, USAGE, one_line_errors, said
from shared.errors import BrokerUnavailable, ConfigError, SecretMissing, WarehouseUnavailable
from tests.unit.ops.conftest import Ops

ROOT = Path(__file__).resolve().parents[3]


def verbs(group: typer.Typer = app, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every verb as the words that call it."""
    for command in group.registered_commands:
        assert command.callback is not None
        yield (*path, command.name or command.callback.__name__)
    for sub in group.registered_groups:
        assert sub.typer_instance is not None
        yield from verbs(sub.typer_instance, (*path, str(sub.name)))


def test_every_verb_has_help_and_json(ops: Ops, subtests: pytest.Subtests) -> None:
    for verb in verbs():
        with subtests.test(verb=verb):
            result = ops(*verb, "--help")
            assert result.exit_code == 0
            assert "--json" in result.stdout


def test_all_verbs_are_found_by_the_test_above() -> None:
    assert set(verbs()) >= {
        ("config", "check"),
        ("conflicts", "list"),
        ("conflicts", "resolve"),
        ("conflicts", "show"),
        ("dead-letters", "list"),
        ("dead-letters", "replay"),
        ("events",),
        ("link",),
        ("smoke",),
        ("trace",),
    }


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["dead-letters", "list"], "no project"),
        (["--project", "p", "dead-letters", "replay"], "either --pipeline NAME or --all"),
        (["--project", "p", "dead-letters", "replay", "--all", "--pipeline", "notify"], "either --pipeline NAME or"),
        (
            ["--project", "p", "dead-letters", "list", "--pipeline", "nonsense"],
            "no pipeline nonsense; there are erp-push",
        ),
        (["--project", "p", "events", "--site", "x"], "either --record or --id"),
        (["events", "--site", "x", "--record", "1"], "no project"),
        (["conflicts", "list"], "no project"),
        (["conflicts", "resolve", "x", "1", "--take", "erp"], "no project"),
        (["link", "x"], "no project"),
        (["trace", "x", "1"], "no project"),
        (["--project", "p", "conflicts", "list", "--config", "nowhere"], "cannot be read"),
        (["smoke", "--url", "http://x", "--config", "nowhere"], "cannot be read"),
        (["--project", "p", "smoke", "--url", "http://x", "--site", "plant-9"], "plant-9"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(words: list[str], message: str, ops: Ops) -> None:
    result = ops(*words)
    assert result.exit_code == USAGE
    (line,) = result.stderr.splitlines()
    assert message in line
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError("x"), USAGE),
        (SecretMissing("x"), USAGE),
        (BrokerUnavailable("x"), UNREACHABLE),
        (WarehouseUnavailable("x"), UNREACHABLE),
        (httpx.ConnectError("x"), UNREACHABLE),
        (DefaultCredentialsError("x"), USAGE),
    ],
    ids=lambda value: type(value).__name__,
)
def test_exit_code_says_whether_trying_again_can_help(error: Exception, code: int) -> None:
    failing = typer.Typer()

    @failing.command()
    @one_line_errors
    def verb() -> None:
        raise error

    result = CliRunner().invoke(failing, [])
    assert result.exit_code == code
    assert len(result.stderr.splitlines()) == 1


def test_words_of_the_http_library_about_our_request_are_not_printed() -> None:
    assert said(httpx.LocalProtocolError("Illegal header value b'Bearer a-secret'")) == "LocalProtocolError"
    refused = httpx.ConnectError("x")
    refused.__cause__ = ConnectionRefusedError(111, "Connection refused")
    assert said(refused) == "ConnectError: Connection refused"


def test_fault_of_ours_is_not_hidden() -> None:
    failing = typer.Typer()

    @failing.command()
    @one_line_errors
    def verb() -> None:
        raise ZeroDivisionError

    assert isinstance(CliRunner().invoke(failing, []).exception, ZeroDivisionError)


def test_runs_as_a_module_and_ends_with_the_verbs_exit_code(tmp_path: Path) -> None:
    environment = {**os.environ, "NO_COLOR": "1"}
    command = [sys.executable, "-m", "ops", "config", "check", str(tmp_path)]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert run.returncode == 1
    assert "sites.yaml: cannot be read" in run.stdout
    assert "Traceback" not in run.stdout + run.stderr
