"""The folder of a stack: never somebody else's files, never two stacks at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.folder import own_folder
from local.processes import StackFailed


def test_folder_with_foreign_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine" / "sub").mkdir(parents=True)
    (tmp_path / "mine" / "sub" / "thesis.txt").write_text("ten years")
    with pytest.raises(StackFailed, match="not from a run"), own_folder(tmp_path / "mine"):
        pass
    assert (tmp_path / "mine" / "sub" / "thesis.txt").read_text() == "ten years"


def test_folder_of_an_earlier_run_is_emptied(tmp_path: Path) -> None:
    with own_folder(tmp_path / "run"):
        (tmp_path / "run" / "report.json").write_text("{}")
    with own_folder(tmp_path / "run"):
        assert not (tmp_path / "run" / "report.json").exists()


def test_second_stack_in_one_folder_is_refused_and_the_first_keeps_its_files(tmp_path: Path) -> None:
    with own_folder(tmp_path / "run"):
        (tmp_path / "run" / "data").write_text("precious")
        with pytest.raises(StackFailed, match="another run uses"), own_folder(tmp_path / "run"):
            pass
        assert (tmp_path / "run" / "data").read_text() == "precious"


def test_folder_that_cannot_be_made_is_said_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StackFailed, match=r"File exists|Not a directory"), own_folder(tmp_path / "file" / "run"):
        pass
