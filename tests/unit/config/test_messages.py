"""Faults in the words of those who edit the files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from shared.config.loading import load_model
from shared.config.mappings import MappingFile
from shared.config.messages import in_words
from shared.config.routes import RoutesFile
from shared.config.sites import SitesFile
from shared.errors import ConfigError
from tests.fakes.settings import SITES

ERP = "    erp: {adapter: rest, base_url: 'https://erp.example.com', mapping: m, credentials_secret: s, rest: {%s}}\n"
NOTIFY = "    notify:\n"


def test_fault_is_told_without_jargon(tmp_path: Path, subtests: pytest.Subtests) -> None:
    cases: list[tuple[str, str, str]] = [
        (SITES, "7\n", "1: (whole file): must be a mapping (key: value)"),
        (SITES, "sites: {}\n", "1: sites: must be a list (- value)"),
        (SITES, "sites: []\n", "1: sites: must not be empty"),
        (SITES, "{}\n", "1: sites: is missing"),
        ("name: Plant One", "nam: Plant One", "3: sites.0.nam: is not a known key"),
        ("Plant One", "''", "3: sites.0.name: must not be empty"),
        ("Plant One", "7", "3: sites.0.name: must be text (a number or date needs quotes)"),
        ("id: plant-1", "id: Plant_1", "2: sites.0.id: must be 3 to 32 small letters, digits and -, "),
        ("api-key-1", "a/b", "7: sites.0.maintainx.api_key_secret: must be the name of a secret"),
        ("4242", "true", "6: sites.0.maintainx.organization_id: must be a whole number (without quotes)"),
        ("4242", "'4242'", "6: sites.0.maintainx.organization_id: must be a whole number (without quotes)"),
        ("4242", "0", "6: sites.0.maintainx.organization_id: must be greater than 0"),
        ("Europe/Berlin", "Berlin", "4: sites.0.time_zone: 'Berlin' is not a time zone"),
        ("      urls_secret: notify-urls", "      - x", "14: sites.0.notify: must be a mapping (key: value)"),
        ("sites:", "public_url: host\nsites:", "1: public_url: must be an address such as https://host/path"),
        (NOTIFY, ERP % "timeout_s: true" + NOTIFY, "14: sites.0.erp.rest.timeout_s: must be a number"),
        (NOTIFY, ERP % "record_path: a" + NOTIFY, "14: sites.0.erp.rest.record_path: must contain {id}"),
        (NOTIFY, ERP % "headers: {A: ü}" + NOTIFY, "14: sites.0.erp.rest.headers.A: must be what an HTTP header can"),
        (NOTIFY, ERP % "auth: key" + NOTIFY, "14: sites.0.erp.rest.auth: must be 'bearer', 'basic', "),
    ]
    for old, new, fault in cases:
        with subtests.test(old=old, new=new, fault=fault):
            assert old in SITES
            path = tmp_path / "sites.yaml"
            path.write_text(SITES.replace(old, new))
            with pytest.raises(ConfigError) as caught:
                load_model(path, SitesFile)
            found = str(caught.value).splitlines()
            assert any(line.startswith(f"{path}:{fault}") for line in found), found
            assert not any(
                word in str(caught.value) for word in ("Input should", "Value error", "SitesFile", "pattern")
            )


def patterns(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        schema = list(schema.values())
    for part in schema if isinstance(schema, list) else ():
        yield from patterns(part)


@pytest.mark.parametrize("model", [SitesFile, RoutesFile, MappingFile])
def test_every_pattern_of_the_models_has_words(model: type[BaseModel]) -> None:
    found = set(patterns(model.model_json_schema()))
    assert found
    for pattern in found:
        fault = {"type": "string_pattern_mismatch", "msg": "jargon", "ctx": {"pattern": pattern}}
        assert in_words(fault) != "jargon", pattern


def test_what_has_no_words_of_ours_is_told_in_the_library_s() -> None:
    assert in_words({"type": "new_in_the_next_release", "msg": "Input should be nicer"}) == "Input should be nicer"
