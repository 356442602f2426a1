"""What two sites, or two uses of a secret, must not have in common: refused by all who read sites.yaml."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from shared.config.senders import get_senders
from shared.config.whole import load_config
from shared.errors import ConfigError
from tests.fakes.settings import SITES, write_settings

ERP = "    erp: {{adapter: rest, base_url: 'https://erp.example.com', mapping: m, credentials_secret: {}}}\n"
SECOND = "      subscriptions:\n        - {type: NEW_WORK_ORDER, secret: webhook-plant-2}\n"
FIRST = "      subscriptions:\n        - {type: NEW_WORK_ORDER, secret: webhook-new-work-order}\n"
ONE_OWN = "MaintainX gives every subscription a secret of its own"
PURPOSE = "a secret has one purpose"
VARIABLE = "in capitals, - and _ from the secret of line"

# What stands instead in SITES -> the faults.
MISTAKES: dict[tuple[str, ...], list[str]] = {
    ("4343", "4242"): [
        "20: sites.1.maintainx.organization_id: organization 4242 is plant-1's already (line 6):"
        " one site is one MaintainX organization"
    ],
    ("id: plant-2", "id: plant-1"): [
        "16: sites.1.id: plant-1 is the site of line 2 already: each needs an id of its own"
    ],
    # Of a subscription, and of what the sites' gateways sign with.
    ("webhook-plant-2", "webhook-new-work-order"): [
        f"23: sites.1.maintainx.subscriptions.0.secret: is plant-1's webhook secret already (line 9): {ONE_OWN}"
    ],
    ("webhook-status-change", "webhook-new-work-order"): [
        f"10: sites.0.maintainx.subscriptions.1.secret: is plant-1's webhook secret already (line 9): {ONE_OWN}"
    ],
    (SECOND, f"{SECOND}    events_secret: gateway\n"): [
        "24: sites.1.events_secret: is plant-1's events_secret already (line 13):"
        " who signs for one site could sign for the other"
    ],
    # For two purposes, in a site or in two.
    ("events_secret: gateway", "events_secret: api-key-1"): [
        f"13: sites.0.events_secret: is plant-1's MaintainX API key already (line 7): {PURPOSE}"
    ],
    ("events_secret: gateway", "events_secret: webhook-plant-2"): [
        f"23: sites.1.maintainx.subscriptions.0.secret: is plant-1's events_secret already (line 13): {PURPOSE}"
    ],
    ("urls_secret: notify-urls", "urls_secret: api-key-1"): [
        f"15: sites.0.notify.urls_secret: is plant-1's MaintainX API key already (line 7): {PURPOSE}"
    ],
    ("api-key-2", "notify-urls"): [
        f"21: sites.1.maintainx.api_key_secret: is plant-1's notification addresses already (line 15): {PURPOSE}"
    ],
    ("    notify:", f"{ERP.format('webhook-plant-2')}    notify:"): [
        f"24: sites.1.maintainx.subscriptions.0.secret: is plant-1's ERP credentials already (line 14): {PURPOSE}"
    ],
    ("events_secret: gateway", "events_secret: maintainx-subscriptions-plant-2"): [
        "13: sites.0.events_secret: is where the bundle keeps its list of a site's subscriptions: take another name"
    ],
    # Two names that are one variable.
    ("events_secret: gateway", "events_secret: Api_key-1"): [f"13: sites.0.events_secret: differs only {VARIABLE} 7:"],
    ("api-key-2", "API-KEY-1"): [f"21: sites.1.maintainx.api_key_secret: differs only {VARIABLE} 7:"],
    # Written once and used twice: the line is where it is used.
    ("    events_secret: gateway\n", "    events_secret: &x gateway\n", SECOND, f"{SECOND}    events_secret: *x\n"): [
        "24: sites.1.events_secret: is plant-1's events_secret already (line 13)"
    ],
    (FIRST, FIRST.replace(":\n", ": &all\n", 1), SECOND, "      subscriptions: *all\n"): [
        f"22: sites.1.maintainx.subscriptions.{number}.secret: is plant-1's webhook secret already (line {9 + number})"
        for number in range(4)
    ],
    (FIRST, FIRST.replace("- {", "- &one {"), SECOND, "      subscriptions:\n        - *one\n"): [
        "22: sites.1.maintainx.subscriptions.0.secret: is plant-1's webhook secret already (line 9)"
    ],
    # Beside other faults, in any part.
    ("4343", "4242", "America/Chicago", "America/Chicag", "plant-2\n", "plant-2\n    public_url: x\n"): [
        "19: sites.1.time_zone: 'America/Chicag' is not",
        "17: sites.1.public_url: is not a known key",
        "21: sites.1.maintainx.organization_id: organization 4242 is plant-1's already (line 6)",
    ],
}
ALLOWED = {
    "one API key for two organizations": ("api-key-2", "api-key-1"),
    "one channel for two sites": (SECOND, f"{SECOND}    notify: {{urls_secret: notify-urls}}\n"),
    "a secret that begins like a list of subscriptions": ("gateway", "maintainx-subscriptions-plant-3"),
}


def senders(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What webhook_ingress reads."""
    monkeypatch.setenv("CONFIG_DIR", str(folder))
    get_senders.__wrapped__()


def everything(folder: Path, _monkeypatch: pytest.MonkeyPatch) -> None:
    """What all other functions read."""
    load_config(folder)


Load = Callable[[Path, pytest.MonkeyPatch], None]


def written(folder: Path, *changes: str) -> Path:
    text = SITES
    for old, new in zip(changes[::2], changes[1::2], strict=True):
        assert old in text
        text = text.replace(old, new)
    (folder / "sites.yaml").write_text(text)
    return folder


@pytest.mark.parametrize("load", [senders, everything])
def test_what_is_there_twice_is_refused_with_both_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, load: Load
) -> None:
    folder = write_settings(tmp_path).config
    for changes, faults in MISTAKES.items():
        with pytest.raises(ConfigError) as caught:
            load(written(folder, *changes), monkeypatch)
        found = str(caught.value).replace(f"{folder / 'sites.yaml'}:", "").splitlines()
        assert len(found) == len(faults), (changes, found)
        for line, fault in zip(sorted(found), sorted(faults), strict=True):
            assert line.startswith(fault), (changes, line)


@pytest.mark.parametrize("load", [senders, everything])
def test_what_sites_may_have_in_common_is_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, load: Load) -> None:
    folder = write_settings(tmp_path).config
    for changes in ALLOWED.values():
        load(written(folder, *changes), monkeypatch)


def test_two_sites_of_one_erp_may_have_one_account_there(tmp_path: Path) -> None:
    folder = write_settings(tmp_path).config
    (folder / "mappings" / "m.yaml").write_text("fields: [{erp: a, maintainx: title}]\non_delete: {action: ignore}\n")
    erp = ERP.format("erp-token")
    load_config(written(folder, "    notify:", f"{erp}    notify:", SECOND, SECOND + erp))


@pytest.mark.parametrize("load", [senders, everything])
def test_a_copied_site_with_another_id_is_told_all_that_must_differ(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, load: Load
) -> None:
    block = SITES[SITES.index("  - id: plant-1") : SITES.index("  - id: plant-2")]
    folder = write_settings(tmp_path, sites=SITES + block.replace("plant-1", "plant-3")).config
    with pytest.raises(ConfigError) as caught:
        load(folder, monkeypatch)
    places = [line.split(": ")[1].removeprefix("sites.2.") for line in str(caught.value).splitlines()]
    secrets = [f"maintainx.subscriptions.{number}.secret" for number in range(4)]
    assert places == ["maintainx.organization_id", *secrets, "events_secret"]
    assert all("plant-1's" in line for line in str(caught.value).splitlines())


def test_a_secret_written_in_place_of_its_name_is_not_told(tmp_path: Path) -> None:
    folder = write_settings(tmp_path).config
    with pytest.raises(ConfigError) as caught:
        load_config(written(folder, "webhook-plant-2", "hunter2", "events_secret: gateway", "events_secret: hunter2"))
    assert "hunter2" not in str(caught.value)
