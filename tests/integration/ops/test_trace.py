"""`ops trace`: the story of one work order from every system that knows a part of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.errors import StateUnavailable
from shared.state.firestore import FirestoreStateStore
from shared.sync.new_in_erp import NEW_IN_ERP_EVENT
from shared.topics import PIPELINES
from shared.warehouse.gateway import Warehouse, warehouse_from_environment
from shared.warehouse.provision import ensure_warehouse
from shared.warehouse.tables import VIEWS
from tests.integration.ops.gateway_site import GatewaySite

_OF_THE_ARCHIVE = ("events", "sync_audit")


@pytest.fixture
def archive(bigquery_environment: None, gateway: GatewaySite, monkeypatch: pytest.MonkeyPatch) -> Iterator[Warehouse]:
    """The archive, without KPIs, in the project of this test's broker."""
    made = warehouse_from_environment()
    monkeypatch.setattr("shared.warehouse.provision.VIEWS", [view for view in VIEWS if view[0] in _OF_THE_ARCHIVE])
    yield ensure_warehouse(made.client, made.dataset)
    made.client.delete_dataset(made.dataset_id, delete_contents=True, not_found_ok=True)


def trace(gateway: GatewaySite, work_order_id: int) -> tuple[int, Any, str]:
    return gateway.ops("--dataset", "maintenance", "trace", gateway.name, work_order_id)


def test_the_whole_story_in_order_and_both_sides_as_they_are(gateway: GatewaySite, archive: Warehouse) -> None:
    number = gateway.new_work_order()
    created = gateway.event(number, "work_order.created")
    gateway.tell(created)
    gateway.deliver(created)
    order_id = str(gateway.record(number).erp_id)
    gateway.change(number, title="Ours")
    gateway.erp.edit(gateway.name, order_id, shortText="Theirs")
    changed = gateway.event(number, "work_order.updated")
    gateway.tell(changed)
    assert gateway.deliver(changed).kind == "done"
    gateway.broker.bury(PIPELINES["notify"], "e9", site=gateway.name, resource_id=str(number), error_message="no such")
    gateway.tell(gateway.event(number + 1))
    gateway.archive(archive)
    code, report, errors = trace(gateway, number)
    assert (code, report["errors"]) == (0, {}), errors
    story = [(moment["kind"], moment["what"]) for moment in report["timeline"]]
    assert [entry for entry in story if entry[0] == "event"] == [
        ("event", "work_order.created"),
        ("event", "work_order.updated"),
        ("event", "sync.conflict"),
    ]
    assert [entry for entry in story if entry[0] == "audit"] == [("audit", "create in the ERP"), ("audit", "park")]
    assert [entry for entry in story if entry[0] == "claim"] == [("claim", "erp_push: done")] * 2
    assert [entry for entry in story if entry[0] == "dead letter"] == [("dead letter", "notify: MappingError")]
    assert story[0] == ("event", "work_order.created")
    times = [moment["at"] for moment in report["timeline"]]
    assert times == sorted(times)
    assert report["record"]["erp_id"] == order_id
    assert (report["maintainx"]["title"], report["erp"]["fields"]["shortText"]) == ("Ours", "Theirs")
    apart = {line["field"]: line for line in report["fields"] if not line["in_step"]}
    assert list(apart) == ["shortText"]
    assert apart["shortText"]["state"].startswith("parked since 2")
    assert (apart["shortText"]["maintainx"], apart["shortText"]["erp"]) == ("Ours", "Theirs")
    assert report["in_step"] is False


def test_text_has_the_timeline_and_the_fields(gateway: GatewaySite, archive: Warehouse) -> None:
    number, order_id = gateway.parked()
    gateway.archive(archive)
    code, text, _ = gateway.ops_as_text("--dataset", "maintenance", "trace", gateway.name, number)
    assert code == 0
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert lines[0] == f"work order {number} of {gateway.name}"
    assert lines[1].startswith(f"state linked, ERP record {order_id}, reference mx:{gateway.name}:{number}, saved 2")
    assert lines[2] == "parked shortText"
    assert "fields not in step: shortText" in lines
    assert any(
        "audit park" in line and 'shortText: MaintainX "Ours", ERP "Theirs", both_changed' in line for line in lines
    )
    assert any(line.startswith("shortText Ours Ours Theirs Replace seal parked since") for line in lines)
    assert any(line.startswith("priority HIGH 1 1 1 in step") for line in lines)


def test_a_link_and_a_decision_are_part_of_the_story(gateway: GatewaySite, archive: Warehouse) -> None:
    number, _ = gateway.parked()
    assert gateway.ops("conflicts", "resolve", gateway.name, number, "--take", "erp", "--by", "olga")[0] == 0
    assert gateway.work_off() == ["pulled"]
    gateway.archive(archive)
    code, report, _ = trace(gateway, number)
    assert (code, report["in_step"]) == (0, True)
    told = [(moment["what"], moment["detail"]) for moment in report["timeline"] if moment["kind"] == "audit"]
    assert [what for what, _ in told] == ["create in the ERP", "park", "decide", "update in MaintainX"]
    assert "shortText: erp wins" in told[2][1]
    assert told[2][1].endswith("by operator olga")
    assert 'title: "Ours" -> "Theirs"' in told[3][1]
    claims = [moment for moment in report["timeline"] if moment["kind"] == "claim"]
    assert [claim["detail"] for claim in claims] == ["created", "parked", "pulled"]


def test_what_does_not_answer_is_named_and_the_rest_is_shown(
    gateway: GatewaySite, archive: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, _ = gateway.parked()
    gateway.archive(archive)
    gateway.erp.fault("outage", tenant=gateway.name, times=50)
    path = f"projects/{archive.client.project}/subscriptions/notify-dead"
    gateway.broker.subscriber.delete_subscription(request={"subscription": path})
    code, report, errors = trace(gateway, number)
    assert code == 3
    assert sorted(report["errors"]) == ["ERP", "dead letters of notify"]
    assert errors.splitlines()[0].startswith(("ERP: ", "dead letters of notify: "))
    assert (report["erp"], report["fields"], report["in_step"]) == (None, None, None)
    assert report["maintainx"]["title"] == "Ours"
    assert [moment["what"] for moment in report["timeline"] if moment["kind"] == "audit"] == [
        "create in the ERP",
        "park",
    ]


def test_while_the_state_is_down_nobody_says_that_the_erp_has_no_record(
    gateway: GatewaySite, archive: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, _ = gateway.parked()

    def down(*_: object, **__: object) -> None:
        raise StateUnavailable("down")

    monkeypatch.setattr(FirestoreStateStore, "get_record", down)
    code, report, _ = trace(gateway, number)
    assert (code, sorted(report["errors"]), report["erp"]) == (3, ["ERP", "state"], None)
    _, text, _ = gateway.ops_as_text("--dataset", "maintenance", "trace", gateway.name, number)
    assert "has no record of it" not in text


def test_a_source_that_refuses_us_is_exit_code_2(gateway: GatewaySite, archive: Warehouse, tmp_path: Path) -> None:
    number = gateway.new_work_order()
    (tmp_path / "secrets" / "api-key").write_text("wrong")
    code, report, _ = trace(gateway, number)
    assert (code, list(report["errors"])) == (2, ["MaintainX"])
    code, text, _ = gateway.ops_as_text("--dataset", "maintenance", "trace", gateway.name, number)
    assert (code, "nothing happened" in text) == (2, False)


def test_a_record_made_in_the_erp_before_we_knew_is_found_by_its_reference(
    gateway: GatewaySite, archive: Warehouse
) -> None:
    number = gateway.new_work_order()
    gateway.new_order(externalReference=f"mx:{gateway.name}:{number}", priority="4")
    code, report, _ = trace(gateway, number)
    assert (code, report["record"]) == (0, None)
    states = {line["field"]: line["state"] for line in report["fields"]}
    assert states["priority"] == "never compared, by policy MaintainX is to get the ERP's"
    assert states["plant"] == "in step"


def test_a_work_order_made_of_an_order_is_shown_beside_it_before_both_are_linked(
    gateway: GatewaySite, archive: Warehouse
) -> None:
    erp_id = gateway.new_order(priority="4")
    number = gateway.new_work_order(externalData={"site": gateway.name, "erpRecord": erp_id})
    gateway.broker.bury(PIPELINES["erp-push"], "n1", site=gateway.name, resource_id=str(number), type=NEW_IN_ERP_EVENT)
    code, report, errors = trace(gateway, number)
    assert (code, report["record"], report["erp"]["id"]) == (0, None, erp_id), errors
    assert [moment for moment in report["timeline"] if moment["kind"] == "dead letter"] == []


def test_a_work_order_that_nobody_knows_is_exit_code_1(gateway: GatewaySite, archive: Warehouse) -> None:
    code, report, _ = trace(gateway, 123)
    assert (code, report["timeline"], report["maintainx"], report["erp"]) == (1, [], None, None)


def test_a_site_without_an_erp_is_traced_as_far_as_it_goes(gateway: GatewaySite, archive: Warehouse) -> None:
    file = gateway.folder / "config" / "sites.yaml"
    site = yaml.safe_load(file.read_text())["sites"][0]
    del site["erp"]
    file.write_text(yaml.safe_dump({"sites": [site]}))
    number = gateway.new_work_order()
    code, report, errors = trace(gateway, number)
    assert (code, report["fields"]) == (0, None), errors
    assert gateway.ops("--dataset", "maintenance", "trace", "plant-9", number)[0] == 2
