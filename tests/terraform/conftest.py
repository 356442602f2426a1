"""Terraform with the stand-in provider: installed once a session, each workspace a copy of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.terraform.resources import Resources
from tests.terraform.standin import install, terraform_binary
from tests.terraform.workspace import Workspace, workspace


@dataclass(frozen=True)
class Installed:
    """The stand-in's folder and what Terraform's environment needs to find it."""

    folder: Path
    environment: dict[str, str]


@pytest.fixture(scope="session")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The stand-in provider, installed."""
    terraform_binary()
    folder = tmp_path_factory.mktemp("standin")
    return Installed(folder, install(folder))


@pytest.fixture(scope="session")
def small(standin: Installed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A copy without most of the core: for what does not depend on it."""
    to = tmp_path_factory.mktemp("small")
    with workspace(to, standin.folder, standin.environment, whole_core=False) as made:
        yield made


@pytest.fixture(scope="session")
def plan(small: Workspace) -> dict[str, Any]:
    """The plan of the example environment, nothing being there yet; its zips are in `.build`."""
    return small.plan()


@pytest.fixture(scope="session")
def planned(plan: dict[str, Any]) -> Resources:
    """What is planned; values that Google Cloud decides are missing."""
    return Resources.of(plan["planned_values"])


@pytest.fixture(scope="session")
def deployed(small: Workspace, plan: dict[str, Any]) -> Workspace:
    """The small copy after `apply`."""
    assert plan
    small.terraform("apply", "-input=false", "example.tfplan")
    return small


@pytest.fixture(scope="session")
def applied(deployed: Workspace) -> Resources:
    """What was applied; all values are known."""
    return Resources.of(deployed.show()["values"])


@pytest.fixture(scope="session")
def planned_outputs(plan: dict[str, Any]) -> dict[str, Any]:
    """The outputs that are known before anything is made, by name, as `terraform output -json` has them."""
    outputs: dict[str, Any] = plan["planned_values"]["outputs"]
    return outputs
