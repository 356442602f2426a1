"""The vendors' documents: the facts of them that are shipped, and the documents themselves where they are at hand."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.contract import maintainx, sap

DATA = Path(__file__).parent / "data"
MAINTAINX = "maintainx-contract.json"
SAP = "sap-maintenance-order.json"


def maintainx_document() -> dict[str, Any]:
    """An OpenAPI document with what is used of MaintainX's; the caller may change it."""
    return maintainx.expanded(json.loads((DATA / MAINTAINX).read_text(encoding="utf-8")))


def sap_metadata() -> bytes:
    """Metadata (EDMX) with what is used of SAP's service API_MAINTENANCEORDER, version 0002."""
    return sap.expanded(json.loads((DATA / SAP).read_text(encoding="utf-8")))


def original(name: str) -> Path:
    """The vendor's document in $REFERENCE_DIR or `shared/reference` beside the checkout; skips the test if absent."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "reference"
    path = Path(os.environ.get("REFERENCE_DIR", beside)) / name
    if not path.exists():
        pytest.skip(
            f"the vendor's own {name} is not here, so what is shipped of it is not compared (set REFERENCE_DIR)"
        )
    return path
