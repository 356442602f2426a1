"""cloudbuild.yaml: what Cloud Build would refuse, or do wrongly, is found here."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
BUILD: dict[str, Any] = yaml.safe_load((ROOT / "cloudbuild.yaml").read_text())
STEPS: dict[str, dict[str, Any]] = {step["id"]: step for step in BUILD["steps"]}
# Cloud Build: "Build configuration file schema".
BUILD_FIELDS = {"steps", "timeout", "queueTtl", "logsBucket", "options", "substitutions", "tags", "serviceAccount"}
BUILD_FIELDS |= {"secrets", "availableSecrets", "artifacts", "images", "dependencies"}
STEP_FIELDS = {"name", "args", "env", "allowFailure", "allowExitCodes", "dir", "id", "waitFor", "entrypoint"}
STEP_FIELDS |= {"secretEnv", "volumes", "timeout", "script", "automapSubstitutions"}
OPTION_FIELDS = {"env", "secretEnv", "volumes", "machineType", "diskSizeGb", "substitutionOption", "logging", "pool"}
OPTION_FIELDS |= {"dynamicSubstitutions", "automapSubstitutions", "logStreamingOption", "requestedVerifyOption"}
BUILT_IN = {"PROJECT_ID", "BUILD_ID", "COMMIT_SHA", "SHORT_SHA", "BRANCH_NAME", "LOCATION", "PROJECT_NUMBER"}


def commands(step: dict[str, Any]) -> str:
    return "\n".join([step.get("entrypoint", ""), *step.get("args", [])])


def test_has_only_fields_that_cloud_build_knows() -> None:
    assert set(BUILD) <= BUILD_FIELDS
    assert set(BUILD["options"]) <= OPTION_FIELDS
    for step in BUILD["steps"]:
        assert set(step) <= STEP_FIELDS
    assert len(STEPS) == len(BUILD["steps"])


def test_images_are_pinned_to_a_version(subtests: pytest.Subtests) -> None:
    for name in sorted({step["name"] for step in BUILD["steps"]}):
        with subtests.test(name=name):
            assert re.fullmatch(r".+:\d+\.\d+\.\d+(-[a-z0-9-]+)?", name), name


def test_terraform_is_the_same_everywhere() -> None:
    images = {step["name"] for step in BUILD["steps"] if "terraform" in step["name"]}
    assert len(images) == 1


def test_waits_only_for_steps_before_it(subtests: pytest.Subtests) -> None:
    for step in STEPS:
        with subtests.test(step=step):
            ids = list(STEPS)
            assert set(STEPS[step].get("waitFor", [])) <= {"-", *ids[: ids.index(step)]}


def test_nothing_is_planned_before_all_checks_passed_and_nothing_applied_unplanned() -> None:
    assert set(STEPS["plan"]["waitFor"]) == {"check", "terraform-test", "checkov"}
    order = list(STEPS)
    assert order[order.index("plan") :] == ["plan", "keep-plan", "apply", "smoke"]
    for step in ("keep-plan", "apply", "smoke"):
        assert "waitFor" not in STEPS[step]  # so each waits for all before it
    assert "terraform apply" not in commands(STEPS["apply"])  # only the script, which takes the kept plan


def test_applies_only_where_the_trigger_says_so() -> None:
    assert BUILD["substitutions"]["_APPLY"] == "false"
    for step in ("apply", "smoke"):
        assert "APPLY=${_APPLY}" in STEPS[step]["env"]
        assert re.search(r"if \[ \"\$\$APPLY.*!= true.*exit 0; fi", commands(STEPS[step]))


def test_every_substitution_is_declared_and_used() -> None:
    """MUST_MATCH refuses a build with one too many or too few; `$$` is the shell's."""
    text = yaml.safe_dump(BUILD["steps"], width=10_000).replace("$$", "")
    used = set(re.findall(r"\$\{?([A-Z_]+)\}?", text))
    assert used - BUILT_IN == set(BUILD["substitutions"])


def test_logs_where_a_trigger_with_its_own_account_must() -> None:
    assert BUILD["options"]["logging"] == "CLOUD_LOGGING_ONLY"


def test_every_file_that_is_called_exists() -> None:
    text = "\n".join(commands(step) for step in BUILD["steps"])
    called = set(re.findall(r"(?:\.ci|scripts)/[\w./-]+", text))
    assert {".ci/run", "scripts/terraform-plan.sh", "scripts/terraform-apply.sh", "scripts/smoke.sh"} == called
    for path in called:
        assert (ROOT / path).is_file(), path


def test_every_make_target_that_ci_calls_exists() -> None:
    called = set(re.findall(r"\bmake ([a-z]+)", (ROOT / ".ci" / "run").read_text()))
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
    assert called
    assert called <= targets
