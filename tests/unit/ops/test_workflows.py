"""GitHub's files: in the form that GitHub takes (schemas that others keep), and the same as cloudbuild.yaml does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / ".github" / "workflows"
TEXTS = {path.name: path.read_text() for path in sorted(FOLDER.glob("*.yml"))}
JOBS: dict[str, dict[str, Any]] = {name: yaml.safe_load(text)["jobs"] for name, text in TEXTS.items()}
CLOUD_BUILD = (ROOT / "cloudbuild.yaml").read_text()


def commands(job: dict[str, Any]) -> list[str]:
    return [step["run"] for step in job.get("steps", []) if "run" in step]


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("github-workflows", [str(FOLDER / name) for name in TEXTS]),
        ("dependabot", [str(ROOT / ".github" / "dependabot.yml")]),
        ("cloudbuild", [str(ROOT / "cloudbuild.yaml")]),
    ],
)
def test_file_fits_the_schema_that_others_keep(schema: str, files: list[str], tmp_path: Path) -> None:
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}"]
    run = subprocess.run([*check, *files], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stdout + run.stderr


def test_actions_are_pinned_to_a_commit_with_its_version_beside() -> None:
    used = [
        line.strip() for text in TEXTS.values() for line in text.splitlines() if "uses: " in line and "./" not in line
    ]
    assert len(used) > 10
    assert [line for line in used if not re.search(r"uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line)] == []
    assert len({line.removeprefix("- ") for line in used}) == len({line.partition("@")[0] for line in used})


def test_tools_have_the_versions_that_cloud_build_has() -> None:
    (terraform,) = set(re.findall(r"hashicorp/terraform:(\S+)", CLOUD_BUILD))
    (checkov,) = set(re.findall(r"checkov==(\S+)", CLOUD_BUILD))
    for name, text in TEXTS.items():
        assert set(re.findall(r"terraform_version: (\S+)", text)) == {terraform}, name
    assert f"checkov=={checkov}\n" in TEXTS["check.yml"]


def test_every_file_and_make_target_that_is_called_exists() -> None:
    called = {path for text in TEXTS.values() for path in re.findall(r"(?:\.ci|scripts)/[\w./-]+", text)}
    assert {".ci/run", "scripts/terraform-plan.sh", "scripts/terraform-apply.sh", "scripts/smoke.sh"} <= called
    assert [path for path in called if not (ROOT / path).is_file()] == []
    pre_commit = (ROOT / ".pre-commit-config.yaml").read_text()
    targets = {target for text in (*TEXTS.values(), pre_commit) for target in re.findall(r"\bmake ([a-z]+)", text)}
    assert {"install", "lint"} <= targets <= set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))


def test_only_main_is_applied_after_all_checks_and_exactly_as_planned() -> None:
    apply = JOBS["deploy.yml"]["apply"]
    assert apply["needs"] == "check"
    assert "github.event_name == 'push'" in apply["if"]
    assert yaml.safe_load(TEXTS["deploy.yml"])[True]["push"] == {"branches": ["main"]}  # YAML 1.1: on is true
    steps = commands(apply)
    order = [
        next(i for i, step in enumerate(steps) if word in step) for word in ("-plan.sh", "cp", "-apply.sh", "smoke")
    ]
    assert order == sorted(order)
    assert not any("terraform apply" in step for step in steps)  # only the script, which takes the kept plan


def test_pull_requests_of_others_get_no_token_and_a_plan_no_right_to_write() -> None:
    plan = JOBS["deploy.yml"]["plan"]
    assert "head.repo.full_name == github.repository" in plan["if"]
    assert plan["env"]["PLAN_LOCK"] == "false"
    assert not any("apply" in step for step in commands(plan))
    tokens = {name for jobs in JOBS.values() for name, job in jobs.items() if "id-token" in job.get("permissions", {})}
    assert tokens == {"plan", "apply"}
    for text in TEXTS.values():
        assert yaml.safe_load(text)["permissions"] == {"contents": "read"}


def test_tests_run_on_the_lowest_python_and_the_deployed_one() -> None:
    (deployed,) = re.findall(r'"python(\d)(\d+)"', (ROOT / "terraform" / "variables.tf").read_text())
    assert JOBS["check.yml"]["tests"]["strategy"]["matrix"]["python"] == ["3.11", ".".join(deployed)]
