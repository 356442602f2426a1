"""`ops dead-letters` on a real broker."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.topics import PIPELINES, subscription_path
from tests.integration.conftest import Broker
from tests.unit.ops.conftest import Ops

ERP_PUSH, NOTIFY = PIPELINES["erp-push"], PIPELINES["notify"]


@pytest.fixture
def run(broker: Broker, ops: Ops) -> Any:
    """A verb of `dead-letters`: exit code and JSON document."""

    def call(*words: str) -> tuple[int, Any]:
        result = ops("dead-letters", *words, "--json")
        return result.exit_code, json.loads(result.stdout) if result.stdout else None

    return call


def test_list_shows_all_pipelines_and_takes_nothing_away(run: Any, broker: Broker) -> None:
    broker.bury(ERP_PUSH, "a", error_message="no such equipment")
    broker.bury(NOTIFY, "b", site="plant-2")
    for _ in range(2):
        code, report = run("list")
        assert (code, report["count"], report["errors"]) == (0, 2, {})
        assert {(letter["pipeline"], letter["event_id"]) for letter in report["letters"]} == {
            ("erp-push", "a"),
            ("notify", "b"),
        }


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["--pipeline", "erp-push"], {"a", "b"}),
        (["--site", "plant-2"], {"c"}),
        (["--event-id", "b"], {"b"}),
        (["--record", "7"], {"a"}),
        (["--type", "asset.created"], {"c"}),
        (["--error", "MappingError", "--site", "plant-1"], {"a", "b"}),
    ],
)
def test_list_and_replay_take_the_same_filters(words: list[str], found: set[str], run: Any, broker: Broker) -> None:
    broker.bury(ERP_PUSH, "a", resource_id="7")
    broker.bury(ERP_PUSH, "b")
    broker.bury(NOTIFY, "c", site="plant-2", type="asset.created")
    assert {letter["event_id"] for letter in run("list", *words)[1]["letters"]} == found
    everywhere = [] if "--pipeline" in words else ["--all"]
    code, report = run("replay", *words, *everywhere)
    assert code == 0
    assert sum(pipeline["replayed"] for pipeline in report["pipelines"]) == len(found)
    sent = {message.data.decode() for name in ("erp-push", "notify") for message in broker.waiting(name)}
    assert sent == found


def test_check_makes_a_finding_the_exit_code(run: Any, broker: Broker) -> None:
    assert run("list", "--check")[0] == 0
    broker.bury(ERP_PUSH, "a")
    assert run("list", "--check")[0] == 1
    assert run("list", "--check", "--site", "plant-9")[0] == 0


def test_dry_run_moves_nothing(run: Any, broker: Broker) -> None:
    broker.bury(ERP_PUSH, "a", "b")
    code, report = run("replay", "--pipeline", "erp-push", "--dry-run")
    assert code == 0
    assert (report["pipelines"][0]["matched"], report["pipelines"][0]["replayed"]) == (2, 0)
    assert broker.waiting("erp-push") == []
    assert run("list")[1]["count"] == 2


def test_limit_is_told(broker: Broker, ops: Ops) -> None:
    broker.bury(ERP_PUSH, "a", "b", "c")
    result = ops("dead-letters", "replay", "--pipeline", "erp-push", "--limit", "2")
    assert result.exit_code == 0
    assert "erp-push: replayed 2 of" in result.stdout
    assert "stopped at --limit 2" in result.stderr


def test_text_shows_each_letter_and_each_message_once(broker: Broker, ops: Ops) -> None:
    broker.bury(ERP_PUSH, "a", "b", error_message="assetId 7 has no value [in] the mapping")
    result = ops("dead-letters", "list", "--pipeline", "erp-push")
    lines = result.stdout.splitlines()
    assert sum(line.startswith("erp-push") and "MappingError" in line for line in lines) == 2
    assert lines[-1] == "2 x MappingError: assetId 7 has no value [in] the mapping"


def test_pipeline_that_cannot_be_asked_does_not_hide_the_others(run: Any, broker: Broker) -> None:
    broker.bury(ERP_PUSH, "a")
    broker.subscriber.delete_subscription(request={"subscription": subscription_path(NOTIFY.dead_letters)})
    code, report = run("list")
    assert (code, report["count"], list(report["errors"])) == (3, 1, ["notify"])


def test_no_dead_letters_is_said_only_of_pipelines_that_answered(ops: Ops, broker: Broker) -> None:
    assert ops("dead-letters", "list", "--pipeline", "notify").stdout == "no dead letters\n"
    broker.subscriber.delete_subscription(request={"subscription": subscription_path(NOTIFY.dead_letters)})
    result = ops("dead-letters", "list", "--pipeline", "notify")
    assert (result.exit_code, result.stdout, "notify" in result.stderr) == (3, "", True)


def test_other_prefix_is_another_installation(broker: Broker, ops: Ops) -> None:
    result = ops("--prefix", "other-", "dead-letters", "list", "--pipeline", "notify")
    assert result.exit_code == 3
    assert "other-notify-dead" in result.stderr


def test_discard_takes_one_letter_and_says_what_it_was(run: Any, broker: Broker) -> None:
    broker.bury(ERP_PUSH, "a", "b")
    poison = next(each["message_id"] for each in run("list")[1]["letters"] if each["event_id"] == "a")
    code, report = run("discard", "--pipeline", "erp-push", "--message-id", poison)
    assert (code, report["discarded"]["payload"]) == (0, "a")
    assert run("discard", "--pipeline", "erp-push", "--message-id", poison)[0] == 1
    assert [each["event_id"] for each in run("list")[1]["letters"]] == ["b"]
    assert broker.waiting("erp-push") == []
