"""docs/configuration.md names every key of the settings and of the mapping files; its examples are valid."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from shared.config.erp import ErpConfig
from shared.config.erp_oracle import OracleErpConfig
from shared.config.erp_rest import PagingConfig, RestErpConfig, RestFieldConfig, RestStatusConfig
from shared.config.erp_sap import SapErpConfig
from shared.config.loading import Model, load_model
from shared.config.mappings import FieldRule, MappingFile
from shared.config.record_policies import OnDelete, OnNewInErp
from shared.config.sites import MaintainXConfig, RateLimits
from shared.erp.agreement import disagreements
from shared.erp.descriptions import description_of, reference_field_of

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
    OnNewInErp,
    MaintainXConfig,
    RateLimits,
]


def test_what_is_shown_of_an_erp_is_valid_and_fits_the_shipped_mapping(subtests: pytest.Subtests) -> None:
    for adapter in ["rest", "sap", "oracle"]:
        with subtests.test(adapter=adapter):
            blocks = [yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```", DOCUMENT, re.M | re.S)]
            (erp,) = (block["erp"] for block in blocks if block.get("erp", {}).get("adapter") == adapter)
            settings = ErpConfig.model_validate(erp)
            folder = Path(__file__).resolve().parents[3] / "config" / "mappings"
            mapping = load_model(folder / f"{settings.mapping}.yaml", MappingFile)
            assert list(disagreements(mapping, description_of(settings), reference_field_of(settings))) == []


def test_every_key_is_documented(subtests: pytest.Subtests) -> None:
    for model in MODELS:
        with subtests.test(model=model):
            assert [
                key
                for key in model.model_fields
                if f"`{key}`" not in DOCUMENT and f".{key}" not in DOCUMENT and f"{key}:" not in DOCUMENT
            ] == []
