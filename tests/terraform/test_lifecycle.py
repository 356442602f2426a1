"""The example environment from init to destroy, and what a third site changes."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
import yaml

from tests.terraform.conftest import Installed
from tests.terraform.standin import terraform_binary
from tests.terraform.workspace import CHECKOUT, EXAMPLE, Workspace, copy_deployment

pytestmark = [pytest.mark.xdist_group("terraform")]


def test_configuration_is_formatted(standin: Installed) -> None:
    run = subprocess.run(
        [terraform_binary(), "fmt", "-check", "-recursive", "-diff", "terraform"],
        cwd=CHECKOUT,
        env={"PATH": "/usr/bin", "CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": str(standin.folder / "terraformrc")},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_init_and_validate_as_a_user_runs_them(standin: Installed, tmp_path: Any) -> None:
    """With the providers found by Terraform itself, by name and version, and not handed to it."""
    made = Workspace(copy_deployment(tmp_path, whole_core=False), standin.environment)
    made.terraform("init", "-input=false", "-backend=false")
    assert "valid" in made.terraform("validate")
    assert "hashicorp/google" in (made.folder / ".terraform.lock.hcl").read_text()


def test_second_plan_after_apply_is_empty(deployed: Workspace) -> None:
    deployed.terraform("plan", "-input=false", "-detailed-exitcode", EXAMPLE, status=0)


def test_third_site_only_adds(deployed: Workspace) -> None:
    """Its secrets, grants, jobs and alerts; what is there gets the new configuration and is otherwise left alone."""
    path = deployed.root / "config" / "sites.yaml"
    before = path.read_text()
    try:
        path.write_text(_with_third_site(before))
        changes = deployed.plan("third.tfplan")["resource_changes"]
    finally:
        path.write_text(before)
    actions = {change["address"]: tuple(change["change"]["actions"]) for change in changes}
    added = {address for address, action in actions.items() if action == ("create",)}
    other = {address: action for address, action in actions.items() if action not in {("create",), ("no-op",)}}

    assert {address.partition("[")[0] for address in added} == {
        "google_cloud_scheduler_job.this",
        "google_secret_manager_secret.this",
        "google_secret_manager_secret_iam_member.function",
        "google_secret_manager_secret_iam_member.operator",
        "google_secret_manager_secret_iam_member.writer",
        "module.alert",
    }
    assert all("plant-third" in address for address in added)
    # The functions carry config/ in their zips: each gets a new one, in place.
    functions = {change["address"] for change in changes if change["type"] == "google_cloudfunctions2_function"}
    sources = {change["address"] for change in changes if change["name"] == "source" and change["mode"] == "managed"}
    sources -= {"google_storage_bucket.source"}
    expected = dict.fromkeys(functions, ("update",)) | dict.fromkeys(sources, ("create", "delete"))
    assert other == expected
    for change in changes:
        if change["address"] in functions:
            assert _changed(change["change"]) == {"build_config"}


def test_replaced_subscription_gets_its_grants_again(deployed: Workspace) -> None:
    """A new one of the same name has none of the old one's: without them nothing is dead-lettered any more."""
    with deployed.replaced(
        "modules/pipeline/main.tf", "  topic = var.topic\n", '  topic = var.topic\n  filter = "a"\n'
    ):
        changes = deployed.plan("replaced.tfplan", '-target=module.pipeline["notify"]')["resource_changes"]
    replaced = {change["address"] for change in changes if set(change["change"]["actions"]) == {"create", "delete"}}
    assert replaced == {
        'module.pipeline["notify"].google_pubsub_subscription.this',
        'module.pipeline["notify"].google_pubsub_subscription_iam_member.agent_acknowledges',
    }


def test_destroy_of_a_throw_away_environment_leaves_nothing(deployed: Workspace, applied: Any) -> None:
    """The last test of this file: it takes the session's deployment away."""
    assert applied
    deployed.terraform("destroy", "-input=false", "-auto-approve", "-refresh=false", EXAMPLE)
    assert "values" not in deployed.show()


def _with_third_site(text: str) -> str:
    content = yaml.safe_load(text)
    third = yaml.safe_load(yaml.safe_dump(content["sites"][0]).replace("plant-north", "plant-third"))
    third["time_zone"] = "Asia/Tokyo"
    third["maintainx"]["organization_id"] = 4444
    return yaml.safe_dump({**content, "sites": [*content["sites"], third]})


def _changed(change: dict[str, Any]) -> set[str]:
    before, after = change["before"], change["after"]
    return {key for key in before if key in after and before[key] != after[key]}
