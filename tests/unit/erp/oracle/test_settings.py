"""The settings of the Oracle adapter: what is refused when they are read."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.erp.oracle.tenant import config


def test_settings_that_make_no_sense_are_refused(subtests: pytest.Subtests) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"organization_code": None}, "organization_code"),
        ({"organization_code": ""}, "organization_code"),
        ({"framework_version": 1}, "framework_version"),
        ({"page_limit": 500}, "page_limit"),
        ({"status_codes": {"M1_WAITING": "ON_HOLD"}}, "status_codes"),
        ({"resources_path": "fscmRestApi"}, "resources_path"),
        ({"resources_path": "/latest/"}, "resources_path"),
        ({"first_operation": {"fields": {}}}, "first_operation"),
        ({"completion": {"body": {"Number": "{work_order}"}}}, "work_order} stands for nothing"),
        ({"completion": {"body": {"Details": [{"Note": "done {when}"}]}}}, "when} stands for nothing"),
        ({"completion": {"path": "transactions"}}, "path"),
        ({"reference_field": "Work Order"}, "reference_field"),
    ]
    for settings, message in cases:
        with subtests.test(settings=settings), pytest.raises(ValueError, match=message):
            config(**settings)


def test_an_organization_is_all_that_has_to_be_said() -> None:
    oracle = config().oracle
    assert (oracle.framework_version, oracle.page_limit, oracle.reference_field) == (4, 200, "WorkOrderNumber")
    assert oracle.completion.path == "/maintenanceOperationTransactions"
    assert oracle.first_operation is None
