"""What a change costs in remote calls, as the simulators count them (`python -m bench gateway` prints the table)."""

from __future__ import annotations

import pytest

from bench.gateway import ERPS, Calls, count

# Creating takes a search, the create, and the release where the status is a step of its own.
CREATE = {"REST": 2, "SAP": 3, "Oracle": 3}
# A write, and a read where the answer does not show what was stored: SAP's has no body.
UPDATE = {"REST": 1, "SAP": 2, "Oracle": 1}
# Oracle completes an order by a transaction: operations, order, transaction, and the order read back.
STATUS = {"REST": 1, "SAP": 1, "Oracle": 4}


@pytest.mark.parametrize("erp", sorted(ERPS))
def test_no_change_takes_more_calls_than_it_must(erp: str) -> None:
    counted = count(erp)
    assert counted["created in MaintainX"] == Calls(1, CREATE[erp])
    assert counted["our own write comes back"] == Calls(1, 0)
    assert counted["a field changes, version not known"].maintainx == 1
    assert counted["a field changes, version not known"].erp <= 1 + UPDATE[erp]
    assert counted["a field changes, version known"] == Calls(1, UPDATE[erp])
    # MaintainX has no versions, so it is read after the ERP, just before it is written.
    assert counted["a field changes in the ERP"] == Calls(2, 1)
    assert counted["the status changes"] == Calls(1, STATUS[erp])
    # The order is read, the work order made; then both are read as at any other look.
    assert counted["created in the ERP"] == Calls(2, 2)
