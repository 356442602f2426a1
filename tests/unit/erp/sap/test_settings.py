"""Settings that cannot work are refused when they are loaded."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from shared.config.erp_sap import SapErpConfig


def test_settings_that_cannot_work_are_refused(subtests: pytest.Subtests) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"dates": "plant"}, "plant_time_zone"),
        ({"plant_time_zone": "Europe/Berlin"}, "plant_time_zone"),
        ({"dates": "plant", "plant_time_zone": "Europe"}, "IANA"),
        ({"dates": "plant", "plant_time_zone": "Mars/Base"}, "IANA"),
        ({"reference_field": "MaintenanceOrderDesc"}, "reference_field"),
        ({"reference_field": "YY1_N", "custom_fields": {"YY1_N": {"type": "number"}}}, "reference_field"),
        ({"client": "1"}, "client"),
        ({"service_path": "/sap/"}, "service_path"),
        ({"page_size": 0}, "page_size"),
        ({"status_codes": {"NCMP": "DONE"}}, "status_codes"),
        ({"busy_code": ["X"]}, "busy_code"),
    ]
    for settings, said in cases:
        with subtests.test(settings=settings), pytest.raises(ValidationError, match=said):
            SapErpConfig.model_validate(settings)


def test_the_defaults_are_good() -> None:
    config = SapErpConfig.model_validate({})
    assert (config.auth, config.dates, config.reference_length) == ("basic", "utc", 40)
