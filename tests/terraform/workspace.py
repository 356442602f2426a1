"""A copy of what Terraform deploys, in which it may run: no file of it is ever written to the checkout."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from werkzeug import Request, Response

from tests.fakes.web import web_server
from tests.terraform.standin import served, terraform_binary

CHECKOUT = Path(__file__).resolve().parents[2]
_DEPLOYED = ("config", "functions", "shared", "terraform")
_NOT_COPIED = shutil.ignore_patterns(
    "__pycache__", ".terraform", ".terraform.lock.hcl", "*.tfstate*", ".build", "*.tfplan"
)
# Of the core Terraform itself only reads these; a copy with no more plans three times as fast.
_READ_BY_TERRAFORM = "warehouse"
EXAMPLE = "-var-file=envs/example.tfvars"


class TerraformFailed(AssertionError):
    """A command ended with another status than expected; carries its output."""


class Workspace:
    """The copy's root folder and the environment of Terraform."""

    def __init__(self, root: Path, environment: Mapping[str, str]) -> None:
        self.root = root
        self.folder = root / "terraform"
        # A process that lives for seconds need not save memory: a fourth less work for a state of this size.
        self._environment = {**os.environ, "GOGC": "400", **environment}

    def terraform(self, *arguments: str, status: int = 0, timeout_s: float = 150) -> str:
        """Run one command; its output. Raises TerraformFailed if it ends with another status."""
        run = subprocess.run(
            [terraform_binary(), *arguments],
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout_s,
        )
        if run.returncode != status:
            raise TerraformFailed(f"terraform {' '.join(arguments)}: {run.returncode}\n{run.stdout[-6000:]}")
        return run.stdout

    def plan(self, name: str = "example.tfplan", *options: str) -> dict[str, Any]:
        """Plan the example environment, keep the plan in the file `name`, and give it as JSON."""
        self.terraform("plan", "-input=false", "-refresh=false", EXAMPLE, f"-out={name}", *options)
        return self.show(name)

    def show(self, *plan: str) -> dict[str, Any]:
        """The named plan as JSON, or the state if none is named."""
        content: dict[str, Any] = json.loads(self.terraform("show", "-json", *plan))
        return content

    @contextmanager
    def replaced(self, file: str, old: str, new: str) -> Iterator[None]:
        """Within the block a file of the copy's terraform/ is changed; the old text must be there once."""
        path = self.folder / file
        text = path.read_text()
        assert text.count(old) == 1, f"{file} has {text.count(old)} times: {old}"
        path.write_text(text.replace(old, new))
        try:
            yield
        finally:
            path.write_text(text)


def copy_deployment(to: Path, *, whole_core: bool) -> Path:
    """Copy what Terraform deploys; without `whole_core` only that part of shared/ that Terraform reads."""
    for name in _DEPLOYED:
        if name != "shared" or whole_core:
            shutil.copytree(CHECKOUT / name, to / name, ignore=_NOT_COPIED)
    if not whole_core:
        source = CHECKOUT / "shared" / _READ_BY_TERRAFORM
        shutil.copytree(
            source, to / "shared" / _READ_BY_TERRAFORM, ignore=shutil.ignore_patterns("*.py", "__pycache__")
        )
    if whole_core:
        shutil.copy(CHECKOUT / "requirements.txt", to)
    else:  # nine zips hold it, and Terraform writes the whole state, zips and all, after each resource
        (to / "requirements.txt").write_text("# The pinned packages.\n")
    # State of a test belongs beside it, not in a bucket.
    (to / "terraform" / "local_override.tf").write_text('terraform {\n  backend "local" {}\n}\n')
    return to


@contextmanager
def state_kept_for(root: Path) -> Iterator[None]:
    """Within the block a copy keeps its state behind HTTP: into a file Terraform writes it anew after each resource."""
    state = b""

    def answer(request: Request) -> Response:
        nonlocal state
        if request.method == "POST":
            state = request.get_data()
        return Response(state, 200 if state else 404)

    with web_server() as server:
        server.expect_request("/state").respond_with_handler(answer)
        address = server.url_for("/state")
        (root / "terraform" / "local_override.tf").write_text(
            f'terraform {{\n  backend "http" {{\n    address = "{address}"\n  }}\n}}\n'
        )
        yield


@contextmanager
def workspace(to: Path, installed: Path, environment: Mapping[str, str], *, whole_core: bool) -> Iterator[Workspace]:
    """A copy in `to` with its own provider process, initialised."""
    root = copy_deployment(to, whole_core=whole_core)
    with state_kept_for(root), served(installed, root / "terraform") as reattach:
        made = Workspace(root, {**environment, **reattach})
        made.terraform("init", "-input=false")
        yield made
