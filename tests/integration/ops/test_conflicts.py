"""`ops conflicts`: what waits for a person, and how a decision reaches both sides."""

from __future__ import annotations

import getpass
from dataclasses import replace

import pytest

from shared.bootstrap import state_store
from shared.state import RecordKey
from tests.integration.ops.gateway_site import GatewaySite


def test_what_is_parked_is_listed_with_both_sides_values(gateway: GatewaySite) -> None:
    assert gateway.ops("conflicts", "list", "--check") == (0, {"count": 0, "conflicts": []}, "")
    work_order_id, order_id = gateway.parked()
    code, report, _ = gateway.ops("conflicts", "list")
    assert (code, report["count"]) == (0, 1)
    (row,) = report["conflicts"]
    assert row.pop("since")
    assert row == {
        "site": gateway.name,
        "work_order": work_order_id,
        "erp_id": order_id,
        "field": "shortText",
        "reason": "both_changed",
        "detail": "",
        "maintainx": "Ours",
        "sent": "Ours",
        "erp": "Theirs",
        "decided": None,
    }
    assert gateway.ops("conflicts", "list", "--check", "--site", gateway.name)[0] == 1
    assert gateway.ops("conflicts", "list", "--check", "--site", "plant-without")[0] == 0
    code, text, _ = gateway.ops_as_text("conflicts", "list")
    (line,) = [line for line in text.splitlines() if str(work_order_id) in line]
    assert line.split()[:7] == [
        gateway.name,
        str(work_order_id),
        order_id,
        "shortText",
        "both_changed",
        "Ours",
        "Theirs",
    ]


@pytest.mark.parametrize(("take", "stays"), [("maintainx", "Ours"), ("erp", "Theirs")])
def test_a_decision_reaches_both_sides(take: str, stays: str, gateway: GatewaySite) -> None:
    work_order_id, order_id = gateway.parked()
    gateway.audited()
    code, report, _ = gateway.ops("conflicts", "resolve", gateway.name, work_order_id, "--take", take, "--by", "olga")
    assert (code, report["dry_run"], report["by"]) == (0, False, "olga")
    assert [row["decided"] for row in report["decided"]] == [f"{take} by olga"]
    assert gateway.work_off() == ["updated" if take == "maintainx" else "pulled"]
    assert gateway.work_order(work_order_id)["title"] == stays
    assert gateway.order(order_id)["shortText"] == stays
    trail = gateway.audited()
    assert [(entry["action"], entry["policy"]) for entry in trail] == [
        ("decide", {"shortText": take}),
        ("update", {"shortText": take}),
    ]
    assert trail[0]["actor"] == "operator olga"
    code, report, errors = gateway.ops("conflicts", "resolve", gateway.name, work_order_id, "--take", take)
    assert (code, report) == (1, None)
    assert errors == f"nothing is parked of work order {work_order_id} of {gateway.name}\n"


def test_a_decision_says_what_it_did_and_may_be_given_twice(gateway: GatewaySite) -> None:
    work_order_id, _ = gateway.parked()
    words = ("conflicts", "resolve", gateway.name, work_order_id, "--take", "maintainx")
    for _ in range(2):
        code, text, _ = gateway.ops_as_text(*words)
        assert code == 0
        assert text.splitlines()[0] == "shortText: decided for maintainx: the ERP gets 'Ours'"
    _, report, _ = gateway.ops("conflicts", "show", gateway.name, work_order_id)
    assert report["conflicts"][0]["decided"] == f"maintainx by {getpass.getuser()}"
    assert gateway.work_off() == ["updated", "in_step"]


def test_a_dry_run_decides_nothing(gateway: GatewaySite) -> None:
    work_order_id, _ = gateway.parked()
    words = ("conflicts", "resolve", gateway.name, work_order_id, "--take", "erp", "--dry-run")
    code, text, _ = gateway.ops_as_text(*words)
    assert (code, text) == (0, "shortText: would be decided for erp: MaintainX gets what the ERP has ('Theirs')\n")
    assert gateway.record(work_order_id).conflicts["shortText"]["decided"] is None
    assert gateway.broker.waiting("erp-push") == []


def test_a_field_that_is_not_parked_is_a_usage_error(gateway: GatewaySite) -> None:
    work_order_id, _ = gateway.parked()
    for more in ((), ("--dry-run",)):
        words = ("conflicts", "resolve", gateway.name, work_order_id, "--take", "erp", "--field", "priority", *more)
        code, report, errors = gateway.ops(*words)
        assert (code, report) == (2, None)
        assert "'priority' of work order" in errors
    code, report, _ = gateway.ops(
        "conflicts", "resolve", gateway.name, work_order_id, "--take", "erp", "--field", "shortText"
    )
    assert (code, len(report["decided"])) == (0, 1)


def test_a_busy_record_is_exit_code_3(gateway: GatewaySite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.sync.reservation._WAITS_S", (0.01,))
    work_order_id, _ = gateway.parked()
    key = RecordKey(gateway.name, "work_order", work_order_id)
    locked = state_store().lock_record(key, owner="engine", lease_s=600)
    assert locked is not None
    words = ("conflicts", "resolve", gateway.name, work_order_id, "--take", "erp")
    code, report, errors = gateway.ops(*words)
    assert (code, report) == (3, None)
    assert errors == (
        f"RecordBusy: work order {work_order_id} of {gateway.name} is being worked on right now; try again\n"
    )
    state_store().unlock_record(locked)
    assert gateway.ops(*words)[0] == 0


def test_show_explains_what_taking_either_side_does(gateway: GatewaySite) -> None:
    work_order_id, order_id = gateway.parked()
    code, text, _ = gateway.ops_as_text("conflicts", "show", gateway.name, work_order_id)
    assert code == 0
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert lines[0] == f"work order {work_order_id} of {gateway.name}, ERP record {order_id}"
    assert lines[2].startswith("shortText: both sides changed it, since 2")
    assert lines[3:] == [
        "MaintainX has: 'Ours'",
        "the ERP has: 'Theirs'",
        "--take maintainx: the ERP gets 'Ours'",
        "--take erp: MaintainX gets what the ERP has ('Theirs')",
    ]
    assert gateway.ops("conflicts", "show", gateway.name, 1)[0] == 1


def test_an_orphan_is_decided_for_the_record_as_a_whole(gateway: GatewaySite) -> None:
    work_order_id = gateway.new_work_order()
    gateway.deliver(gateway.event(work_order_id))
    state = state_store()
    key = RecordKey(gateway.name, "work_order", work_order_id)
    locked = state.lock_record(key, owner="test", lease_s=60)
    assert locked is not None
    assert locked.record is not None
    state.save_record(locked, replace(locked.record, erp_id="gone", reference="mx:nowhere:1"))
    assert gateway.deliver(gateway.event(work_order_id, "work_order.changed_in_erp")).reason == "parked"
    _, text, _ = gateway.ops_as_text("conflicts", "show", gateway.name, work_order_id)
    assert "(gone in the ERP): the ERP's record is gone" in text
    assert "a new ERP record is made" in text
    assert "MaintainX has:" not in text
    assert gateway.ops("conflicts", "resolve", gateway.name, work_order_id, "--take", "erp")[0] == 0
    assert gateway.work_off() == ["orphaned"]
    assert gateway.work_order(work_order_id)["status"] == "CANCELED"


@pytest.mark.parametrize(
    "words",
    [
        ("list", "--site", "plant-9"),
        ("show", "plant-9", "1"),
        ("resolve", "plant-9", "1", "--take", "erp"),
    ],
)
def test_an_unknown_site_is_exit_code_2(words: tuple[str, ...], gateway: GatewaySite) -> None:
    code, report, errors = gateway.ops("conflicts", *words)
    assert (code, report) == (2, None)
    assert errors == "UnknownSite: site 'plant-9' is not in sites.yaml\n"


def test_a_change_that_the_erp_takes_no_more_is_told_with_its_reason(gateway: GatewaySite) -> None:
    work_order_id = gateway.new_work_order()
    order_id = str(gateway.deliver(gateway.event(work_order_id)).detail["erp_id"])
    for status in ("IN_WORK", "COMPLETED", "CLOSED"):
        gateway.erp.edit(gateway.name, order_id, status=status)
    assert gateway.deliver(gateway.event(work_order_id, "work_order.changed_in_erp")).reason == "pulled"
    gateway.change(work_order_id, priority="LOW")
    assert gateway.deliver(gateway.event(work_order_id)).reason == "late"
    assert gateway.ops("conflicts", "list")[1]["conflicts"] == []
    _, text, _ = gateway.ops_as_text("conflicts", "show", gateway.name, work_order_id)
    assert "the ERP's status takes no change now" in text
    assert "the ERP gets '3'; it refused that before" in text
    assert gateway.ops("conflicts", "resolve", gateway.name, work_order_id, "--take", "erp")[0] == 0
    assert gateway.work_off() == ["pulled"]
    assert gateway.work_order(work_order_id)["priority"] == "HIGH"
