"""`ops config check`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.settings import ROUTES, SITES, write_settings
from tests.unit.ops.conftest import Ops

ROOT = Path(__file__).resolve().parents[3]


def checked(ops: Ops, folder: Path) -> tuple[int, dict[str, Any]]:
    result = ops("config", "check", folder, "--json")
    return result.exit_code, json.loads(result.stdout)


def test_shipped_configuration_has_neither_faults_nor_warnings(ops: Ops) -> None:
    code, report = checked(ops, ROOT / "config")
    assert (code, report["faults"], report["warnings"]) == (0, [], [])
    assert [site["id"] for site in report["sites"]] == ["plant-north", "plant-south"]
    assert "events-plant-north" in report["sites"][0]["secrets"]


def test_text_says_what_was_found(ops: Ops) -> None:
    result = ops("config", "check", ROOT / "config")
    assert result.exit_code == 0
    for words in ("plant-south", "America/Chicago", "route: work orders to the ERP -> erp-push", "no faults"):
        assert words in result.stdout


def test_faults_of_all_files_are_told_at_once_with_file_and_line(ops: Ops, tmp_path: Path) -> None:
    folder = write_settings(
        tmp_path,
        sites=SITES.replace("Europe/Berlin", "Europe/Atlantis"),
        routes=ROUTES.replace("to: erp-push", "to: nowhere"),
    ).config
    result = ops("config", "check", folder)
    assert result.exit_code == 1
    faults = result.stdout.splitlines()
    assert faults[0].startswith(f"{folder / 'sites.yaml'}:4: sites.0.time_zone: ")
    assert faults[1].startswith(f"{folder / 'routes.yaml'}:5: routes.0.to.0: ")
    assert faults[2] == "2 fault(s); no function starts with this configuration"


def test_a_copied_site_and_bad_addresses_are_told_at_once_with_all_lines(ops: Ops, tmp_path: Path) -> None:
    sites = SITES.replace("4343", "4242").replace("webhook-plant-2", "api-key-1")
    sites = sites.replace(
        "      api_key_secret: api-key-2\n", "      api_key_secret: k\n      base_url: http://10.0.0.1\n"
    )
    folder = write_settings(tmp_path, sites=f"public_url: https://169.254.169.254\n{sites}").config
    result = ops("config", "check", folder)
    *faults, last = (line.removeprefix(f"{folder / 'sites.yaml'}:") for line in result.stdout.splitlines())
    assert result.exit_code == 1
    assert [fault.split(": ")[:2] for fault in faults] == [
        ["1", "public_url"],
        ["23", "sites.1.maintainx.base_url"],
        ["21", "sites.1.maintainx.organization_id"],
        ["25", "sites.1.maintainx.subscriptions.0.secret"],
    ]
    assert last == "4 fault(s); no function starts with this configuration"


def test_fault_across_files_is_found(ops: Ops, tmp_path: Path) -> None:
    folder = write_settings(tmp_path, routes=ROUTES.replace("priority: HIGH", "site: plant-9")).config
    code, report = checked(ops, folder)
    assert code == 1
    assert "'plant-9' is not in sites.yaml" in report["faults"][0]


def test_folder_that_is_not_there_is_a_fault_not_a_traceback(ops: Ops, tmp_path: Path) -> None:
    code, report = checked(ops, tmp_path / "nowhere")
    assert code == 1
    assert [fault.partition(": ")[2] for fault in report["faults"]] == [
        "cannot be read: No such file or directory",
        "cannot be read: No such file or directory",
    ]


def test_the_folder_may_be_given_as_with_all_other_verbs(
    ops: Ops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_settings(tmp_path).config
    by_option = ops("config", "check", "--config", folder, "--json")
    assert json.loads(by_option.stdout)["folder"] == str(folder)
    monkeypatch.setenv("CONFIG_DIR", str(folder))
    assert ops("config", "check", "--json").stdout == by_option.stdout
    assert json.loads(ops("config", "check", ROOT / "config", "--json").stdout)["folder"] == str(ROOT / "config")


REST_SITE = """\
  - id: plant-3
    name: Plant Three
    time_zone: Europe/Berlin
    maintainx:
      organization_id: 4444
      api_key_secret: api-key-3
      subscriptions:
        - {type: NEW_WORK_ORDER, secret: webhook-plant-3}
    events_secret: gateway-3
    erp:
      adapter: rest
      base_url: https://erp.test
      credentials_secret: erp-3
      mapping: acme
      rest: {%s}
"""
ACME = "fields: [{erp: shortText, maintainx: title}]\non_delete: {action: ignore}\n"
FIELDS = "fields: {shortText: {}}"
STATUS = "status: {field: state, readable: [NEW]}"


def test_a_rest_erp_that_is_not_described_is_a_warning(ops: Ops, tmp_path: Path, subtests: pytest.Subtests) -> None:
    cases: list[tuple[str, str | None]] = [
        ("", "no fields and no status"),
        (FIELDS, "no status"),
        (STATUS, "no fields"),
        (f"{FIELDS}, {STATUS}", None),
    ]
    for number, (rest, missing) in enumerate(cases):
        with subtests.test(rest=rest):
            folder = write_settings(tmp_path / str(number), sites=SITES + REST_SITE % rest).config
            (folder / "mappings" / "acme.yaml").write_text(ACME, encoding="utf-8")
            _, report = checked(ops, folder)
            told = [warning for warning in report["warnings"] if warning.startswith("site plant-3: erp.rest")]
            expected = f"site plant-3: erp.rest has {missing}: its mapping is not checked against the ERP"
            assert told == ([] if missing is None else [expected])


def test_an_erp_to_which_no_route_leads_is_a_warning(ops: Ops, tmp_path: Path) -> None:
    routes = ROUTES.replace("type: work_order.*", "type: work_order.*\n      site: [plant-1, plant-2]")
    folder = write_settings(tmp_path, sites=SITES + REST_SITE % f"{FIELDS}, {STATUS}", routes=routes).config
    (folder / "mappings" / "acme.yaml").write_text(ACME, encoding="utf-8")
    _, report = checked(ops, folder)
    warning = "site plant-3: no route sends its events to erp-push: its work orders do not get to the ERP"
    assert warning in report["warnings"]


def test_what_is_allowed_but_hardly_meant_is_a_warning(ops: Ops, tmp_path: Path) -> None:
    code, report = checked(ops, write_settings(tmp_path).config)
    assert code == 0
    assert set(report["warnings"]) >= {
        "public_url is not set: the signature of the URI is not verified",
        "site plant-1: routes send its events to erp-push, but it has no erp: they will be dead-lettered",
        "site plant-1: MaintainX has no webhook type SOMETHING_NEW that we know of",
        "site plant-2: routes send its events to notifications, but it has no notify: they will be skipped",
        "site plant-2: without events_secret there is no smoke test and no gateway for it",
    }


def test_credentials_that_go_to_different_servers_are_a_warning(ops: Ops, tmp_path: Path) -> None:
    other = (REST_SITE % "").replace("plant-3", "plant-4").replace("4444", "4545").replace("gateway-3", "gateway-4")
    cases: list[tuple[tuple[str, ...], str | None]] = [
        ((), None),
        (("erp.test", "erp.test:443/other"), None),
        (("erp.test", "erp2.test"), "ERP credentials"),
        (("erp.test", "erp2.test", "erp-3", "erp-4"), None),
        (("maintainx:", "maintainx:\n      base_url: https://maintainx.test/v1"), "MaintainX API key"),
    ]
    for number, (changes, warned) in enumerate(cases):
        text = other
        for old, new in zip(changes[::2], changes[1::2], strict=True):
            text = text.replace(old, new)
        folder = write_settings(tmp_path / str(number), sites=SITES + REST_SITE % "" + text).config
        (folder / "mappings" / "acme.yaml").write_text(ACME, encoding="utf-8")
        code, report = checked(ops, folder)
        told = [warning for warning in report["warnings"] if "different servers" in warning]
        reason = f"sites plant-3, plant-4: one secret has their {warned}, and it goes to different servers"
        assert (code, told) == (0, [] if warned is None else [reason]), changes
