"""The README's tables against the configuration: every input, every output, every grant on the project."""

from __future__ import annotations

import re

from tests.terraform.workspace import CHECKOUT

FOLDER = CHECKOUT / "terraform"
README = (FOLDER / "README.md").read_text(encoding="utf-8")


def _declared(kind: str, file: str) -> set[str]:
    return set(re.findall(rf'^{kind} "(\w+)"', (FOLDER / file).read_text(), re.MULTILINE))


def _table(heading: str) -> set[str]:
    """The first column of the table under a heading."""
    section = README.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return set(re.findall(r"^\| `([\w./]+)`", section, re.MULTILINE))


def test_every_input_is_listed() -> None:
    assert _table("Inputs") == _declared("variable", "variables.tf")


def test_every_output_is_listed() -> None:
    assert _table("Outputs") == _declared("output", "outputs.tf")


def test_every_grant_on_the_project_is_listed_with_its_reason() -> None:
    text = "".join(path.read_text() for path in FOLDER.rglob("*.tf"))
    blocks = re.findall(r'resource "google_project_iam_\w+" .*?^}', text, re.MULTILINE | re.DOTALL)
    roles = {role for block in blocks for role in re.findall(r'"(roles/[\w.]+)"', block)}
    assert roles
    assert _table("Grants on the project") == roles


def test_every_suppressed_check_has_a_reason() -> None:
    for path in FOLDER.rglob("*.tf"):
        for line in re.findall(r"#checkov:skip.*", path.read_text()):
            assert re.fullmatch(r"#checkov:skip=CKV_\w+:.{20,}", line), f"{path.name}: {line}"
