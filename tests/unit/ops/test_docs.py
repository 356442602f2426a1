"""The documents for operators: what they tell people to run exists."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from ops.__main__ import app
from shared import errors
from shared.topics import PIPELINES

ROOT = Path(__file__).resolve().parents[3]
DOCS = ("deploy.md", "runbook.md")
TEXTS = {name: (ROOT / "docs" / name).read_text() for name in DOCS}


def shell_lines(text: str) -> Iterator[str]:
    """Lines of the shell blocks, continued ones joined, comments cut off."""
    for block in re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S):
        for line in re.sub(r"\\\n\s*", "", block).splitlines():
            yield re.sub(r"(^|\s{2,})#.*", "", line)


def ops_commands() -> list[list[str]]:
    """Every call of ops in the documents, as words after `ops`."""
    lines = [line for text in TEXTS.values() for line in shell_lines(text)]
    found = [match[1] for line in lines if (match := re.match(r"(?:\.venv/bin/python -m )?ops ([^|]+)", line))]
    return [shlex.split(command) for command in found]


COMMANDS = ops_commands()


def test_the_documents_use_every_verb() -> None:
    used = {" ".join(word for word in words[:2] if not word.startswith("-")) for words in COMMANDS}
    assert used >= {"config check", "dead-letters list", "dead-letters replay", "events", "smoke"}


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_ops_understands_every_command_shown(words: list[str]) -> None:
    command: Any = typer.main.get_command(app)
    rest = list(words)
    while hasattr(command, "resolve_command"):
        _, command, rest = command.resolve_command(command.make_context("ops", rest, resilient_parsing=True), rest)
    context = command.make_context(" ".join(words), rest)  # refuses unknown options and values that cannot be
    named = context.params.get("pipeline") or []
    assert {named} <= set(PIPELINES) if isinstance(named, str) else set(named) <= set(PIPELINES)


def test_existing_orders_are_linked_before_webhooks_come() -> None:
    text = TEXTS["deploy.md"]
    assert text.index("take the route `work orders to the ERP` out") < text.index("scripts/terraform-apply.sh")
    assert text.index("ops link plant-north") < text.index("ops subscriptions apply")
    assert "ops link" in (ROOT / "README.md").read_text().partition("## Deploy and operate")[2]


def test_every_script_shown_exists() -> None:
    for name, text in TEXTS.items():
        for path in re.findall(r"scripts/[\w-]+\.sh", text):
            assert (ROOT / path).is_file(), f"{name}: {path}"


def test_every_make_target_shown_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
    for text in TEXTS.values():
        assert {match for line in shell_lines(text) for match in re.findall(r"^make ([a-z]+)", line)} <= targets


@pytest.mark.parametrize("name", DOCS)
def test_links_within_the_documents_lead_somewhere(name: str) -> None:
    def anchors(text: str) -> set[str]:
        headings = re.findall(r"^#+ (.+)$", text, re.M)
        return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}

    for target in re.findall(r"\]\(([^)]+)\)", TEXTS[name]):
        file, _, anchor = target.partition("#")
        text = TEXTS[name] if not file else (ROOT / "docs" / file).read_text()
        assert not anchor or anchor in anchors(text), target


def test_runbook_explains_every_error_that_can_kill_a_message() -> None:
    concrete = {
        name
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.BridgeError) and not name.endswith(("BridgeError",))
    }
    abstract = {"TransientError", "PermanentError"}
    # Ends as skipped; only kpi_compute meets it; ends as parked.
    elsewhere = {"RecordNotFound", "WarehouseUnavailable", "StatusNotPossible"}
    table = TEXTS["runbook.md"].partition("| error class |")[2].partition("###")[0]
    named = set(re.findall(r"`([A-Z]\w+)`", table))
    assert concrete - abstract - elsewhere <= named


def test_runbook_has_a_place_for_every_alert() -> None:
    text = (ROOT / "terraform" / "alerts.tf").read_text()
    alerts = set(re.findall(r"^\s+\"?([a-z][a-z-]+?)(?:-\$\{id\}\")?\s*(?:=>?)\s*\{\s*\n\s+display_name", text, re.M))
    assert len(alerts) >= 8
    table = TEXTS["runbook.md"].partition("| alert |")[2].partition("## ")[0]
    assert alerts <= set(re.findall(r"`([a-z-]+)`", table))
