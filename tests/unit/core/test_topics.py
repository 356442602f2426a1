"""Topics and pipelines: names that Google accepts, nothing without dead letters, room for a second installation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from shared.outcomes import dead, done, retry, skipped
from shared.topics import PIPELINES, TOPICS, function_pipeline, subscription_path, topic_path

FUNCTIONS = Path(__file__).resolve().parents[3] / "functions"


def test_names_are_what_google_accepts(subtests: pytest.Subtests) -> None:
    for pipeline in PIPELINES.values():
        with subtests.test(pipeline=pipeline):
            for name in (pipeline.name, pipeline.dead_letters):
                assert re.fullmatch(r"[a-z][a-z0-9-]{2,200}", name)


def test_every_pipeline_reads_a_topic_and_has_dead_letters_of_its_own() -> None:
    dead_letters = [pipeline.dead_letters for pipeline in PIPELINES.values()]
    assert len(set(dead_letters)) == len(PIPELINES)
    assert not set(dead_letters) & set(TOPICS)
    assert {pipeline.topic for pipeline in PIPELINES.values()} == set(TOPICS)


def test_every_function_that_is_fed_by_push_exists() -> None:
    fed = {pipeline.target for pipeline in PIPELINES.values() if pipeline.consumer == "function"}
    assert fed <= {path.parent.name for path in FUNCTIONS.glob("*/main.py")}
    assert {function_pipeline(function).target for function in fed} == fed


def test_prefix_keeps_two_installations_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p1")
    monkeypatch.setenv("RESOURCE_PREFIX", "test-")
    assert topic_path("events") == "projects/p1/topics/test-events"
    assert subscription_path("event-router") == "projects/p1/subscriptions/test-event-router"
    monkeypatch.delenv("RESOURCE_PREFIX")
    assert topic_path("events") == "projects/p1/topics/events"


def test_outcomes_carry_reason_wish_and_details() -> None:
    assert (done("created", erp_id="7").kind, done("created", erp_id="7").detail) == ("done", {"erp_id": "7"})
    assert (skipped("unchanged").kind, skipped("unchanged").reason) == ("skipped", "unchanged")
    assert (retry("RateLimited", after_s=3.0).kind, retry("RateLimited", after_s=3.0).retry_after_s) == ("retry", 3.0)
    assert (dead("MappingError", error="no").kind, dead("MappingError", error="no").detail) == ("dead", {"error": "no"})
