"""`ops drift`: the plan over all pairs and both lists, and healing."""

from __future__ import annotations

from tests.integration.ops.gateway_site import GatewaySite


def test_what_is_apart_is_shown_counted_and_healed(gateway: GatewaySite) -> None:
    same, changed, alone = (gateway.new_work_order() for _ in range(3))
    for number in (same, changed):
        gateway.deliver(gateway.event(number))
    assert gateway.ops("drift", gateway.name, "--pairs-only")[0] == 0
    gateway.change(changed, priority="LOW")
    code, report, _ = gateway.ops("drift", gateway.name)
    assert code == 1
    assert {kind: count for kind, count in report["counts"].items() if count} == {"different": 1, "missing_in_erp": 1}
    rows = {row["work_order"]: (row["kind"], row["fields"]) for row in report["drift"]}
    assert rows == {changed: ("different", {"priority": "to the ERP: '3'"}), alone: ("missing_in_erp", {})}
    assert len(gateway.erp.orders(gateway.name)) == 2

    code, report, _ = gateway.ops("drift", gateway.name, "--heal", "--by", "olga")
    assert (code, report["healed"]) == (0, 2)
    assert {row["work_order"]: row["result"] for row in report["drift"]} == {
        changed: "done updated",
        alone: "done created",
    }
    assert len(gateway.erp.orders(gateway.name)) == 3
    code, text, _ = gateway.ops_as_text("drift", gateway.name)
    assert (code, text) == (0, f"{gateway.name}: all in step\n")
