"""The stack keeps to this machine: not a variable of the user's shell leads it, or who speaks to it, elsewhere."""

from __future__ import annotations

import ast
import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import httpx
import pytest
import requests
from werkzeug import Response

from local.environment import keep_to_this_machine, proxies_in
from tests.fakes.web import web_server

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def closed_port() -> str:
    """The address of a proxy that is not there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def test_clients_reach_loopback_whatever_proxies_the_shell_has(
    closed_port: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTPS_PROXY", "grpc_proxy"):
        monkeypatch.setenv(name, f"http://{closed_port}")
    monkeypatch.setenv("all_proxy", f"socks5://{closed_port}")
    monkeypatch.setenv("no_proxy", "example.com")
    monkeypatch.delenv("NO_PROXY", raising=False)

    with web_server(lambda _: Response(status=204)) as server:
        with pytest.raises(requests.ConnectionError):
            requests.get(server.address, timeout=10)  # so it would be
        taken = keep_to_this_machine(os.environ)
        assert requests.get(server.address, timeout=10).status_code == 204
        assert httpx.get(server.address, timeout=10).status_code == 204
    assert proxies_in(taken) == ["HTTPS_PROXY", "all_proxy", "grpc_proxy", "http_proxy"]

    broker = grpc.server(ThreadPoolExecutor(1))
    port = broker.add_insecure_port("127.0.0.1:0")
    broker.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        grpc.channel_ready_future(channel).result(timeout=10)
    broker.stop(None)


def test_settings_and_secrets_of_a_deployment_are_put_aside() -> None:
    shell = {"RESOURCE_PREFIX": "mx-", "CONFIG_DIR": "/etc/bridge", "SECRET_ERP": "s", "PATH": "/bin", "SECRETARY": "x"}
    environ = dict(shell)
    assert set(keep_to_this_machine(environ)) == {"RESOURCE_PREFIX", "CONFIG_DIR", "SECRET_ERP"}
    assert environ == {"PATH": "/bin", "SECRETARY": "x", "no_proxy": "*", "NO_PROXY": "*"}


def test_every_variable_that_the_bundle_reads_is_put_aside() -> None:
    read: set[str] = set()
    for path in (ROOT / "shared").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isupper():
                read |= {node.value} if f'environ.get("{node.value}"' in path.read_text() else set()
                read |= {node.value} if f'environ["{node.value}"]' in path.read_text() else set()
    assert {"CONFIG_DIR", "RECORD_LEASE_S", "PUBSUB_EMULATOR_HOST"} <= read
    environ = dict.fromkeys(read, "x")
    keep_to_this_machine(environ)
    assert set(environ) - {"no_proxy", "NO_PROXY"} == set()


def test_terminal_and_ci_of_the_shell_are_left_and_its_time_zone_is_not() -> None:
    """GITHUB_ACTIONS alone colours all help texts."""
    shell = {"GITHUB_ACTIONS": "true", "PY_COLORS": "1", "COLUMNS": "40", "TZ": "OURS-13"}
    code = (
        f"import os; from tests.shell import leave_shell; leave_shell(); print(*sorted({set(shell)} & set(os.environ)))"
    )
    environ = {name: value for name, value in os.environ.items() if name != "TESTS_SHELL"} | shell
    command = (sys.executable, "-c", code)
    run = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout.split() == ["TZ"]
