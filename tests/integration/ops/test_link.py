"""`ops link`: a site that has work orders and ERP records already."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.bootstrap import state_store
from shared.state import RecordKey
from shared.sync.reference import external_reference
from tests.integration.ops.gateway_site import GatewaySite

RULE = ("--rule", "id=extraFields.ERP Order")


def kinds(report: dict[str, object]) -> dict[str, int]:
    """Those that there are."""
    counts = report["counts"]
    assert isinstance(counts, dict)
    return {kind: count for kind, count in counts.items() if count}


def test_by_rule_it_is_shown_then_done_and_then_the_engine_brings_both_in_step(gateway: GatewaySite) -> None:
    order_id = gateway.new_order(priority="3", longText="From the ERP")
    number = gateway.new_work_order(extraFields={"ERP Order": order_id})
    alone = gateway.new_work_order()
    nobodys = gateway.new_order()
    code, report, _ = gateway.ops("link", gateway.name, *RULE)
    assert (code, report["dry_run"], report["work_orders"], report["erp_records"]) == (0, True, 2, 2)
    assert kinds(report) == {"link": 1, "erp_only": 1, "maintainx_only": 1}
    assert [(row["kind"], row["work_orders"], row["erp_ids"]) for row in report["matches"]] == [
        ("link", [number], [order_id]),
        ("erp_only", [], [nobodys]),
        ("maintainx_only", [alone], []),
    ]
    assert list(state_store().list_records(gateway.name)) == []
    assert gateway.broker.waiting("erp-push") == []

    _, report, _ = gateway.ops("link", gateway.name, *RULE, "--preview", "5")
    assert "UpdateWorkOrder" in report["matches"][0]["result"]
    assert "priority: 'HIGH' -> 'LOW'" in report["matches"][0]["result"]
    assert list(state_store().list_records(gateway.name)) == []

    code, report, _ = gateway.ops("link", gateway.name, *RULE, "--apply", "--by", "olga")
    assert (code, report["results"]) == (0, {"linked": 1})
    record = gateway.record(number)
    assert (record.state, record.erp_id, record.erp_version, record.base) == ("linked", order_id, None, {})
    assert gateway.work_off() == ["pulled"]
    assert gateway.work_order(number)["priority"] == "LOW"  # the policy of the priority is erp
    assert gateway.work_order(number)["description"] == "From the ERP"  # MaintainX had none
    assert len(gateway.erp.orders(gateway.name)) == 2
    link, *_ = gateway.audited()
    assert (link["action"], link["actor"], link["erp_id"]) == ("link", "operator olga", order_id)

    code, report, _ = gateway.ops("link", gateway.name, *RULE, "--apply")
    assert (code, report["results"], kinds(report)) == (0, {}, {"linked": 1, "erp_only": 1, "maintainx_only": 1})
    assert gateway.broker.waiting("erp-push") == []


def test_by_reference_is_the_default(gateway: GatewaySite) -> None:
    number = gateway.new_work_order()
    order_id = gateway.new_order(externalReference=external_reference(gateway.name, number))
    gateway.new_order(externalReference=external_reference("another", number))
    code, report, _ = gateway.ops("link", gateway.name, "--apply")
    assert (code, kinds(report), report["results"]) == (0, {"link": 1, "erp_only": 1}, {"linked": 1})
    assert gateway.record(number).erp_id == order_id


def test_what_is_ambiguous_or_linked_otherwise_is_told_and_left_alone(gateway: GatewaySite) -> None:
    first, second = gateway.new_order(), gateway.new_order()
    numbers = [gateway.new_work_order(extraFields={"ERP Order": first}) for _ in range(2)]
    taken = gateway.new_work_order()
    assert gateway.deliver(gateway.event(taken)).reason == "created"
    gateway.change(taken, extraFields={"ERP Order": second})
    code, report, _ = gateway.ops("link", gateway.name, *RULE, "--apply")
    assert (code, report["results"]) == (1, {})
    assert kinds(report) == {"ambiguous": 1, "conflict": 1}
    ambiguous, conflict = report["matches"]
    assert (ambiguous["work_orders"], ambiguous["erp_ids"]) == (numbers, [first])
    assert conflict["detail"] == f"the work order is linked to {gateway.record(taken).erp_id}"
    code, text, _ = gateway.ops_as_text("link", gateway.name, *RULE)
    assert code == 1
    assert "1 ambiguous: several on one side" in text
    assert any(line.split()[:3] == ["ambiguous", f"{numbers[0]},", str(numbers[1])] for line in text.splitlines())


def test_the_limit_leaves_the_rest_for_the_next_run(gateway: GatewaySite) -> None:
    for _ in range(3):
        gateway.new_work_order(extraFields={"ERP Order": gateway.new_order()})
    code, report, errors = gateway.ops("link", gateway.name, *RULE, "--apply", "--limit", "2")
    assert (code, report["results"], len(report["matches"])) == (0, {"linked": 2}, 2)
    assert "1 are left for the next run" in errors
    gateway.work_off()
    assert gateway.ops("link", gateway.name, *RULE, "--apply")[1]["results"] == {"linked": 1}


def test_an_orphaned_record_may_be_linked_anew(gateway: GatewaySite) -> None:
    number = gateway.new_work_order()
    gateway.deliver(gateway.event(number))
    state = state_store()
    locked = state.lock_record(RecordKey(gateway.name, "work_order", number), owner="test", lease_s=60)
    assert locked is not None
    assert locked.record is not None
    state.save_record(locked, replace(locked.record, state="orphaned", erp_id="gone"))
    order_id = gateway.new_order()
    gateway.change(number, extraFields={"ERP Order": order_id})
    assert gateway.ops("link", gateway.name, *RULE, "--apply")[1]["results"] == {"linked": 1}
    assert gateway.work_off() != []
    assert gateway.record(number).base != {}


def test_a_busy_record_is_left_for_the_next_run(gateway: GatewaySite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.sync.reservation._WAITS_S", ())
    numbers = [gateway.new_work_order(extraFields={"ERP Order": gateway.new_order()}) for _ in range(2)]
    locked = state_store().lock_record(RecordKey(gateway.name, "work_order", numbers[0]), owner="x", lease_s=600)
    assert locked is not None
    code, report, errors = gateway.ops("link", gateway.name, *RULE, "--apply")
    assert code == 3
    assert f"work order {numbers[0]}: RecordBusy" in errors
    assert report["results"]["linked"] == 1


def test_text_says_what_would_be_done_and_that_nothing_was(gateway: GatewaySite) -> None:
    order_id = gateway.new_order()
    number = gateway.new_work_order(extraFields={"ERP Order": order_id})
    code, text, _ = gateway.ops_as_text("link", gateway.name, *RULE)
    assert code == 0
    lines = text.splitlines()
    assert lines[0] == f"{gateway.name}: 1 work orders, 1 ERP records"
    assert lines[1].strip() == "1 link: to be linked"
    assert lines[-1] == "nothing was done; with --apply those to be linked are"
    assert any(line.split() == ["link", str(number), order_id, order_id] for line in lines)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("plant-9",), "site 'plant-9' is not in sites.yaml"),
        (("plant-without",), "has no erp"),
        (("SITE", "--rule", "title"), "neither `reference` nor"),
        (("SITE", "--rule", "odr=extraFields.ERP Order"), "none of the 1 ERP records of"),
        (("SITE", "--rule", "id=nickname"), "work orders have no 'nickname'"),
    ],
)
def test_what_cannot_be_asked_is_exit_code_2(words: tuple[str, ...], message: str, gateway: GatewaySite) -> None:
    gateway.new_order()
    code, report, errors = gateway.ops("link", *(gateway.name if word == "SITE" else word for word in words))
    assert (code, report) == (2, None)
    assert message in errors
