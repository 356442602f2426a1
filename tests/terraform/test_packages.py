"""The zips that are uploaded: what is in them, and that each starts with nothing else of the project around it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.terraform.code_facts import Code
from tests.terraform.workspace import CHECKOUT, Workspace

pytestmark = [pytest.mark.xdist_group("terraform")]

FUNCTIONS = Code(CHECKOUT).functions()
_START = "import importlib, sys; assert callable(getattr(importlib.import_module('main'), sys.argv[1]))"


@pytest.fixture(scope="module")
def zips(whole: Workspace, plan: dict[str, Any]) -> dict[str, Path]:
    """The zip of each function, as the plan left it."""
    assert plan
    return {name: whole.folder / ".build" / f"{name}.zip" for name in FUNCTIONS}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_zip_has_main_core_configuration_and_pins_but_no_leftovers_of_tools(
    zips: dict[str, Path], whole: Workspace, function: str
) -> None:
    expected = {"main.py": whole.root / "functions" / function / "main.py"}
    expected["requirements.txt"] = whole.root / "requirements.txt"
    for folder in ("config", "shared"):
        files = [path for path in (whole.root / folder).rglob("*") if path.is_file() and path.suffix != ".pyc"]
        expected |= {str(path.relative_to(whole.root)): path for path in files}
    with zipfile.ZipFile(zips[function]) as archive:
        assert sorted(archive.namelist()) == sorted(expected)
        for name, path in expected.items():
            assert archive.read(name) == path.read_bytes()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_unzipped_function_starts_on_its_own(zips: dict[str, Path], tmp_path: Path, function: str) -> None:
    with zipfile.ZipFile(zips[function]) as archive:
        archive.extractall(tmp_path)
    run = subprocess.run(
        [sys.executable, "-c", _START, function],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "GOOGLE_CLOUD_PROJECT": "example-maintenance"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
