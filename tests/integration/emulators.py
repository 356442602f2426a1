"""Google's own emulators of the Cloud SDK, started for a test session and stopped with all they spawned.

Not installed: the tests that ask for one are skipped with the reason (`tests.lanes`). A conftest.py makes the fixtures
known with `from tests.integration.emulators import pubsub_emulator`; their value is "127.0.0.1:PORT".
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.lanes import missing

_PUBSUB = "pubsub-emulator/bin/cloud-pubsub-emulator"
_FIRESTORE = "cloud-firestore-emulator/cloud-firestore-emulator.jar"
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 5.0
# A test session is short: the optimising compiler and the parallel collector cost more than they give back.
SHORT_LIVED_JVM = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")


def cloud_sdk_root() -> Path | None:
    """Folder of the Cloud SDK: $CLOUD_SDK_ROOT, else where `gcloud` of PATH lives, else what gcloud says."""
    if named := os.environ.get("CLOUD_SDK_ROOT"):
        return Path(named)
    gcloud = shutil.which("gcloud")
    if gcloud is None:
        return None
    beside = Path(gcloud).resolve().parents[1]
    if (beside / "platform").is_dir():
        return beside
    said = subprocess.run(
        [gcloud, "info", "--format=value(installation.sdk_root)"], capture_output=True, text=True, timeout=30
    ).stdout.strip()
    return Path(said) if said else None


def free_port() -> int:
    """A TCP port of 127.0.0.1 that was free a moment ago: the emulators cannot report one of their choice."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running_pubsub_emulator() -> Iterator[str]:
    """Google's Pub/Sub emulator; yields "127.0.0.1:PORT". Skips or fails the test if not installed."""
    script = _component(_PUBSUB)
    port = free_port()
    # Its own script, not `gcloud beta emulators`: that wrapper leaves the Java process behind when stopped.
    command = [str(script), "--host=127.0.0.1", f"--port={port}"]
    with _running(command, port, {"JAVA_OPTS": " ".join(SHORT_LIVED_JVM)}) as address:
        yield address


@contextmanager
def running_firestore_emulator() -> Iterator[str]:
    """Google's Firestore emulator; yields "127.0.0.1:PORT". Skips or fails the test if not installed."""
    jar = _component(_FIRESTORE)
    port = free_port()
    main_class = "com.google.cloud.datastore.emulator.firestore.CloudFirestore"
    command = ["java", *SHORT_LIVED_JVM, "-Duser.language=en", "-cp", str(jar), main_class]
    with _running([*command, "start", "--host=127.0.0.1", f"--port={port}"], port, {}) as address:
        yield address


def emulators_are_here() -> bool:
    """Whether both of Google's emulators can be started."""
    return not any(_lack_of(component) for component in (_PUBSUB, _FIRESTORE))


def _component(relative: str) -> Path:
    if lack := _lack_of(relative):
        missing("EMULATORS", lack)
    root = cloud_sdk_root()
    assert root is not None
    return root / "platform" / relative


def _lack_of(relative: str) -> str | None:
    """What is missing to start a component of the Cloud SDK; None if nothing is."""
    root = cloud_sdk_root()
    if root is None:
        return "no Cloud SDK: neither CLOUD_SDK_ROOT nor gcloud on PATH"
    if not (root / "platform" / relative).exists():
        return f"the Cloud SDK has no {relative.split('/')[0]}"
    return "Google's emulators need java, which is not on PATH" if shutil.which("java") is None else None


@contextmanager
def _running(command: Sequence[str], port: int, environment: Mapping[str, str]) -> Iterator[str]:
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            [*_dies_with_us(), *command],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
            start_new_session=True,
        )
        try:
            _await_port(process, port)
            yield f"127.0.0.1:{port}"
        except _DidNotStartError as error:
            output.seek(0)
            raise RuntimeError(f"{error}: {output.read()[-2000:].decode(errors='replace')}") from None
        finally:
            _stop_group(process)


def _dies_with_us() -> list[str]:
    """A prefix by which the kernel ends the emulator even if this process is killed; where Linux offers it."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL"] if setpriv else []


class _DidNotStartError(Exception):
    """The process ended or never listened."""


def _await_port(process: subprocess.Popen[bytes], port: int) -> None:
    give_up_at = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < give_up_at:
        if process.poll() is not None:
            raise _DidNotStartError(f"the emulator ended with status {process.returncode}")
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise _DidNotStartError(f"the emulator did not listen within {START_TIMEOUT_S:.0f} s")


def _stop_group(process: subprocess.Popen[bytes]) -> None:
    for sent in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, sent)
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_TIMEOUT_S)
            return
