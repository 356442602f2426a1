"""The operator's verbs against the simulator and the real webhook_ingress."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import pytest

from local import loopback
from shared.events import event_identity
from shared.secrets import lines
from tests.integration.subscriptions.conftest import API_KEY, ORG, SITE, TYPES, Plant, wanted

# A process of its own for each test: one worker has them all.
pytestmark = pytest.mark.xdist_group("subscriptions")

# As short as tests may be: nothing here has read a secret just before it changes.
QUICK = ("--settle", "0", "--grace", "0")


def actions(document: dict[str, Any], key: str = "done") -> Counter[str]:
    return Counter(row["action"] for row in document[key])


def test_apply_then_apply_then_verify(plant: Plant) -> None:
    code, document, _ = plant.ops("plan")
    assert (code, actions(document, "steps")) == (0, {"create": 2})
    assert plant.ops("plan", "--check")[0] == 1
    assert plant.subscriptions() == {}
    code, document, errors = plant.ops("apply", *QUICK)
    assert (code, errors.count("Error")) == (0, 0), errors
    assert actions(document) == {"create": 2, "store_secret": 2, "activate": 2}
    before = plant.subscriptions()
    assert {row["type"]: row["url"] for row in before.values()} == {name: plant.address(name) for name in TYPES}
    for row in before.values():
        secret = plant.secrets / f"webhook-{row['type'].lower().replace('_', '-')}"
        assert secret.read_text().strip() == row["secret"]
    code, document, _ = plant.ops("apply", *QUICK)
    assert (code, document["done"], document["waiting"]) == (0, [], [])
    assert plant.subscriptions() == before
    assert plant.ops("plan", "--check")[0] == 0
    assert plant.ops("verify")[:2] == (0, {"findings": [], "errors": {}})
    with plant.steady_stream():
        time.sleep(0.2)
    assert plant.simulator.stats()["failed_by_status"] == {}
    assert plant.accepted()


def test_changed_options_replace_and_a_removed_type_goes(plant: Plant) -> None:
    plant.ops("apply", *QUICK)
    (old,) = (id_ for id_, row in plant.subscriptions().items() if row["type"] == "NEW_WORK_ORDER")
    plant.configure(wanted("NEW_WORK_ORDER", options={"serializeEntity": True}))
    _, document, _ = plant.ops("plan")
    assert actions(document, "steps") == {"replace": 1, "remove": 1, "keep": 1}
    code, document, errors = plant.ops("apply", *QUICK)
    assert code == 0, errors
    (row,) = plant.subscriptions().values()
    assert (row["type"], row["options"], row["url"]) == (
        "NEW_WORK_ORDER",
        {"serializeEntity": True},
        plant.address("NEW_WORK_ORDER"),
    )
    assert row["id"] != old


def test_what_maintainx_deleted_is_found_and_healed(plant: Plant) -> None:
    plant.ops("apply", *QUICK)
    lost = next(iter(plant.subscriptions()))
    headers = {"Authorization": f"Bearer {API_KEY}"}
    loopback.delete(f"{plant.simulator.api_url}/subscriptions/{lost}", headers=headers).raise_for_status()
    code, document, _ = plant.ops("verify")
    assert code == 1
    assert [(row["id"], "does not have it any more" in row["problem"]) for row in document["findings"]] == [
        (lost, True)
    ]
    assert actions(plant.ops("plan")[1], "steps")["heal"] == 1
    assert plant.ops("apply", *QUICK)[0] == 0
    assert plant.ops("verify")[0] == 0


def test_import_adopts_and_forget_leaves(plant: Plant) -> None:
    seed = {"id": ORG, "name": "Plant 1", "subscriptions": [{"type": "NEW_WORK_ORDER", "url": "https://x.example.com"}]}
    (id_,) = plant.simulator.seed(seed)
    assert plant.ops("import", str(id_), "--site", SITE)[0] == 0
    assert plant.ops("apply", *QUICK)[0] == 0
    assert plant.subscriptions()[id_]["url"] == plant.address("NEW_WORK_ORDER")
    assert len(plant.subscriptions()) == len(TYPES)
    assert plant.ops("verify")[0] == 0
    assert plant.ops("forget", str(id_), "--site", SITE)[:2] == (0, {"site": SITE, "id": id_, "forgotten": True})
    assert plant.ops("forget", str(id_), "--site", SITE)[0] == 1
    assert id_ in plant.subscriptions()


def test_text_for_people(plant: Plant) -> None:
    assert "create: there is none" in plant.ops_as_text("plan")[1]
    code, output, errors = plant.ops_as_text("apply", *QUICK)
    assert (code, output.count("activate"), output.count(SITE)) == (0, 2, 6), output + errors
    assert plant.ops_as_text("apply", *QUICK)[:2] == (0, "nothing to do\n")
    assert plant.ops_as_text("rotate", "--dry-run", "--type", "NEW_WORK_ORDER")[1].count("rotate") == 2
    code, output, errors = plant.ops_as_text("rotate", "--type", "NEW_WORK_ORDER", "--settle", "0")
    assert (code, errors.count("Error")) == (0, 0), errors
    assert f"{SITE}: left for later: delete NEW_WORK_ORDER" in output
    assert plant.ops_as_text("verify")[:2] == (0, "1 site(s): all subscriptions are as they should be\n")


def test_exit_codes_say_who_must_act(plant: Plant) -> None:
    code, document, errors = plant.ops("verify", "--site", "nowhere")
    assert (code, "UnknownSite" in errors, document["findings"]) == (2, True, [])
    code, output, errors = plant.ops_as_text("apply", "--site", "nowhere")
    assert (code, output, "UnknownSite" in errors) == (2, "", True), errors  # never "nothing to do"
    (plant.secrets / "api-key").write_text("wrong")
    assert plant.ops("import", "1", "--site", SITE)[0] == 2
    (plant.secrets / "api-key").write_text(API_KEY)
    plant.simulator.fail_next(100)
    code, _, errors = plant.ops("apply")
    assert (code, len(plant.subscriptions())) == (1, 0), errors  # each creation failed, and the report says so


def test_rotation_under_a_steady_stream_refuses_nothing(plant: Plant) -> None:
    assert plant.ops("apply", *QUICK)[0] == 0
    old = plant.subscriptions()
    already = len(plant.simulator.deliveries())
    with plant.steady_stream():
        code, document, errors = plant.ops_process("rotate", "--grace", "2")
        time.sleep(0.5)
    assert code == 0, errors
    assert actions(document) == {"rotate": 2, "store_secret": 2, "activate": 2, "retire": 2, "delete": 2}
    new = plant.subscriptions()
    assert not set(old) & set(new)
    assert {row["url"] for row in new.values()} == {plant.address(name) for name in TYPES}

    stats = plant.simulator.stats()
    assert (stats["failed_by_status"], stats["timeout"], stats["unreachable"]) == ({}, 0, 0)
    log = plant.simulator.deliveries(bodies=True)[already:]
    in_use = [entry for entry in log if not entry["url"].endswith("/parked")]
    assert {entry["status"] for entry in in_use} == {202}
    # Both delivered, and what the new ones were told while they were parked, the old ones were told too.
    assert {entry["subscription_id"] for entry in in_use} == set(old) | set(new)
    told = {(entry["type"], entry["body"]) for entry in log}
    assert told == {(entry["type"], entry["body"]) for entry in in_use}
    ids = {event_identity(SITE, type_, body.encode()) for type_, body in told}
    assert len(ids) > 300
    assert ids <= set(plant.accepted())
    assert plant.ops("verify")[0] == 0
    # The old secrets are still known for the longest time that a delivery may be under way.
    for name in TYPES:
        assert len(lines((plant.secrets / f"webhook-{name.lower().replace('_', '-')}").read_text())) == 2


def test_a_subscription_that_is_used_at_once_is_refused(plant: Plant) -> None:
    """What rotation must avoid, so that the test above can fail."""
    assert plant.ops("apply", *QUICK)[0] == 0
    with plant.steady_stream():
        loopback.post(
            f"{plant.simulator.api_url}/subscriptions",
            json={"type": "NEW_WORK_ORDER", "url": plant.address("NEW_WORK_ORDER")},
            headers={"Authorization": f"Bearer {API_KEY}"},
        ).raise_for_status()
        time.sleep(0.5)
    assert plant.simulator.stats()["failed_by_status"].get("401", 0) > 0
