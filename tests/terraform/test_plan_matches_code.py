"""What is deployed against the code that runs there: nothing that it needs is missing, nothing is there in vain."""

from __future__ import annotations

import base64
import functools
import json
from typing import Any

import functions_framework
import pytest

import shared.topics
from local.schedules import CATCH_UP, ERP_COMPARE, ERP_PULL
from shared.config.loading import load_model
from shared.config.routes import DESTINATIONS
from shared.config.sites import SitesFile
from shared.topics import PIPELINES, TOPICS, function_pipeline
from shared.warehouse.tables import TABLES, VIEWS, table, view_sql
from tests.terraform.code_facts import Code, Reached
from tests.terraform.resources import Resources
from tests.terraform.workspace import CHECKOUT

pytestmark = [pytest.mark.xdist_group("terraform")]

CODE = Code(CHECKOUT)
FUNCTIONS = CODE.functions()
PREFIX = "mx-"
PROJECT = "example-maintenance"

# Read by the code, and rightly not set in Google Cloud.
OPTIONAL = {
    "BIGQUERY_EMULATOR_HOST": "Google's own variable for an emulator",
    "CONFIG_DIR": "the configuration is beside shared/ in the zip",
    "DEAD_LETTER_PULL_TIMEOUT_S": "its default is meant for Pub/Sub; tests wait shorter",
    "MAINTAINX_RATE_WINDOW_S": "its default is MaintainX's own; a sandbox may be faster",
    "PUBSUB_EMULATOR_HOST": "Google's own variable for an emulator",
    "SECRETS_DIR": "secrets are read from Secret Manager by name",
}
# Set, and read by functions-framework instead of our code.
SERVER = {"FUNCTION_USE_ASGI", "THREADS"}

# What in the code shows that a function has a use for a kind of secret.
SECRET_ATTRIBUTES = {
    "api_key_secret": "maintainx_api_key",
    "credentials_secret": "erp_credentials",
    "events_secret": "events",
    "urls_secret": "notify_urls",
}
SECRET_NAMES = {
    ("shared.ingress", "find_address"): "webhook",
    ("shared.maintainx.subscriptions.model", "wanted_by"): "webhook",
    ("shared.maintainx.subscriptions.ledger", "Ledger"): "subscription_ledger",
}


@functools.cache
def _reached(function: str) -> Reached:
    return CODE.reached_by(function)


def _service_configs(planned: Resources) -> dict[str, dict[str, Any]]:
    functions = planned.by_key("google_cloudfunctions2_function")
    return {name: values["service_config"][0] for name, values in functions.items()}


def test_every_function_folder_is_deployed_with_its_entry_point(planned: Resources) -> None:
    deployed = planned.by_key("google_cloudfunctions2_function")
    assert sorted(deployed) == FUNCTIONS
    for name, values in deployed.items():
        assert values["build_config"][0]["entry_point"] == name
        assert name in CODE.entry_points(name)
        assert values["name"] == PREFIX + name.replace("_", "-")


def test_every_variable_that_the_code_reads_is_set_and_none_in_vain(
    planned: Resources, subtests: pytest.Subtests
) -> None:
    for function in FUNCTIONS:
        with subtests.test(function=function):
            variables = set(_service_configs(planned)[function]["environment_variables"])
            assert variables - SERVER == _reached(function).environment - set(OPTIONAL)


def test_every_optional_variable_is_still_read_somewhere() -> None:
    read = {variable for function in FUNCTIONS for variable in _reached(function).environment}
    assert set(OPTIONAL) <= read


def test_the_server_reads_the_variables_that_are_meant_for_it() -> None:
    folder = (CHECKOUT / functions_framework.__file__).parent
    source = "".join(path.read_text() for path in folder.rglob("*.py"))
    assert {name for name in SERVER if f'"{name}"' in source} == SERVER


def test_variables_have_the_values_that_the_deployment_has(planned: Resources) -> None:
    subscriptions = planned.by_key("google_pubsub_subscription", "this")
    database = planned.of_type("google_firestore_database")[0].values["name"]
    dataset = planned.of_type("google_bigquery_dataset")[0].values["dataset_id"]
    for name, config in _service_configs(planned).items():
        variables = config["environment_variables"]
        timeout = str(config["timeout_seconds"])
        assert variables["GOOGLE_CLOUD_PROJECT"] == PROJECT
        assert variables.get("RESOURCE_PREFIX", PREFIX) == PREFIX
        assert variables.get("FIRESTORE_DATABASE", database) == database
        assert variables.get("BIGQUERY_DATASET", dataset) == dataset
        assert variables.get("CLAIM_LEASE_S", timeout) == timeout
        assert variables.get("RECORD_LEASE_S", timeout) == timeout
        assert int(variables.get("HANDLER_DEADLINE_S", 0)) < config["timeout_seconds"]
        if "MAX_DELIVERY_ATTEMPTS" in variables:
            policy = subscriptions[function_pipeline(name).name]["dead_letter_policy"][0]
            assert variables["MAX_DELIVERY_ATTEMPTS"] == str(policy["max_delivery_attempts"])


def test_topics_and_pipelines_are_those_of_the_code(applied: Resources) -> None:
    topics = {values["name"] for values in applied.by_key("google_pubsub_topic", "this").values()}
    assert topics == {PREFIX + topic for topic in TOPICS}
    dead = {values["name"]: values for values in applied.by_key("google_pubsub_subscription", "dead").values()}
    assert set(dead) == {PREFIX + pipeline.dead_letters for pipeline in PIPELINES.values()}
    subscriptions = {values["name"]: values for values in applied.by_key("google_pubsub_subscription", "this").values()}
    assert set(subscriptions) == {PREFIX + name for name in PIPELINES}
    uris = {name: config["uri"] for name, config in _service_configs(applied).items()}
    dataset = applied.of_type("google_bigquery_dataset")[0].values["dataset_id"]
    for pipeline in PIPELINES.values():
        values = subscriptions[PREFIX + pipeline.name]
        assert values["topic"] == _topic(pipeline.topic)
        assert values["dead_letter_policy"][0]["dead_letter_topic"] == _topic(pipeline.dead_letters)
        assert dead[PREFIX + pipeline.dead_letters]["topic"] == _topic(pipeline.dead_letters)
        if pipeline.consumer == "function":
            assert values["push_config"][0]["push_endpoint"] == uris[pipeline.target]
        else:
            assert values["bigquery_config"][0]["table"] == f"{PROJECT}.{dataset}.{pipeline.target}"


def test_function_may_publish_to_the_topics_it_publishes_to_and_no_others(
    applied: Resources, subtests: pytest.Subtests
) -> None:
    for function in FUNCTIONS:
        with subtests.test(function=function):
            member = applied.by_key("google_service_account", "this")[function]["member"]
            grants = [grant.values for grant in applied.of_type("google_pubsub_topic_iam_member")]
            granted = {grant["topic"] for grant in grants if grant["member"] == member}
            assert {grant["role"] for grant in grants if grant["member"] == member} <= {"roles/pubsub.publisher"}
            assert granted == {_topic(name) for name in _published(function)}


def test_only_the_replaying_function_takes_dead_letters(applied: Resources) -> None:
    members = {values["member"]: name for name, values in applied.by_key("google_service_account", "this").items()}
    grants = [grant.values for grant in applied.of_type("google_pubsub_subscription_iam_member", "replayer")]
    assert {members[grant["member"]] for grant in grants} == {
        name for name in FUNCTIONS if ("shared.dead_letters.queue", "DeadLetters") in _reached(name).names
    }
    dead = {values["id"] for values in applied.by_key("google_pubsub_subscription", "dead").values()}
    assert {grant["subscription"] for grant in grants} == dead


def test_only_functions_that_keep_state_or_use_the_warehouse_may(applied: Resources) -> None:
    members = {values["member"]: name for name, values in applied.by_key("google_service_account", "this").items()}
    granted: dict[str, set[str]] = {}
    for kind in ("google_project_iam_member", "google_bigquery_dataset_iam_member"):
        for grant in applied.of_type(kind):
            if grant.values["member"] in members:
                granted.setdefault(grant.values["role"], set()).add(members[grant.values["member"]])
    state = {name for name in FUNCTIONS if ("shared.state.connection", "Connection") in _reached(name).names}
    asks = {name for name in FUNCTIONS if ("shared.warehouse.gateway", "Warehouse") in _reached(name).names}
    reads_archive = {name for name in FUNCTIONS if ("shared.warehouse.archive", "EventArchive") in _reached(name).names}
    assert reads_archive
    assert granted == {
        "roles/bigquery.dataEditor": asks - reads_archive,
        "roles/bigquery.jobUser": asks,
        "roles/datastore.user": state,
    }
    readers = {
        (members[grant.values["member"]], grant.values["table_id"], grant.values["role"])
        for grant in applied.of_type("google_bigquery_table_iam_member", "archive")
    }
    assert readers == {(name, "raw_events", "roles/bigquery.dataViewer") for name in reads_archive}


def test_schedules_call_the_functions_with_bodies_that_they_take(planned: Resources) -> None:
    jobs = {
        key: (values["http_target"][0], values) for key, values in planned.by_key("google_cloud_scheduler_job").items()
    }
    bodies = {key: json.loads(base64.b64decode(target["body"])) for key, (target, _) in jobs.items()}
    for key, values in bodies.items():
        assert key.endswith(f"-{values['site']}")
        assert set(values) <= {"site", "heal", "compare_all"}
    crons = {key.removesuffix("-plant-north"): values["schedule"] for key, (_, values) in jobs.items()}
    assert (crons["erp-pull"], crons["catch-up"]) == ("*/5 * * * *", "*/15 * * * *")
    for schedule in (CATCH_UP, ERP_COMPARE, ERP_PULL):  # what the local stack sends, too
        assert bodies[f"{schedule.name}-plant-south"] == {"site": "plant-south", **schedule.body}
        assert schedule.function in {"erp_pull", "catch_up"}


def test_every_secret_of_the_sites_exists_and_is_read_by_just_those_that_use_it(applied: Resources) -> None:
    kinds = _secret_kinds()
    secrets = {values["id"]: name for name, values in applied.by_key("google_secret_manager_secret").items()}
    assert set(secrets.values()) == set(kinds)
    members = {values["member"]: name for name, values in applied.by_key("google_service_account", "this").items()}
    readers: dict[str, set[str]] = {name: set() for name in kinds}
    for grant in applied.of_type("google_secret_manager_secret_iam_member", "function"):
        readers[secrets[grant.values["secret_id"]]].add(members[grant.values["member"]])
    users = {kind: {name for name in FUNCTIONS if kind in _used_secrets(name)} for kind in set(kinds.values())}
    assert readers == {name: users[kind] for name, kind in kinds.items()}


def test_commands_are_shown_for_just_those_secrets_that_are_filled_by_hand(planned_outputs: dict[str, Any]) -> None:
    """`ops subscriptions apply` fills the others; text by hand in a list of subscriptions would be in its way."""
    by_hand = {name for name, kind in _secret_kinds().items() if kind not in {"webhook", "subscription_ledger"}}
    commands = planned_outputs["secret_commands"]["value"]
    assert set(commands) == by_hand
    for name, command in commands.items():
        assert command == f"gcloud secrets versions add {name} --project={PROJECT} --data-file=-"


def test_only_the_keeper_of_subscriptions_writes_secrets(applied: Resources) -> None:
    members = {values["member"]: name for name, values in applied.by_key("google_service_account", "this").items()}
    writers = {
        members[g.values["member"]] for g in applied.of_type("google_secret_manager_secret_iam_member", "writer")
    }
    assert writers == {
        name for name in FUNCTIONS if ("shared.secret_versions", "ManagerSecretVersions") in _reached(name).names
    }


def test_tables_are_those_of_the_code(planned: Resources) -> None:
    planned_tables = planned.by_key("google_bigquery_table", "this")
    assert set(planned_tables) == {spec.name for spec in TABLES}
    for spec in TABLES:
        values = planned_tables[spec.name]
        columns = [field.to_api_repr() for field in table(spec.name).schema]
        assert [_column(column) for column in json.loads(values["schema"])] == [_column(column) for column in columns]
        assert values["description"] == spec.description
        assert tuple(values["clustering"] or ()) == spec.cluster_by
        partitioning = [(part["field"], part["type"]) for part in values["time_partitioning"]]
        assert partitioning == ([spec.partition_by] if spec.partition_by else [])


def test_views_are_those_of_the_code_and_made_after_what_they_read(planned: Resources) -> None:
    dataset = planned.of_type("google_bigquery_dataset")[0].values["dataset_id"]
    layers = [planned.by_key("google_bigquery_table", f"view_{number}") for number in range(1, 6)]
    queries = {name: values["view"][0]["query"] for layer in layers for name, values in layer.items()}
    assert queries == {name: view_sql(file, f"{PROJECT}.{dataset}") for name, file in VIEWS}
    made: set[str] = set()
    for layer in layers:
        for name in layer:
            reads = {other for other in queries if f"`{PROJECT}.{dataset}.{other}`" in queries[name]}
            assert reads <= made, f"{name} reads {reads - made}, made later or at the same time"
        made |= set(layer)


def _topic(name: str) -> str:
    return f"projects/{PROJECT}/topics/{PREFIX}{name}"


def _published(function: str) -> set[str]:
    """Short names of the topics that the code of a function publishes to."""
    reached = _reached(function)
    constants = {"EVENTS", "ERP_PUSH", "NOTIFICATIONS", "AUDIT"}
    used = {name[1] for where, name in reached.references if name[0] == "shared.topics" and where != "shared.topics"}
    topics: set[str] = {getattr(shared.topics, name) for name in used & constants}
    if any(module == "shared.routing" for module, _ in reached.names):
        topics |= set(DESTINATIONS)
    if ("shared.pubsub.dead_letter", "dead_letter") in reached.names:
        topics.add(function_pipeline(function).dead_letters)
    if ("shared.dead_letters.queue", "DeadLetters") in reached.names:
        topics |= {pipeline.topic for pipeline in PIPELINES.values()}
    return topics


def _used_secrets(function: str) -> set[str]:
    reached = _reached(function)
    by_attribute = {kind for name, kind in SECRET_ATTRIBUTES.items() if name in reached.attributes}
    return by_attribute | {kind for name, kind in SECRET_NAMES.items() if name in reached.names}


def _secret_kinds() -> dict[str, str]:
    """Every secret of the sites, and what it is for."""
    kinds: dict[str, str] = {}
    for site in load_model(CHECKOUT / "config" / "sites.yaml", SitesFile).sites:
        kinds[site.maintainx.api_key_secret] = "maintainx_api_key"
        kinds[f"maintainx-subscriptions-{site.id}"] = "subscription_ledger"
        kinds |= {subscription.secret: "webhook" for subscription in site.maintainx.subscriptions}
        if site.erp is not None and site.erp.credentials_secret is not None:
            kinds[site.erp.credentials_secret] = "erp_credentials"
        if site.notify is not None:
            kinds[site.notify.urls_secret] = "notify_urls"
        if site.events_secret is not None:
            kinds[site.events_secret] = "events"
    return kinds


def _column(column: dict[str, Any]) -> tuple[Any, ...]:
    types = {"INT64": "INTEGER", "FLOAT64": "FLOAT", "BOOL": "BOOLEAN"}
    type_ = types.get(column["type"], column["type"])
    return column["name"], type_, column["mode"], column.get("description")
