"""All files together: what one names must exist in the other."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.config.whole import get_config, load_config
from shared.errors import ConfigError, UnknownSite
from shared.routing import route_event
from shared.sync.conflicts import CONFLICT_EVENT
from tests.fakes.events import make_event
from tests.fakes.settings import ROUTES, SITES, write_settings

WITH_ERP = SITES.replace(
    "    events_secret: gateway\n",
    "    erp: {adapter: rest, base_url: 'https://erp.example.com', mapping: nowhere, credentials_secret: s}\n",
)


def test_configuration_is_read_and_sites_are_found(tmp_path: Path) -> None:
    config = load_config(write_settings(tmp_path).config)
    assert config.site("plant-2").name == "Plant Two"
    assert [route.name for route in config.routes] == ["everything about work orders", "urgent work"]
    with pytest.raises(UnknownSite, match="plant-9"):
        config.site("plant-9")


def test_mapping_that_no_file_has_is_refused(tmp_path: Path) -> None:
    settings = write_settings(tmp_path, sites=WITH_ERP)
    with pytest.raises(ConfigError, match=r"sites\.yaml:13: sites\.0\.erp\.mapping: there is no file mappings/nowhere"):
        load_config(settings.config)


FIELDS = "fields: {text: {max_length: 10}, kind: {updatable: false}}"
MAPPED = WITH_ERP.replace("nowhere", "acme").replace("secret: s}", f"secret: s, rest: {{{FIELDS}}}}}")
ACME = """\
fields:
  - erp: txt
    maintainx: title

  - erp: text
    maintainx: description
  - {erp: kind, constant: K}
on_delete: {action: ignore}
"""


def faults_of_mapping(folder: Path, mapping: str, sites: str = MAPPED, routes: str = ROUTES) -> list[str]:
    settings = write_settings(folder, sites=sites, routes=routes)
    (settings.config / "mappings" / "acme.yaml").write_text(mapping)
    with pytest.raises(ConfigError) as caught:
        load_config(settings.config)
    return [line.removeprefix(f"{settings.config}/") for line in str(caught.value).splitlines()]


def test_mapping_that_does_not_fit_its_erp_is_refused_with_all_lines(tmp_path: Path) -> None:
    assert faults_of_mapping(tmp_path, ACME) == [
        "mappings/acme.yaml:2: fields.0.erp: the ERP has no field txt; did you mean text? (ERP of plant-1)",
        "mappings/acme.yaml:5: fields.1.max_length: text has room for 10 characters: give max_length: 10"
        " (ERP of plant-1)",
        "mappings/acme.yaml:7: fields.2.erp: kind cannot be changed once it is made: say once: true (ERP of plant-1)",
    ]


def test_a_fault_of_one_mapping_is_told_once_with_all_sites_that_have_it(tmp_path: Path) -> None:
    erp = next(line for line in MAPPED.splitlines() if line.startswith("    erp:"))
    other = erp.replace("updatable: false", "updatable: true")
    sites = f"{MAPPED}{other}\n"
    (first, second, third) = faults_of_mapping(tmp_path, ACME, sites)
    assert first.endswith("(ERP of plant-1, plant-2)")
    assert second.endswith("(ERP of plant-1, plant-2)")
    assert third.endswith("(ERP of plant-1)")


def test_faults_of_mappings_sites_and_routes_are_told_together(tmp_path: Path) -> None:
    found = faults_of_mapping(tmp_path, ACME, routes=ROUTES.replace("priority: HIGH", "site: plant-9"))
    assert [fault.split(":")[0] for fault in found] == ["routes.yaml", *["mappings/acme.yaml"] * 3]


def test_a_mapping_that_no_site_uses_is_checked_only_in_itself(tmp_path: Path) -> None:
    settings = write_settings(tmp_path)
    (settings.config / "mappings" / "acme.yaml").write_text(ACME)
    assert load_config(settings.config).mappings["acme"].fields[0].erp == "txt"


CREATES = """\
fields:
  - {erp: text, maintainx: title, max_length: 10}
  - {erp: kind, constant: K, once: true}
on_delete: {action: ignore}
on_new_in_erp:
  action: create
  when: {kind: [K]}
"""
ASKED = MAPPED.replace("rest: {", "rest: {changed_parameter: since, paging: {style: none}, ")


def test_work_orders_are_not_to_be_made_of_what_the_erp_cannot_be_asked_for(tmp_path: Path) -> None:
    assert faults_of_mapping(tmp_path, CREATES) == [
        "mappings/acme.yaml:6: on_new_in_erp.action: create finds nothing without erp.rest.changed_parameter"
        " in sites.yaml (ERP of plant-1)"
    ]


@pytest.mark.parametrize(
    ("mapping", "sites"),
    [
        (CREATES, ASKED),
        (CREATES.replace("action: create\n  when: {kind: [K]}", "action: ignore"), MAPPED),
    ],
)
def test_an_erp_that_can_be_asked_or_need_not_be_is_not_refused(tmp_path: Path, mapping: str, sites: str) -> None:
    settings = write_settings(tmp_path, sites=sites)
    (settings.config / "mappings" / "acme.yaml").write_text(mapping)
    load_config(settings.config)


def test_only_the_sites_whose_erp_cannot_be_asked_are_named(tmp_path: Path) -> None:
    erp = next(line for line in MAPPED.splitlines() if line.startswith("    erp:"))
    found = faults_of_mapping(tmp_path, CREATES, f"{ASKED}{erp}\n")
    (fault,) = (each for each in found if each.startswith("mappings/"))
    assert fault.endswith("in sites.yaml (ERP of plant-2)")


@pytest.mark.parametrize("adapter", ["sap", "oracle"])
def test_sap_and_oracle_can_always_be_asked(tmp_path: Path, adapter: str) -> None:
    shipped = {"sap": "sap-s4hana", "oracle": "oracle-maintenance"}[adapter]
    oracle = ", oracle: {organization_code: M1}" if adapter == "oracle" else ""
    sites = WITH_ERP.replace("adapter: rest", f"adapter: {adapter}").replace("secret: s}", f"secret: s{oracle}}}")
    settings = write_settings(tmp_path, sites=sites.replace("nowhere", "acme"))
    text = (Path(__file__).resolve().parents[3] / "config" / "mappings" / f"{shipped}.yaml").read_text()
    create = text.replace("on_new_in_erp:\n  action: ignore", "on_new_in_erp:\n  action: create")
    (settings.config / "mappings" / "acme.yaml").write_text(create)
    assert load_config(settings.config).mappings["acme"].on_new_in_erp.action == "create"


def test_an_erp_whose_fields_are_not_described_is_taken_on_trust(tmp_path: Path) -> None:
    settings = write_settings(tmp_path, sites=WITH_ERP.replace("nowhere", "acme"))
    (settings.config / "mappings" / "acme.yaml").write_text(ACME)
    load_config(settings.config)


def test_route_for_a_site_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    routes = ROUTES.replace("priority: HIGH", "site: [plant-1, plant-9]")
    settings = write_settings(tmp_path, routes=routes)
    with pytest.raises(ConfigError, match=r"routes\.yaml:9: routes\.1\.when\.site\.1: 'plant-9' is not in sites"):
        load_config(settings.config)


def test_faults_across_files_are_told_at_once(tmp_path: Path) -> None:
    settings = write_settings(tmp_path, sites=WITH_ERP, routes=ROUTES.replace("priority: HIGH", "site: plant-9"))
    with pytest.raises(ConfigError) as caught:
        load_config(settings.config)
    assert len(str(caught.value).splitlines()) == 2


def route_for(folder: Path, event_type: str, other_events: str = "[]") -> None:
    routes = f"other_events: {other_events}\n{ROUTES.replace('work_order.created', event_type)}"
    load_config(write_settings(folder, routes=routes).config)


def test_route_for_an_event_that_nobody_sends_is_refused(tmp_path: Path, subtests: pytest.Subtests) -> None:
    cases: list[tuple[str, str]] = [
        ("work_order.crated", "did you mean work_order.created? "),
        ("work_order.complete", "did you mean work_order.completed? "),
        ("asst.*", "did you mean asset.*? "),
        ("maintainx.new_work_order", ""),
        ("sensor.alert", ""),
        ("bridge.smoke", ""),
        ("nothing.like_it", ""),
    ]
    for event_type, closest in cases:
        with subtests.test(event_type=event_type):
            with pytest.raises(ConfigError) as caught:
                route_for(tmp_path / event_type, f"[work_order.deleted, {event_type}]")
            (fault,) = str(caught.value).splitlines()
            assert f"routes.yaml:9: routes.1.when.type.1: there is no event '{event_type}'; " in fault
            assert closest in fault


def test_route_for_an_event_that_somebody_sends_is_accepted(tmp_path: Path, subtests: pytest.Subtests) -> None:
    cases: list[str] = [
        "work_order.completed",
        "asset.*",
        "audit.user_removed",
        CONFLICT_EVENT,
        "sync.*",
        "maintainx.*",
        "maintainx.new_thing",
        "sensor.alert",
        "sensor.*",
    ]
    for event_type in cases:
        with subtests.test(event_type=event_type):
            route_for(tmp_path / event_type, event_type, other_events="[sensor.alert]")


def test_misspelt_event_of_a_gateway_is_compared_with_those_listed(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"did you mean sensor\.alert\?"):
        route_for(tmp_path, "sensor.alrt", other_events="[sensor.alert]")


@pytest.mark.parametrize("name", ["sites.yaml", "routes.yaml"])
def test_missing_file_is_refused(tmp_path: Path, name: str) -> None:
    settings = write_settings(tmp_path)
    (settings.config / name).unlink()
    with pytest.raises(ConfigError, match=name):
        load_config(settings.config)


def test_broken_mapping_is_refused_even_if_no_site_uses_it(tmp_path: Path) -> None:
    settings = write_settings(tmp_path)
    (settings.config / "mappings" / "spare.yaml").write_text("fields: []\n")
    with pytest.raises(ConfigError, match=r"spare\.yaml"):
        load_config(settings.config)


def test_process_reads_its_configuration_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONFIG_DIR", str(write_settings(tmp_path).config))
    get_config.cache_clear()
    try:
        assert get_config() is get_config()
    finally:
        get_config.cache_clear()


@pytest.mark.parametrize("folder", ["config", "local/demo/config"])
def test_configuration_that_is_shipped_is_valid_and_tells_people_of_conflicts(folder: str) -> None:
    config = load_config(Path(__file__).resolve().parents[3] / folder)
    assert config.sites
    conflict = make_event(type=CONFLICT_EVENT, resource="sync", origin=CONFLICT_EVENT, data={"workOrderId": 7})
    assert route_event(conflict, config.routes).destinations.keys() == {"notifications"}


TWO_SITES = """\
sites:
  - id: plant-1
    name: One
    time_zone: Europe/Berlin
    maintainx:
      organization_id: 1
      api_key_secret: k1
      subscriptions: [{type: NEW_WORK_ORDER, secret: w1}]
    erp: {adapter: ADAPTER, base_url: "https://erp.test", credentials_secret: s, mapping: one, ADAPTER: {FIRST}}
  - id: plant-2
    name: Two
    time_zone: Europe/Berlin
    maintainx:
      organization_id: 2
      api_key_secret: k2
      subscriptions: [{type: NEW_WORK_ORDER, secret: w2}]
    erp: {adapter: ADAPTER, base_url: "https://ERP.test.:443/", credentials_secret: t, mapping: two, ADAPTER: {SECOND}}
"""


@pytest.mark.parametrize(
    ("adapter", "parts", "when", "apart"),
    [
        ("sap", ("client: '100'", "client: '100'"), ("", ""), False),
        ("sap", ("client: '100'", "client: '200'"), ("", ""), True),
        ("sap", ("", ""), ("MaintenancePlanningPlant: ['1010']", "MaintenancePlanningPlant: ['1020']"), True),
        ("sap", ("", ""), ("MaintenancePlanningPlant: ['1010']", "MaintenancePlanningPlant: ['1020', 1010]"), False),
        ("sap", ("", ""), ("MaintenancePlanningPlant: ['1010']", "MaintenanceOrderType: [PM02]"), False),
        ("sap", ("", ""), ("MaintenancePlanningPlant: ['1010']", ""), False),
        ("oracle", ("organization_code: M1", "organization_code: M2"), ("", ""), True),
        ("oracle", ("organization_code: M1", "organization_code: M1"), ("", ""), False),
    ],
)
def test_two_sites_of_one_erp_make_no_work_orders_of_the_same_orders(
    tmp_path: Path, adapter: str, parts: tuple[str, str], when: tuple[str, str], apart: bool
) -> None:
    sites = TWO_SITES.replace("ADAPTER", adapter).replace("FIRST", parts[0]).replace("SECOND", parts[1])
    settings = write_settings(tmp_path, sites=sites)
    shipped = {"sap": "sap-s4hana", "oracle": "oracle-maintenance"}[adapter]
    text = (Path(__file__).resolve().parents[3] / "config" / "mappings" / f"{shipped}.yaml").read_text()
    for name, condition in zip(("one", "two"), when, strict=True):
        policy = f"on_new_in_erp:\n  action: create\n  when: {{{condition}}}"
        mapping = text.replace("on_new_in_erp:\n  action: ignore", policy)
        (settings.config / "mappings" / f"{name}.yaml").write_text(mapping)
    if apart:
        load_config(settings.config)
        return
    with pytest.raises(ConfigError, match=r":17: sites.1.erp.mapping: has its ERP in common with plant-1 \(line 9\)"):
        load_config(settings.config)
