"""Tables of the operator's verbs: on a terminal, however narrow, nothing is broken that one copies or types next."""

from __future__ import annotations

import ast
import fcntl
import hashlib
import importlib
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import ops.output
from ops.output import print_table

ROOT = Path(__file__).resolve().parents[3]
TODAY = "2026-12-01"
_HASHES = [hashlib.sha256(text).hexdigest() for text in (b"one", b"two")]
# What stands in each column: of a row that is as wide as rows get, and of a small one.
VALUES: dict[str, tuple[str, str]] = {
    "ERP": ("2026-12-24T08:00:00Z", "NEW"),
    "MaintainX": ("Replace the seals of pump 12 in hall 4 before the audit", "NONE"),
    "action": ("store_secret", "keep"),
    "as sent": ("Replace the seals of pump 12 in hall 4 b", "4"),
    "at": ("2026-11-30 19:26:24Z", f"{TODAY} 07:05:09Z"),
    "attempts": ("100", "1"),
    "because": ("no ERP record is known", "both sides are known"),
    "breaks": ("breaks", ""),
    "dead_since": ("2026-11-30T19:26:24.123Z", f"{TODAY}T07:05:09.456Z"),
    "decided": ("maintainx by anna.schmidt@example.com", ""),
    "detail": ("to_erp 40000003 shortText: 'Pump 12' -> 'Replace the seals of pump 12'", "webhook"),
    "erp": ("Replace the seals [of pump 12] in hall", "4"),
    "erp_id": ("000040000003", "40000044"),
    "erp_ids": ("40000003, 40000004, 40000005, 40000006, 40000007", "40000044"),
    "error": ("RemoteUnavailable: MaintainX did not answer POST /subscriptions in 20 s", ""),
    "error_class": ("DeliveryAttemptsExhausted", "MalformedEvent"),
    "event": (_HASHES[0][:12], _HASHES[1][:12]),
    "event_id": (_HASHES[0], _HASHES[1]),
    "fields": ("shortText to the ERP: 'Replace the seals'", "status parked"),
    "field": ("MaintenanceOrderPlanningPlant", "status"),
    "id": ("12345678", ""),
    "kind": ("maintainx_only", "link"),
    "last agreed": ("Replace the seals of pump 12", "NEW"),
    "maintainx": ("Replace the seals of pump 12 in hall 4 before the audit", "NONE"),
    "name": ("webhook WORK_ORDER_PART_QUANTITY_CHANGE", "GET /workorders"),
    "not_before": ("2026-12-02T19:36:24.000Z", ""),
    "organization_id": ("4242", "4343"),
    "pipeline": ("notify", "raw-events"),
    "problem": ("webhook_ingress refuses deliveries signed with its secret", "MaintainX has deleted it"),
    "query": ("12", "0"),
    "read": ("185", "7"),
    "reason": ("status_not_possible", "replace: other filters"),
    "record": ("12345678", "9000027"),
    "replays": ("3", "0"),
    "request": ("31", "0"),
    "resource_id": ("12345678", ""),
    "result": ("RecordBusy: plant-north 12345678 is being worked on", "linked"),
    "secrets": ("11", "10"),
    "since": ("2026-11-30T19:26:24.123Z", f"{TODAY}T07:05:09.456Z"),
    "site": ("plant-north", "plant-south"),
    "state": ("both sides changed it: the mapping's policy is manual, so a person decides", "in step"),
    "step": ("SetWorkOrderStatus", "UpdateErp"),
    "time_zone": ("America/Argentina/Buenos_Aires", "Europe/Berlin"),
    "type": ("WORK_ORDER_STATUS_CHANGE", "work_order.status_changed"),
    "value": ("4711", ""),
    "webhooks": ("6", "12"),
    "what": ("work_order.status_changed", "create"),
    "where": ("POST /workorders request", "GET /assets/{id} answer"),
    "work_order": ("12345678", "9000027"),
    "work_orders": ("9000027, 9000028, 9000029, 9000030, 9000031", "9000044"),
}
# Where a column of one list holds what the same column of another does not.
VALUES |= {
    "config.erp": ("oracle (oracle-maintenance)", "rest (rest-example)"),
    "config.id": ("plant-north", "plant-south"),
    "contract.field": ("assets[].customStatus.downtimeType", "priority"),
    "contract.what": ("is gone, or another type: enum PLANNED|UNPLANNED|NONE", "new"),
    "dead_letters.type": ("work_order.status_changed", "work_order.created"),
    "events.detail": ("to_erp 000040000003", "webhook"),
    "events.kind": ("event", "audit"),
    "link.detail": ("work order 9000027 is linked to the ERP record 40000003 already", ""),
    "subscriptions.reason": (
        "the secret was stored at 19:26:09; webhook_ingress is asked from 19:26:24 on",
        "as wanted",
    ),
    "subscriptions.type": ("WORK_ORDER_STATUS_CHANGE", "NEW_WORK_ORDER"),
    "trace.kind": ("dead letter", "audit"),
}


@dataclass(frozen=True)
class Listing:
    """A list that a verb prints: its columns, and two rows of it."""

    name: str
    columns: tuple[str, ...]

    @property
    def rows(self) -> list[dict[str, str]]:
        module = self.name.partition(":")[0]
        values = [VALUES.get(f"{module}.{column}") or VALUES[column] for column in self.columns]
        return [dict(zip(self.columns, row, strict=True)) for row in zip(*values, strict=True)]


def listings() -> Iterator[Listing]:
    """Every call of print_table in ops/, by module and line."""
    for path in sorted((ROOT / "ops").glob("*.py")):
        module = importlib.import_module(f"ops.{path.stem}") if path.stem != "__main__" else None
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print_table":
                names = eval(ast.unparse(node.args[0]), {**vars(module), "apply": True})  # noqa: S307  # our own source
                yield Listing(f"{path.stem}:{node.lineno}", tuple(names))


LISTINGS = list(listings())


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ops.output, "today_utc", lambda: TODAY)


@pytest.fixture
def shown(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shown:
    return Shown(capsys, monkeypatch)


@dataclass
class Shown:
    """What print_table prints on a terminal so wide, or (None) elsewhere."""

    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch

    def lines(self, width: int | None, columns: tuple[str, ...], rows: list[dict[str, str]]) -> list[str]:
        self.monkeypatch.setattr(ops.output, "terminal_width", lambda: width)
        print_table(columns, rows)
        return [line.rstrip() for line in self.capsys.readouterr().out.splitlines()]


def _short(text: str) -> str:
    """How a value of the table above is to be read on a terminal."""
    if text.startswith(TODAY):
        return text[11:19]
    return text.replace("T", " ")[:16] if text.startswith("2026-1") and text.endswith("Z") else text


def test_every_list_is_found() -> None:
    assert {listing.name.partition(":")[0] for listing in LISTINGS} == {
        *(
            "config",
            "conflicts",
            "contract",
            "dead_letters",
            "drift",
            "events",
            "link",
            "plan",
            "subscriptions",
            "trace",
        )
    }
    assert len(LISTINGS) >= 12


def test_nothing_is_broken_on_a_narrow_terminal(shown: Shown, subtests: pytest.Subtests) -> None:
    for listing in LISTINGS:
        for width in (60, 80, 100, 120, 160, 200):
            with subtests.test(list=listing.name, columns=width):
                lines = shown.lines(width, listing.columns, listing.rows)
                words = {word for line in lines for word in line.split()}
                for name, text in ((name, text) for row in listing.rows for name, text in row.items()):
                    if name in ops.output.FREE_TEXT:
                        assert set(text.split()) <= words, name
                    else:
                        assert any(_short(text) in line for line in lines), f"{name}: {text} is broken"
                too_wide = [line for line in lines if len(line) > width]
                assert all(any(hash_ in line for hash_ in _HASHES) for line in too_wide), too_wide
                if width >= 80:
                    assert not too_wide


def test_elsewhere_a_row_is_one_line_with_the_whole_time(shown: Shown) -> None:
    for listing in LISTINGS:
        head, *rows = shown.lines(None, listing.columns, listing.rows)
        assert len(rows) == len(listing.rows), listing.name
        assert not head.endswith("UTC")
        for row, line in zip(listing.rows, rows, strict=True):
            assert all(text in line for text in row.values()), listing.name


def test_what_fits_is_a_table_and_what_does_not_is_a_block_a_record(shown: Shown) -> None:
    columns = ("site", "dead_since", "id", "reason")
    rows = [
        {"site": "plant-north", "dead_since": f"{TODAY}T07:05:09.456Z", "id": "4711", "reason": "the ERP is [down]"},
        {"site": "plant-south", "dead_since": "2026-11-30T19:26:24.123Z", "id": "", "reason": ""},
    ]
    assert shown.lines(64, columns, rows) == [
        "site         dead since UTC    id    reason",
        "plant-north  07:05:09          4711  the ERP is [down]",
        "plant-south  2026-11-30 19:26",
    ]
    assert shown.lines(40, columns, rows) == [
        "site            plant-north",
        "dead since UTC  07:05:09",
        "id              4711",
        "reason          the ERP is [down]",
        "",
        "site            plant-south",
        "dead since UTC  2026-11-30 19:26",
    ]


def test_free_text_is_wrapped_between_words_and_never_changed(shown: Shown) -> None:
    rows = [{"id": "4711", "erp": "2026-12-24T08:00:00Z", "reason": "the ERP of plant-north refuses it"}]
    assert shown.lines(46, ("id", "erp", "reason"), rows) == [
        "id    erp                   reason",
        "4711  2026-12-24T08:00:00Z  the ERP of",
        "                            plant-north",
        "                            refuses it",
    ]
    assert shown.lines(30, ("id", "reason"), rows) == [
        "id    reason",
        "4711  the ERP of plant-north",
        "      refuses it",
    ]


def test_columns_that_no_row_fills_are_left_out_on_a_terminal_alone(shown: Shown) -> None:
    rows = [{"id": "4711", "reason": ""}]
    assert shown.lines(80, ("id", "reason"), rows) == ["id", "4711"]
    assert shown.lines(None, ("id", "reason"), rows) == ["id    reason", "4711"]


def test_width_is_that_of_a_real_terminal() -> None:
    """The shipped configuration on 60 columns: its table is too wide for it, so each site is a block."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "CONFIG_DIR"}}
    environment |= {"TERM": "dumb"}
    command = [sys.executable, "-m", "ops", "config", "check"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdin=follower, stdout=follower, stderr=follower) as run:
        os.close(follower)
        output = b""
        try:
            while chunk := os.read(leader, 4096):
                output += chunk
        except OSError:  # Linux: the other end is closed
            pass
        finally:
            os.close(leader)
        assert run.wait(60) == 0
    lines = output.decode().replace("\r", "").splitlines()
    assert [line.split() for line in lines[:3]] == [
        ["id", "plant-north"],
        ["time", "zone", "Europe/Berlin"],
        ["organization", "id", "4242"],
    ]


def test_json_keeps_the_whole_time(capsys: pytest.CaptureFixture[str]) -> None:
    ops.output.print_json({"at": f"{TODAY}T07:05:09.456Z"})
    assert json.loads(capsys.readouterr().out) == {"at": f"{TODAY}T07:05:09.456Z"}
