"""docs/configuration.md names every key that the ERP settings and the mapping files have."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.config.erp import ErpConfig
from shared.config.erp_oracle import OracleErpConfig
from shared.config.erp_rest import PagingConfig, RestErpConfig, RestFieldConfig, RestStatusConfig
from shared.config.erp_sap import SapErpConfig
from shared.config.loading import Model
from shared.config.mappings import FieldRule, MappingFile, OnDelete

DOCUMENT = (Path(__file__).resolve().parents[3] / "docs" / "configuration.md").read_text(encoding="utf-8")
MODELS: list[type[Model]] = [
    ErpConfig,
    RestErpConfig,
    PagingConfig,
    RestFieldConfig,
    RestStatusConfig,
    SapErpConfig,
    OracleErpConfig,
    FieldRule,
    MappingFile,
    OnDelete,
]


@pytest.mark.parametrize("model", MODELS)
def test_every_key_is_documented(model: type[Model]) -> None:
    assert [key for key in model.model_fields if f"`{key}`" not in DOCUMENT and f"{key}:" not in DOCUMENT] == []
