"""The servers that tests of several folders share, each started once by a worker of the session."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from google.cloud import pubsub_v1

from local.bigquery.testing import running_server as running_bigquery
from local.erp.testing import Simulator as ErpSimulator
from local.erp.testing import running_simulator as running_erp
from local.firestore.testing import running_server as running_firestore
from local.maintainx.control_client import SimControl
from local.maintainx.testing import running_simulator as running_maintainx
from local.pubsub.testing import RunningServer
from local.pubsub.testing import running_server as running_pubsub
from shared.pubsub.publisher import Publisher
from shared.topics import PIPELINES, Pipeline, subscription_path, topic_path
from shared.warehouse.gateway import Warehouse, warehouse_from_environment
from shared.warehouse.provision import ensure_warehouse
from tests.integration.emulators import running_firestore_emulator, running_pubsub_emulator
from tests.integration.maintainx.plant import PLANT

# What starts for some seconds: all its tests go to one worker, so that it starts once.
_GROUPS = {"bigquery_environment": "bigquery", "google": "google", "google-emulator": "google"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put tests that use one slow server into one of xdist's groups."""
    for item in items:
        used = {*getattr(item, "fixturenames", ())}
        if isinstance(item, pytest.Function) and hasattr(item, "callspec"):
            used |= {value for value in item.callspec.params.values() if isinstance(value, str)}
        for name in used & _GROUPS.keys():
            item.add_marker(pytest.mark.xdist_group(_GROUPS[name]))


@pytest.fixture(scope="session")
def bigquery_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A BigQuery, and the process pointed at it."""
    with running_bigquery(tmp_path_factory.mktemp("bigquery")) as url, pytest.MonkeyPatch.context() as patch:
        patch.setenv("BIGQUERY_EMULATOR_HOST", url)
        patch.setenv("GOOGLE_CLOUD_PROJECT", "test-project")
        patch.setenv("BIGQUERY_DATASET", "maintenance")
        yield


@pytest.fixture(scope="session")
def warehouse(bigquery_environment: None) -> Warehouse:
    """Its dataset with all tables and views."""
    made = warehouse_from_environment()
    return ensure_warehouse(made.client, made.dataset)


@pytest.fixture(scope="session")
def pubsub_emulator() -> Iterator[str]:
    """Address 127.0.0.1:PORT of Google's Pub/Sub emulator."""
    with running_pubsub_emulator() as address:
        yield address


@pytest.fixture(scope="session")
def firestore_emulator() -> Iterator[str]:
    """Address 127.0.0.1:PORT of Google's Firestore emulator."""
    with running_firestore_emulator() as address:
        yield address


@pytest.fixture(scope="session")
def embedded_firestore(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Our Firestore, in this process."""
    with running_firestore(tmp_path_factory.mktemp("firestore")) as server:
        yield server


@pytest.fixture(scope="session")
def maintainx() -> Iterator[SimControl]:
    """A MaintainX with one organization."""
    with running_maintainx() as control:
        control.seed(PLANT)
        yield control


@pytest.fixture(scope="session")
def erp() -> Iterator[ErpSimulator]:
    """A REST ERP without tenants."""
    with running_erp() as simulator:
        yield simulator


@pytest.fixture(scope="session")
def embedded_pubsub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Our Pub/Sub, in this process, with no BigQuery behind it."""
    with running_pubsub(tmp_path_factory.mktemp("pubsub"), bigquery_endpoint="http://127.0.0.1:9") as server:
        yield server


@dataclass(frozen=True)
class Broker:
    """The embedded broker with the topics of all pipelines; dead letters can be pulled, pushes go nowhere."""

    subscriber: Any
    publisher: Publisher

    def bury(self, pipeline: Pipeline, *names: str, **attributes: str) -> None:
        """Dead letters with these names as data and event id."""
        for name in names:
            own = {"event_id": name, "site": "plant-1", "error_class": "MappingError", **attributes}
            self.publisher.publish(pipeline.dead_letters, name.encode(), own)

    def waiting(self, subscription: str) -> list[Any]:
        """Messages that can be pulled now, acknowledged."""
        path = subscription_path(subscription)
        found: list[Any] = []
        # Google's Pub/Sub may answer such a pull with nothing although messages wait; the embedded one does not.
        request = {"subscription": path, "max_messages": 1000, "return_immediately": True}
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            while pulled := self.subscriber.pull(request=request, timeout=30, retry=None).received_messages:
                ack_ids = [each.ack_id for each in pulled]
                self.subscriber.acknowledge(request={"subscription": path, "ack_ids": ack_ids})
                found += [each.message for each in pulled]
        return found


@pytest.fixture
def broker(embedded_pubsub: RunningServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Broker]:
    """Topics and subscriptions of a project that no other test uses."""
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", embedded_pubsub.address)
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", f"project-{uuid4().hex[:8]}")
    monkeypatch.delenv("RESOURCE_PREFIX", raising=False)
    monkeypatch.setenv("DEAD_LETTER_PULL_TIMEOUT_S", "0.75")
    monkeypatch.setattr("shared.dead_letters.queue._EMPTY_PULLS", 1)
    topics, subscriber = pubsub_v1.PublisherClient(), pubsub_v1.SubscriberClient()
    names = {pipeline.topic for pipeline in PIPELINES.values()}
    for name in sorted(names | {pipeline.dead_letters for pipeline in PIPELINES.values()}):
        topics.create_topic(request={"name": topic_path(name)})
    for pipeline in PIPELINES.values():
        for subscription, topic in ((pipeline.name, pipeline.topic), (pipeline.dead_letters, pipeline.dead_letters)):
            subscriber.create_subscription(
                request={
                    "name": subscription_path(subscription),
                    "topic": topic_path(topic),
                    "ack_deadline_seconds": 600,
                }
            )
    yield Broker(subscriber, Publisher(topics))
    subscriber.close()
    topics.stop()
    topics.transport.close()
