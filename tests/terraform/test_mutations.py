"""`terraform test` passes, and fails for every mistake that a plan and an apply would let through.

Each mutation takes one safeguard away; the assertion that guards it, and no other, must speak. Terraform reports every
failed assertion of a run, so mutations of one file whose assertions differ share a run.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass

import pytest

from tests.terraform.workspace import Workspace

pytestmark = [pytest.mark.xdist_group("terraform-test")]


@dataclass(frozen=True)
class Mutation:
    """A change to a file of terraform/, and the beginnings of the messages that must come of it."""

    file: str
    old: str
    new: str
    message: str
    also: str = ""


_PIPELINE = "modules/pipeline/main.tf"
_FUNCTION = "modules/function/main.tf"

PIPELINE = {
    "no retry policy": Mutation(
        _PIPELINE,
        """  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }
""",
        "",
        "Without a retry policy",
    ),
    "no dead-letter policy": Mutation(
        _PIPELINE,
        """  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.dead.id
    max_delivery_attempts = var.max_delivery_attempts
  }
""",
        "",
        "Without a dead-letter policy",
        also="A row that BigQuery refuses",
    ),
    "no subscription on the dead-letter topic": Mutation(
        _PIPELINE, "  topic = google_pubsub_topic.dead.id\n\n", "  topic = var.topic\n\n", "A dead-letter topic without"
    ),
    "dead letters kept for the default time": Mutation(
        _PIPELINE,
        """  ack_deadline_seconds       = 60
  message_retention_duration = "${var.dead_letter_retention_s}s"
""",
        "  ack_deadline_seconds       = 60\n",
        "Dead letters must be kept",
    ),
    "agent may not publish dead letters": Mutation(
        _PIPELINE, '"roles/pubsub.publisher"', '"roles/pubsub.viewer"', "Pub/Sub's agent must be able to publish"
    ),
    "agent may not acknowledge": Mutation(
        _PIPELINE, '"roles/pubsub.subscriber"', '"roles/pubsub.viewer"', "Pub/Sub's agent must be able to acknowledge"
    ),
    "ack deadline below the function's timeout": Mutation(
        _PIPELINE, "function_timeout_s + 30", "function_timeout_s - 30", "An ack deadline below the function's timeout"
    ),
    "token for another audience": Mutation(
        _PIPELINE,
        "audience              = push_config.value.endpoint",
        'audience              = "bridge"',
        "A push without OIDC token",
    ),
    "archive without metadata": Mutation(
        _PIPELINE, "write_metadata = true", "write_metadata = false", "The archive needs"
    ),
}

DEPLOYMENT = {
    "functions": [
        Mutation("functions.tf", '== "public"\n', '== "public" || each.key == "erp_push"\n', "webhook_ingress, and"),
        Mutation("functions.tf", 'push      = "ALLOW_INTERNAL_ONLY"', 'push      = "ALLOW_ALL"', "What only Pub/Sub"),
        Mutation(
            _FUNCTION,
            "max_instance_request_concurrency = var.concurrency",
            "max_instance_request_concurrency = 1",
            "Concurrency left at 1",
            also="The server must have",
        ),
        Mutation("functions.tf", "= tostring(function.timeout_s)", '= "10"', "A claim shorter"),
        Mutation("functions.tf", "secrets     = []", 'secrets     = ["erp_credentials"]', "A secret is readable"),
        Mutation("iam.tf", '"roles/datastore.user"', '"roles/editor"', "On the project only"),
        Mutation("scheduler.tf", "site.time_zone", '"Etc/UTC"', "Every site of sites.yaml"),
        Mutation("firestore.tf", "  ttl_config {}\n", "", "Without TTL"),
    ],
    "wiring": [
        Mutation(
            "functions.tf", 'contains(["push", "scheduler"], each.value.trigger) ?', "false ?", "A function that nobody"
        ),
        Mutation("functions.tf", "tostring(function.concurrency)", '"4"', "The server must have"),
        Mutation(
            "pubsub.tf", "  message_retention_duration = local.message_retention\n", "", "A topic without retention"
        ),
        Mutation(
            "pubsub.tf",
            "function_timeout_s    = module.function[each.value.function].timeout_s",
            "function_timeout_s    = 20",
            "An ack deadline below the function's timeout",
        ),
        Mutation(
            "scheduler.tf",
            "for id, site in local.sites : {",
            'for id, site in { for id, site in local.sites : id => site if id != "plant-south" } : {',
            "Every site of sites.yaml",
        ),
        Mutation(
            "scheduler.tf", "retry_count          = 3", "retry_count          = 0", "A scheduler job without retry"
        ),
        Mutation(
            "secrets.tf", '"roles/secretmanager.secretAccessor"', '"roles/secretmanager.admin"', "Grants on secrets"
        ),
        Mutation("iam.tf", '"roles/bigquery.dataViewer"', '"roles/bigquery.dataEditor"', "Who asks what we were told"),
        Mutation(
            "iam.tf",
            '"roles/iam.serviceAccountTokenCreator"',
            '"roles/iam.serviceAccountUser"',
            "Pub/Sub's agent must be able to sign",
        ),
    ],
}


def test_unchanged_configuration_passes(small: Workspace) -> None:
    assert _complaints(small, status=0) == []


@pytest.mark.parametrize("mutation", PIPELINE.values(), ids=PIPELINE.keys())
def test_mutated_pipeline_is_noticed(small: Workspace, mutation: Mutation) -> None:
    _assert_noticed(small, "pipeline", [mutation])


@pytest.mark.parametrize("mutations", DEPLOYMENT.values(), ids=DEPLOYMENT.keys())
def test_mutated_deployment_is_noticed(small: Workspace, mutations: list[Mutation]) -> None:
    _assert_noticed(small, "deployment", mutations)


def _assert_noticed(workspace: Workspace, test: str, mutations: list[Mutation]) -> None:
    with contextlib.ExitStack() as undone:
        for mutation in mutations:
            undone.enter_context(workspace.replaced(mutation.file, mutation.old, mutation.new))
        complaints = _complaints(workspace, f"-filter=tests/{test}.tftest.hcl", status=1)
    expected = {text for mutation in mutations for text in (mutation.message, mutation.also) if text}
    found = {next((start for start in expected if text.startswith(start)), text) for text in complaints}
    assert found == expected


def _complaints(workspace: Workspace, *arguments: str, status: int) -> list[str]:
    """What `terraform test` says of the assertions that failed; any other error makes the test fail."""
    lines = workspace.terraform("test", "-json", *arguments, status=status).splitlines()
    events = [json.loads(line) for line in lines if line.startswith("{")]
    errors = [e["diagnostic"] for e in events if e["type"] == "diagnostic" and e["diagnostic"]["severity"] == "error"]
    assert {error["summary"] for error in errors} <= {"Test assertion failed"}, errors
    (summary,) = [event["test_summary"] for event in events if event["type"] == "test_summary"]
    assert summary["status"] == ("pass" if status == 0 else "fail")
    assert summary["passed"] + summary["failed"] > 0
    return [error["detail"] for error in errors]
