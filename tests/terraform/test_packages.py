"""The zips that are uploaded: what is in them, and that each starts with nothing else of the project around it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.terraform.code_facts import Code
from tests.terraform.conftest import Installed
from tests.terraform.workspace import CHECKOUT, EXAMPLE, Workspace, workspace

pytestmark = [pytest.mark.xdist_group("terraform")]

FUNCTIONS = Code(CHECKOUT).functions()
# Its zip is made of the whole core. The others differ in main.py alone, which small zips show.
WHOLE = "webhook_ingress"
_START = "import importlib, sys; assert callable(getattr(importlib.import_module('main'), sys.argv[1]))"


@pytest.fixture(scope="module")
def whole(standin: Installed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A copy with the whole core, as it is deployed, in which one function's zip is planned."""
    to = tmp_path_factory.mktemp("whole")
    with workspace(to, standin.folder, standin.environment, whole_core=True) as made:
        _leave_behind(made)
        made.terraform("plan", "-input=false", "-refresh=false", EXAMPLE, f'-target=module.function["{WHOLE}"]')
        yield made


def test_zip_has_main_core_configuration_and_pins_but_no_leftovers_of_tools(
    whole: Workspace, small: Workspace, plan: dict[str, Any], subtests: pytest.Subtests
) -> None:
    assert plan
    for workspace_, function in [(whole, WHOLE), *((small, name) for name in FUNCTIONS)]:
        with subtests.test(function=function, root=workspace_.root.name):
            root = workspace_.root
            expected = {"main.py": root / "functions" / function / "main.py"}
            expected["requirements.txt"] = root / "requirements.txt"
            for folder in ("config", "shared"):
                files = [path for path in (root / folder).rglob("*") if path.is_file() and path.suffix != ".pyc"]
                expected |= {str(path.relative_to(root)): path for path in files}
            with zipfile.ZipFile(_zip(workspace_, function)) as archive:
                assert sorted(archive.namelist()) == sorted(expected)
                for name, path in expected.items():
                    assert archive.read(name) == path.read_bytes()


def test_unzipped_function_starts_on_its_own(whole: Workspace, tmp_path: Path, subtests: pytest.Subtests) -> None:
    with zipfile.ZipFile(_zip(whole, WHOLE)) as archive:
        archive.extractall(tmp_path)
    for function in FUNCTIONS:
        with subtests.test(function=function):
            shutil.copy(whole.root / "functions" / function / "main.py", tmp_path)
            run = subprocess.run(
                [sys.executable, "-B", "-c", _START, function],
                cwd=tmp_path,
                env={"PATH": os.environ["PATH"], "GOOGLE_CLOUD_PROJECT": "example-maintenance"},
                capture_output=True,
                text=True,
                timeout=60,
            )
            assert run.returncode == 0, run.stderr


def _zip(of: Workspace, function: str) -> Path:
    return of.folder / ".build" / f"{function}.zip"


def _leave_behind(copy: Workspace) -> None:
    """What tools leave behind, also in a user's checkout."""
    leftover = copy.root / "shared" / "__pycache__" / "topics.pyc"
    leftover.parent.mkdir()
    leftover.write_bytes(b"\xff")
