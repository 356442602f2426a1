"""`ops brake`: what is held back, and letting it go."""

from __future__ import annotations

from datetime import UTC, datetime

from shared.bootstrap import state_store
from shared.sync.brake import FEW, Brake
from tests.integration.ops.gateway_site import GatewaySite


def test_what_is_held_is_shown_and_released(gateway: GatewaySite) -> None:
    assert gateway.ops("brake", gateway.name) == (
        0,
        {"site": gateway.name, "gone": 0, "of": 0, "erp_ids": [], "since": None},
        "",
    )
    ids = [str(number) for number in range(FEW + 20)]
    assert Brake(state_store(), gateway.name).stops(ids, 40, datetime.now(UTC))
    code, report, _ = gateway.ops("brake", gateway.name)
    assert (code, report["gone"], report["of"], len(report["erp_ids"])) == (1, FEW + 20, 40, 20)
    code, text, _ = gateway.ops_as_text("brake", gateway.name)
    assert f"{FEW + 20} of 40 records of {gateway.name} are gone from the ERP, held back since" in text
    code, text, _ = gateway.ops_as_text("brake", gateway.name, "--release")
    assert code == 0
    assert "the next comparison acts on what it finds gone" in text
    assert not Brake(state_store(), gateway.name).stops(ids, 40, datetime.now(UTC))
