"""`ops config check --ask-erp`: what only the ERP itself can tell, asked of simulated ones."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.sap.testing import Simulator, running_simulator
from shared.secrets import secrets
from tests.fakes.settings import SITES, write_settings
from tests.unit.ops.conftest import Ops

MAPPING = Path(__file__).resolve().parents[3] / "config" / "mappings" / "sap-s4hana.yaml"
ERP = """\
    erp:
      adapter: sap
      base_url: %s
      credentials_secret: erp-token
      mapping: sap-s4hana
"""


@pytest.fixture(scope="module")
def sap() -> Iterator[Simulator]:
    with running_simulator({}) as simulator:
        yield simulator


@pytest.fixture
def folder(sap: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration whose second site has an SAP."""
    base_url = sap.add_tenant("plant-2", "user:password", missing=[])
    made = write_settings(tmp_path, sites=SITES + ERP % base_url).config
    (made / "mappings" / "sap-s4hana.yaml").write_text(MAPPING.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setenv("SECRET_ERP_TOKEN", "user:password")
    monkeypatch.setattr(secrets, "_cache", {})
    return made


def asked(ops: Ops, folder: Path) -> tuple[int, dict[str, Any], str]:
    result = ops("config", "check", "--config", folder, "--ask-erp", "--json")
    return result.exit_code, json.loads(result.stdout), result.stderr


def test_an_erp_that_fits_is_said_to_fit(ops: Ops, folder: Path) -> None:
    code, report, errors = asked(ops, folder)
    assert (code, report["faults"], report["erps_asked"], report["errors"], errors) == (0, [], ["plant-2"], {}, "")
    assert (
        "ERP of plant-2: answers, and its fields fit the mapping" in ops("config", "check", folder, "--ask-erp").stdout
    )
    assert "ERP of" not in ops("config", "check", folder).stdout


def test_a_field_that_this_erp_does_not_have_is_told_with_its_line(ops: Ops, folder: Path, sap: Simulator) -> None:
    sap.add_tenant("plant-2", missing=["MaintPriority"])
    code, report, _ = asked(ops, folder)
    file = folder / "mappings" / "sap-s4hana.yaml"
    text = file.read_text(encoding="utf-8")
    line = text[: text.index("erp: MaintPriority")].count("\n") + 1
    (fault,) = report["faults"]
    assert code == 1
    assert fault.startswith(f"{file}:{line}: fields.4.erp: the ERP has no field MaintPriority")
    assert fault.endswith("(asked the ERP of plant-2)")


@pytest.mark.parametrize(
    ("secret", "code", "error"),
    [
        ("user:wrong", 2, "ERP of plant-2: AuthenticationFailed: erp: "),
        ("password", 2, "ERP of plant-2: SecretMissing: secret erp-token does not hold user:password"),
    ],
)
def test_credentials_that_are_not_good_are_an_error_of_that_site(
    ops: Ops, folder: Path, monkeypatch: pytest.MonkeyPatch, secret: str, code: int, error: str
) -> None:
    monkeypatch.setenv("SECRET_ERP_TOKEN", secret)
    found = asked(ops, folder)
    assert (found[0], found[1]["erps_asked"]) == (code, [])
    assert error in found[2]


def test_an_erp_that_does_not_answer_is_worth_another_try(ops: Ops, folder: Path, sap: Simulator) -> None:
    file = folder / "sites.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace(sap.base_url, "http://127.0.0.1:1"), encoding="utf-8")
    code, report, errors = asked(ops, folder)
    assert (code, report["faults"]) == (3, [])
    assert "RemoteUnavailable: erp: GET 127.0.0.1:1/plant-2/sap/opu" in errors
