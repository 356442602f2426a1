"""`ops plan`: what would be done, and why, without doing it."""

from __future__ import annotations

from tests.integration.ops.gateway_site import GatewaySite


def test_steps_are_shown_and_not_done(gateway: GatewaySite) -> None:
    number = gateway.new_work_order()
    code, report, _ = gateway.ops("plan", gateway.name, number)
    assert code == 1
    assert [row["step"] for row in report["steps"]] == ["CreateErp"]
    assert report["steps"][0]["because"] == "no ERP record is known"
    assert report["ends"]["what"] == "done created"
    gateway.deliver(gateway.event(number))
    code, report, _ = gateway.ops("plan", gateway.name, number)
    assert (code, report["steps"], report["ends"]["what"]) == (0, [], "skipped in_step")
    gateway.change(number, priority="LOW")
    code, text, _ = gateway.ops_as_text("plan", gateway.name, number)
    assert code == 1
    assert "UpdateErp" in text
    assert "priority: '1' -> '3'" in text
    assert gateway.ops("plan", gateway.name, number)[1]["steps"][0]["what"] == "priority: '1' -> '3'"


def test_an_erp_id_finds_its_work_order(gateway: GatewaySite) -> None:
    number = gateway.new_work_order()
    order_id = str(gateway.deliver(gateway.event(number)).detail["erp_id"])
    code, report, _ = gateway.ops("plan", gateway.name, "--erp", order_id)
    assert (code, report["work_order"]) == (0, number)
    code, report, errors = gateway.ops("plan", gateway.name, "--erp", "99999999")
    assert (code, report) == (1, None)
    assert errors == f"the ERP of {gateway.name} has no record 99999999\n"


def test_either_of_the_two_is_named(gateway: GatewaySite) -> None:
    assert gateway.ops("plan", gateway.name)[0] == 2
    assert gateway.ops("plan", gateway.name, "1", "--erp", "2")[0] == 2
