"""The table of fields and the reading of `$metadata`, against what the vendor's own say."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import httpx
import pytest

from shared.config.erp_sap import SAP_REFERENCE_LENGTHS, SapErpConfig
from shared.erp.sap.description import describe_settings
from shared.erp.sap.fields import HEADER, SapField
from shared.erp.sap.metadata import fields_in
from shared.errors import ConfigError
from tests.reference import sap_metadata
from tests.unit.erp.sap.service import Sap

_DOCUMENT = """<?xml version="1.0" encoding="utf-8"?>
<edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx"
  xmlns:sap="http://www.sap.com/Protocols/SAPData"><edmx:DataServices><Schema Namespace="n"
  xmlns="http://schemas.microsoft.com/ado/2008/09/edm">
  <EntityType Name="Other"><Property Name="Wrong" Type="Edm.String"/></EntityType>
  <EntityType Name="OrderType">
    <Property Name="MaintenanceOrder" Type="Edm.String" MaxLength="12" sap:updatable="false"/>
    <Property Name="ReferenceElement" Type="Edm.String" MaxLength="20" sap:display-format="UpperCase"/>
    <Property Name="MaintOrdBasicStartDateTime" Type="Edm.DateTimeOffset" Precision="0"/>
    <Property Name="YY1_HOURS" Type="Edm.Decimal" sap:creatable="false"/>
    <Property Name="YY1_COUNT" Type="Edm.Byte"/>
    <Property Name="YY1_ICON" Type="Edm.Binary"/>
  </EntityType>
  <EntityContainer><EntitySet Name="X" EntityType="n.Other"/>
  <EntitySet Name="MaintenanceOrder" EntityType="n.OrderType"/></EntityContainer>
  </Schema></edmx:DataServices></edmx:Edmx>"""


def test_the_table_is_that_of_the_vendors_metadata() -> None:
    assert fields_in(sap_metadata()) == dict(HEADER)


def test_the_reference_fields_are_as_long_as_the_settings_say() -> None:
    assert {name: HEADER[name].max_length for name in SAP_REFERENCE_LENGTHS} == SAP_REFERENCE_LENGTHS
    assert all(HEADER[name].capitals for name in SAP_REFERENCE_LENGTHS)


def test_metadata_tell_types_lengths_and_what_can_be_written() -> None:
    assert fields_in(_DOCUMENT.encode()) == {
        "MaintenanceOrder": SapField("MaintenanceOrder", "String", 12, updatable=False),
        "ReferenceElement": SapField("ReferenceElement", "String", 20, capitals=True),
        "MaintOrdBasicStartDateTime": SapField("MaintOrdBasicStartDateTime", "DateTimeOffset", planned=True),
        "YY1_HOURS": SapField("YY1_HOURS", "Decimal", creatable=False),
        "YY1_COUNT": SapField("YY1_COUNT", "Int32"),
    }


def test_what_describes_no_orders_is_no_description(subtests: pytest.Subtests) -> None:
    cases: list[str | bytes] = [
        _DOCUMENT.replace("<edmx:Edmx", "<!DOCTYPE x><edmx:Edmx", 1).replace("utf-8", "utf-16").encode("utf-16"),
        "",
        "not XML",
        "<html><body>Logon</body></html>",
        _DOCUMENT.replace('Name="MaintenanceOrder" EntityType', 'Name="Equipment" EntityType'),
        _DOCUMENT.replace("<edmx:Edmx", '<!DOCTYPE x [<!ENTITY a "aaaa">]><edmx:Edmx', 1),
        _DOCUMENT.replace('encoding="utf-8"', 'encoding="no-such"'),
    ]
    for document in cases:
        with subtests.test(document=document):
            assert fields_in(document.encode() if isinstance(document, str) else document) is None


def test_describe_asks_sap_and_keeps_what_is_not_saps() -> None:
    sap = Sap(httpx.Response(200, content=_DOCUMENT.encode()))
    found = sap.erp().describe()
    assert sap.calls == ["GET /$metadata"]
    assert sap.seen[0].headers["Accept"] == "application/xml"
    assert found.reference_length == 20
    assert found.fields is not None
    assert found.fields["YY1_HOURS"].creatable is False
    assert {"SystemStatus", "LongText"} <= set(found.fields)
    assert found.status == describe_settings(SapErpConfig()).status


@pytest.mark.parametrize(
    ("document", "said"),
    [("<html/>", "sap.service_path"), (_DOCUMENT.replace("ReferenceElement", "Other"), "no field ReferenceElement")],
)
def test_a_service_that_is_not_the_one_is_a_fault_of_the_settings(document: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Sap(httpx.Response(200, content=document.encode())).erp().describe()


def test_the_description_follows_the_settings_without_asking_sap(subtests: pytest.Subtests) -> None:
    cases: list[tuple[dict[str, Any], int]] = [
        ({}, 40),
        ({"reference_field": "MaintObjectFreeDefinedAttrib"}, 30),
        ({"reference_field": "YY1_CMMS", "custom_fields": {"YY1_CMMS": {"max_length": 25}}}, 25),
    ]
    for settings, length in cases:
        with subtests.test(settings=settings):
            config = SapErpConfig.model_validate(settings)
            found = describe_settings(config)
            assert found.reference_length == length
            assert found.fields is not None
            reference = found.fields[config.reference_field]
            assert (reference.max_length, reference.creatable, reference.updatable) == (length, False, False)
            assert found.fields["SystemStatus"].values == frozenset({"REL", "TECO", "CLSD", "NOEX", "DLFL"})
            assert found.fields["MaintenanceOrderDesc"].max_length == 40
            assert not found.fields["MaintenancePlanningPlant"].updatable
            assert "LongText" in found.fields


def test_without_long_text_a_mapping_cannot_use_it() -> None:
    found = describe_settings(SapErpConfig(long_text=False))
    assert found.fields is not None
    assert "LongText" not in found.fields


def test_a_mapping_is_checked_without_an_http_client() -> None:
    code = (
        "import sys, shared.erp.sap.description\n"
        "print(sorted({'httpx', 'xml.etree.ElementTree'} & set(sys.modules)))\n"
        "from shared.erp.sap import SapErp\n"
        "print(SapErp.__module__)"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert shown.stdout.split("\n")[:2] == ["[]", "shared.erp.sap.adapter"]
