"""A SAP that shows its statuses in another language than the one that we log on in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import ValidationError

from shared.config.erp_sap import SapErpConfig
from shared.errors import ConfigError
from tests.integration.sap.adapter_plant import FIELDS, REFERENCE, SapPlant, adapters
from tests.integration.sap.conftest import Plant

GERMAN = {"CRTD": "EROF", "REL": "FREI", "PCNF": "TRÜK", "CNF": "RÜCK", "TECO": "TABG", "CLSD": "ABGS", "DLFL": "LÖVM"}
SPANISH = {"CRTD": "ABIE", "REL": "LIB.", "TECO": "CTEC"}


@pytest.fixture
def sap(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> Iterator[SapPlant]:
    with adapters(plant, monkeypatch) as made:
        yield made


def test_german_codes_are_read(sap: SapPlant, subtests: pytest.Subtests) -> None:
    sap.plant.configure(codes=GERMAN)
    erp = sap.erp()
    number = erp.create(FIELDS, REFERENCE).id
    for status in ("CRTD", "REL", "PCNF", "CNF", "TECO", "CLSD", "DLFL"):
        with subtests.test(status):
            sap.plant.simulator.set_status(sap.plant.name, number, status)
            found = erp.get(number).fields
            assert found["SystemStatus"] == status
            assert str(found["SystemStatusText"]).split()[0] in GERMAN.values()
    erp.probe()


def test_codes_that_nobody_knows_are_found_before_the_first_event(sap: SapPlant) -> None:
    sap.plant.configure(codes=SPANISH)
    erp = sap.erp()
    erp.probe()  # no order is there yet
    number = erp.create(FIELDS, REFERENCE).id
    sap.plant.simulator.set_status(sap.plant.name, number, "REL")
    with pytest.raises(ConfigError, match=rf"order {number} has the status line 'LIB\. .*sap\.status_codes"):
        erp.probe()
    sap.erp(status_codes={"LIB.": "REL", "ABIE": "CRTD", "CTEC": "TECO"}).probe()


def test_the_logon_is_in_english_alone() -> None:
    with pytest.raises(ValidationError, match="'EN'"):
        SapErpConfig.model_validate({"client": "100", "language": "DE"})
