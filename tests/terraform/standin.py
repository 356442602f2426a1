"""Terraform and the stand-in for Google's provider: where they are, installed and served.

The stand-in is a folder with install.py, named by $TERRAFORM_STANDIN_DIR or found as `shared/terraform-standin` beside
the checkout. It answers to Terraform with the schema of hashicorp/google and creates nothing. Without it or without
`terraform` the tests are skipped by name (`tests.lanes`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.clock import real_clock
from tests.lanes import missing

GOOGLE_VERSION = "7.46.1"
_CHECKOUT = Path(__file__).resolve().parents[2]
_SERVE = Path(__file__).with_name("serve.py")


def terraform_binary() -> str:
    """Path of `terraform`; skips or fails the test if there is none."""
    return shutil.which("terraform") or missing("STANDIN", "no terraform on PATH")


def standin_folder() -> Path:
    """Folder of the stand-in's own files; skips or fails the test if there is none."""
    default = _CHECKOUT.parent / "shared" / "terraform-standin"
    folder = Path(os.environ.get("TERRAFORM_STANDIN_DIR", default))
    if not (folder / "install.py").exists():
        missing("STANDIN", "no stand-in for the google provider (set TERRAFORM_STANDIN_DIR)")
    return folder


def install(folder: Path) -> dict[str, str]:
    """Install the stand-in in `folder`; the environment that makes Terraform find it."""
    command = [sys.executable, str(standin_folder() / "install.py"), str(folder)]
    # Its certificate begins now, and Terraform, which no moved clock reaches, is to find it valid.
    subprocess.run(command, check=True, capture_output=True, timeout=120, env={**os.environ, **real_clock()})
    return {
        "TF_CLI_CONFIG_FILE": str(folder / "terraformrc"),
        "CHECKPOINT_DISABLE": "1",
        "TF_IN_AUTOMATION": "1",
        "TF_CLI_ARGS": "-no-color",
    }


@contextmanager
def served(installed: Path, working_folder: Path) -> Iterator[dict[str, str]]:
    """The providers as one process in `working_folder`; yields what Terraform's environment needs besides."""
    with tempfile.TemporaryDirectory(prefix="tf") as scratch:  # short: it holds Unix sockets
        server = subprocess.Popen(
            [sys.executable, str(_SERVE), str(installed), GOOGLE_VERSION, scratch],
            cwd=working_folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            value = server.stdout.readline().strip()
            assert value, "the stand-in did not start"
            yield {"TF_REATTACH_PROVIDERS": value}
        finally:
            server.stdin.close()
            server.stdout.close()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
