"""Log lines: one JSON object each, in the form that Cloud Logging reads."""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import UTC, datetime

import pytest

from shared.logs import configure_logging, info_soon, log_context, trace_key
from shared.version import VERSION
from tests.unit.conftest import LogLines

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
log = logging.getLogger("some.module")


def test_line_has_severity_message_logger_function_and_extras(logged: LogLines) -> None:
    log.warning("refused: %s", "no", extra={"status": 401})
    (line,) = logged()
    assert (line["severity"], line["message"], line["logger"]) == ("WARNING", "refused: no", "some.module")
    assert (line["function"], line["status"]) == ("test", 401)


def test_time_is_that_of_the_line_in_utc_and_can_be_read_by_anyone(logged: LogLines) -> None:
    before = datetime.now(UTC)
    log.info("now")
    (line,) = logged()
    assert before <= datetime.fromisoformat(line["time"]) <= datetime.now(UTC)
    assert line["time"].endswith("+00:00")


def test_context_is_on_every_line_within_the_block_and_nests(logged: LogLines) -> None:
    with log_context(site="plant-1", event_id=""):
        log.info("outer")
        with log_context(event_id="e1"):
            log.info("inner")
    log.info("after")
    outer, inner, after = logged()
    assert (outer["site"], "event_id" in outer) == ("plant-1", False)
    assert (inner["site"], inner["event_id"]) == ("plant-1", "e1")
    assert "site" not in after


def test_context_ends_with_an_error_too(logged: LogLines) -> None:
    with pytest.raises(RuntimeError), log_context(site="plant-1"):
        raise RuntimeError
    log.info("after")
    assert "site" not in logged()[0]


def test_error_with_traceback_stays_one_line(logged: LogLines) -> None:
    try:
        raise RuntimeError("first\nsecond")
    except RuntimeError:
        log.exception("fault")
    (line,) = logged()
    assert line["severity"] == "ERROR"
    assert "RuntimeError: first\nsecond" in line["exc_info"]


def test_values_that_json_cannot_write_do_not_lose_the_line(logged: LogLines) -> None:
    log.info("odd", extra={"value": object(), "half": "\ud83d", "raw": b"\xff"})
    assert logged()[0]["message"] == "odd"


def test_line_that_is_written_soon_is_that_of_the_logger_and_in_order(logged: LogLines) -> None:
    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        with log_context(site="plant-1"):
            info_soon(log, "first", {"outcome": "accepted"}, loop)
            assert logged() == []
            info_soon(log, "second", {}, loop)
        log.warning("third")
        info_soon(log, "fourth", {}, loop)
        await asyncio.sleep(0)
        info_soon(log, "fifth", {}, loop)

    asyncio.run(scenario())
    lines = logged()
    assert [line["message"] for line in lines] == ["first", "second", "third", "fourth", "fifth"]
    log.info("first", extra={"outcome": "accepted", "site": "plant-1"})
    (usual,) = logged()
    assert {**lines[0], "time": ""} == {**usual, "time": ""}


def test_line_to_be_written_soon_is_written_before_the_process_ends(logged: LogLines) -> None:
    loop = asyncio.new_event_loop()
    info_soon(log, "last", {}, loop)
    loop.close()
    logging.getLogger().handlers[0].flush()  # as logging does at exit
    assert [line["message"] for line in logged()] == ["last"]


def test_level_holds_for_lines_that_are_written_soon(logged: LogLines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "warning")
    configure_logging("test")
    loop = asyncio.new_event_loop()
    info_soon(log, "hidden", {}, loop)
    loop.close()
    logging.getLogger().handlers[0].flush()
    assert logged() == []


def test_first_line_says_what_starts(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for commit in ("0123abc", None):
        if commit is None:
            monkeypatch.delenv("COMMIT", raising=False)
        else:
            monkeypatch.setenv("COMMIT", commit)
        configure_logging("notify")
        line = json.loads(capsys.readouterr().out)
        assert (line["function"], line["version"], line["commit"]) == ("notify", VERSION, commit or "unknown")
        assert (line["severity"], line["message"]) == ("INFO", f"notify starts, version {VERSION}")


def test_configuring_twice_does_not_write_twice(logged: LogLines) -> None:
    configure_logging("again")
    log.info("once")
    assert [line["function"] for line in logged()] == ["again"]


def test_level_comes_from_the_environment(logged: LogLines, monkeypatch: pytest.MonkeyPatch) -> None:
    log.debug("hidden")
    monkeypatch.setenv("LOG_LEVEL", "debug")
    configure_logging("test")
    log.debug("shown")
    assert [line["message"] for line in logged()] == ["shown"]


@pytest.mark.parametrize(
    ("traceparent", "cloud_trace"),
    [
        (f"00-{TRACE}-00f067aa0ba902b7-01", ""),
        (f"00-{TRACE}-00f067aa0ba902b7-01", "ffffffffffffffffffffffffffffffff/1;o=1"),
        ("", f"{TRACE}/12345;o=1"),
        ("", TRACE),
        ("garbage", f"{TRACE}/1"),
    ],
)
def test_trace_of_either_header_ties_lines_to_the_request(
    traceparent: str, cloud_trace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p1")
    assert trace_key(traceparent, cloud_trace) == {"logging.googleapis.com/trace": f"projects/p1/traces/{TRACE}"}


def test_odd_trace_header_is_no_trace(subtests: pytest.Subtests) -> None:
    cases: list[str] = ["", "00-short-1-01", "x" * 4000, f"{TRACE}x", f"00-{TRACE.upper()}-00f067aa-01"]
    for header in cases:
        with subtests.test(header=header):
            assert trace_key(header, header) == {}
