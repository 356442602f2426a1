"""BigQuery subscriptions: rows in a table of a real HTTP server, written by the real BigQuery client."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from werkzeug import Request, Response

from local.bigquery.testing import running_server as running_bigquery
from local.pubsub.testing import running_server
from tests.fakes.web import web_server
from tests.integration.pubsub.conftest import clients_of

pytest.importorskip("bqemulator")

SCHEMA = [
    bigquery.SchemaField("data", "STRING"),
    bigquery.SchemaField("subscription_name", "STRING"),
    bigquery.SchemaField("message_id", "STRING"),
    bigquery.SchemaField("publish_time", "TIMESTAMP"),
    bigquery.SchemaField("attributes", "STRING"),
]


@dataclass
class RefusingTables:
    """A stand-in for BigQuery that answers inserts as the test says: HTTP status and the indexes of refused rows."""

    answer: Callable[[int], tuple[int, list[int]]]
    inserts: list[list[dict[str, Any]]] = field(default_factory=list)

    def __enter__(self) -> RefusingTables:
        self._stack = ExitStack()
        self._server = self._stack.enter_context(web_server(self._respond))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def url(self) -> str:
        """Base URL for the BigQuery client."""
        return self._server.address

    def _respond(self, request: Request) -> Response:
        status, refused = self.answer(len(self.inserts))
        self.inserts.append(json.loads(request.get_data())["rows"])
        errors = [{"index": index, "errors": [{"reason": "invalid"}]} for index in refused]
        return Response(json.dumps({"insertErrors": errors}), status, content_type="application/json")

    def data_of(self, insert: int) -> list[str]:
        """The data column of one insert, sorted."""
        return sorted(row["json"]["data"] for row in self.inserts[insert])


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Base URL of a BigQuery emulator."""
    with running_bigquery(tmp_path_factory.mktemp("bigquery")) as url:
        yield url


def _client(url: str) -> Any:
    return bigquery.Client(project="demo", credentials=AnonymousCredentials(), client_options={"api_endpoint": url})


def _wait_until(condition: Callable[[], bool], timeout_s: float = 40.0) -> None:
    give_up_at_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < give_up_at_s, "it did not happen in time"
        time.sleep(0.05)


def _rows(client: Any, table: str) -> list[dict[str, Any]]:
    found = client.query(f"SELECT * FROM `{table}`", timeout=20, retry=None).result(timeout=20)
    return [dict(row) for row in found]


def test_messages_become_rows_with_their_metadata(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, warehouse: str
) -> None:
    client = _client(warehouse)
    client.create_dataset("demo.with_metadata", timeout=20)
    table = "demo.with_metadata.raw_events"
    client.create_table(bigquery.Table(table, schema=SCHEMA), timeout=20)
    with (
        running_server(tmp_path, bigquery_endpoint=warehouse) as server,
        clients_of(server.address, monkeypatch) as bench,
    ):
        topic = bench.topic()
        subscription = bench.subscription(topic, bigquery_config={"table": table, "write_metadata": True})
        ids = bench.publish(topic, {"data": "größe".encode(), "attributes": {"site": "a"}}, {"data": b"two"})
        ids += bench.publish(topic, *[{"data": b"more"}] * 998)
        _wait_until(lambda: len(_rows(client, table)) >= 1000)
    rows = _rows(client, table)
    assert sorted(row["message_id"] for row in rows) == sorted(ids)
    [first] = [row for row in rows if row["message_id"] == ids[0]]
    assert first["data"] == "größe"
    assert first["subscription_name"] == subscription
    assert json.loads(first["attributes"]) == {"site": "a"}
    assert abs(first["publish_time"].timestamp() - time.time()) < 600


def test_a_table_that_is_made_later_gets_what_was_published_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, warehouse: str
) -> None:
    client = _client(warehouse)
    client.create_dataset("demo.made_later", timeout=20)
    table = "demo.made_later.raw_events"
    with (
        running_server(tmp_path, bigquery_endpoint=warehouse) as server,
        clients_of(server.address, monkeypatch) as bench,
    ):
        topic = bench.topic()
        subscription = bench.subscription(topic, bigquery_config={"table": table})
        state = bench.subscriber.get_subscription(request={"subscription": subscription}).bigquery_config.state
        assert state.name == "ACTIVE"
        bench.publish(topic, {"data": b"early"})
        time.sleep(0.5)
        client.create_table(bigquery.Table(table, schema=SCHEMA[:1]), timeout=20)
        _wait_until(lambda: [row["data"] for row in _rows(client, table)] == ["early"])


def test_only_refused_rows_are_written_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        RefusingTables(lambda number: (200, [1] if number == 0 else [])) as tables,
        running_server(tmp_path, bigquery_endpoint=tables.url) as server,
        clients_of(server.address, monkeypatch) as bench,
    ):
        topic = bench.topic()
        bench.subscription(topic, bigquery_config={"table": "demo.d.t"})
        bench.publish(topic, {"data": b"a"}, {"data": b"b"}, {"data": b"c"})
        _wait_until(lambda: len(tables.inserts) >= 2)
        time.sleep(0.5)
    assert len(tables.inserts) == 2
    assert tables.data_of(0) == ["a", "b", "c"]
    assert tables.data_of(1) == [tables.inserts[0][1]["json"]["data"]]


def test_a_failed_write_is_tried_again_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        RefusingTables(lambda number: (500 if number < 2 else 200, [])) as tables,
        running_server(tmp_path, bigquery_endpoint=tables.url) as server,
        clients_of(server.address, monkeypatch) as bench,
    ):
        topic = bench.topic()
        bench.subscription(topic, bigquery_config={"table": "demo.d.t"})
        bench.publish(topic, {"data": b"a"}, {"data": b"b"})
        _wait_until(lambda: len(tables.inserts) >= 3)
        time.sleep(0.5)
    assert [tables.data_of(number) for number in range(len(tables.inserts))] == [["a", "b"]] * 3
    identities = [[row["insertId"] for row in insert] for insert in tables.inserts]
    assert identities[0] == identities[1] == identities[2]


def test_data_that_is_no_text_is_dead_lettered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        RefusingTables(lambda _: (200, [])) as tables,
        running_server(tmp_path, bigquery_endpoint=tables.url) as server,
        clients_of(server.address, monkeypatch) as bench,
    ):
        topic, dead = bench.topic(), bench.topic("dead")
        graves = bench.subscription(dead, "graves")
        bench.subscription(
            topic,
            bigquery_config={"table": "demo.d.t"},
            dead_letter_policy={"dead_letter_topic": dead, "max_delivery_attempts": 5},
        )
        bench.publish(topic, {"data": b"\xff\xfe"}, {"data": b"fine"})
        assert bench.pull(graves)[0].message.data == b"\xff\xfe"
        _wait_until(lambda: len(tables.inserts) >= 1)
    assert tables.data_of(0) == ["fine"]
