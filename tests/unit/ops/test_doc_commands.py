"""What the documents tell people to type: every command is understood by what it calls, and every name in it exists."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from ops.__main__ import app
from ops.config import secret_names
from shared.config.names import ledger_secret
from shared.config.whole import load_config
from shared.topics import PIPELINES, TOPICS
from shared.warehouse.tables import TABLES, VIEWS
from tests.unit.ops.conftest import Ops
from tests.unit.ops.documents import ROOT, Command, commands, documents, simple_commands, statements

COMMANDS = commands()
MAKEFILE = (ROOT / "Makefile").read_text()
OUTPUTS = set(re.findall(r'^output "(\w+)"', (ROOT / "terraform" / "outputs.tf").read_text(), re.M))
FUNCTIONS = {path.parent.name for path in (ROOT / "functions").glob("*/main.py")}
CONFIG = load_config(ROOT / "config")
SECRETS = {name for site in CONFIG.sites.values() for name in [*secret_names(site), ledger_secret(site.id)]}
# What stands for a value of the reader's, where its form is checked.
PLACEHOLDERS = {"ID": "1", "$@": ""}
# Programs that everybody has or installs first; what they are given is the shell's to check.
OTHERS = {
    *("bq", "cd", "checkov", "curl", "echo", "git", "jq", "less", "openssl", "printf", "read", "rm", "sort"),
    *("uniq", "bash", "$EDITOR", "}"),
}


class Understood(Exception):
    """A parser came to the end of the words and found nothing wrong."""


def _calls(*programs: str) -> list[Command]:
    found = [command for command in COMMANDS if command.words[0] in programs]
    assert found, programs
    return found


def _module_calls(module: str) -> list[tuple[Command, list[str]]]:
    """The calls of `python -m MODULE`, and the words after it."""
    found = []
    for command in COMMANDS:
        program, *rest = command.words
        if program.endswith("python") and rest[:2] == ["-m", module]:
            found.append((command, rest[2:]))
    return found


def _ops_calls() -> list[tuple[Command, list[str]]]:
    direct = [(command, list(command.words[1:])) for command in COMMANDS if command.words[0] == "ops"]
    found = direct + _module_calls("ops")
    return [(command, [PLACEHOLDERS.get(word, word) for word in words]) for command, words in found]


def test_commands_of_a_block_are_taken_apart_as_a_shell_does() -> None:
    block = (
        'read -rs KEY && printf %s "$KEY" | gcloud add x --data-file=- >/tmp/x  # comment\nexport A=1 B=$(jq -r .a b)\n'
    )
    assert list(simple_commands(block)) == [
        ("read", "-rs", "KEY"),
        ("printf", "%s", "$KEY"),
        ("gcloud", "add", "x", "--data-file=-"),
        ("jq", "-r", ".a", "b"),
    ]
    assert list(statements("a 'b\nc' \\\n  d\ne\n")) == ["a 'b\nc'   d", "e"]


def test_every_document_and_verb_is_among_the_commands() -> None:
    assert {command.document for command in COMMANDS} >= {
        *("README.md", "CONTRIBUTING.md", "terraform/README.md", "docs/configuration.md", "docs/deploy.md"),
        *("docs/runbook.md", "docs/start.md", "docs/subscriptions.md", "local/maintainx/README.md"),
    }
    assert sum(command.whole for command in COMMANDS) > 150
    used = {" ".join(word for word in words[:2] if not word.startswith("-")) for _, words in _ops_calls()}
    assert used >= {
        *(
            "config check",
            "conflicts list",
            "conflicts show",
            "conflicts resolve",
            "dead-letters list",
            "link",
            "smoke",
        ),
        *("dead-letters replay", "dead-letters discard", "events", "subscriptions apply", "subscriptions verify"),
    }


def test_every_block_is_shell(subtests: pytest.Subtests) -> None:
    for document in documents():
        with subtests.test(document=document.name):
            script = "\n".join(document.shell_blocks)
            run = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, timeout=30)
            assert run.returncode == 0, run.stderr


def test_no_program_is_unknown() -> None:
    known = OTHERS | {"ops", "make", "gcloud", "terraform", "python", ".venv/bin/python"}
    for command in COMMANDS:
        program = command.words[0]
        assert program in known or program.startswith("scripts/"), str(command)


def test_ops_understands_every_command_shown(subtests: pytest.Subtests) -> None:
    for command, words in _ops_calls():
        with subtests.test(command=str(command)):
            _check_ops(words, whole=command.whole)


def _check_ops(words: list[str], *, whole: bool) -> None:
    """Unknown verbs and options are refused, and in a whole command also missing and impossible values."""
    group: Any = typer.main.get_command(app)
    rest = [word for word in words if word]
    while rest and hasattr(group, "resolve_command"):
        _, group, rest = group.resolve_command(group.make_context("ops", list(rest), resilient_parsing=True), rest)
    if hasattr(group, "resolve_command"):
        assert not whole or words == [""], "a group alone"  # but not in a function of the shell that passes words on
        return
    options = {name for parameter in group.params for name in [*parameter.opts, *parameter.secondary_opts]}
    assert {word.partition("=")[0] for word in rest if re.match(r"--?[a-z]", word)} <= options
    if whole:
        context = group.make_context("ops", list(rest))
        named = context.params.get("pipeline") or []
        assert {named} <= set(PIPELINES) if isinstance(named, str) else set(named) <= set(PIPELINES)
        sites = context.params.get("site") or []
        assert ({sites} if isinstance(sites, str) else set(sites)) <= {*CONFIG.sites, "SITE"}


def test_every_make_target_and_its_arguments_are_known(subtests: pytest.Subtests) -> None:
    targets = set(re.findall(r"^([a-z]+):", MAKEFILE, re.M))
    for command in _calls("make"):
        with subtests.test(command=str(command)):
            given = dict(word.split("=", 1) for word in command.words[1:] if "=" in word)
            named = [word for word in command.words[1:] if "=" not in word]
            assert set(named) <= targets
            assert set(given) <= {"ARGS", "CLOCK", "PYTHON", "VENV"}
            for target in named:
                _check_arguments(target, given.get("ARGS", "").split())


def _check_arguments(target: str, words: list[str]) -> None:
    if target == "run":
        local: Any = importlib.import_module("local.__main__")
        typer.main.get_command(local.app).make_context("local", ["history.csv" if w == "FILE" else w for w in words])
    elif target == "bench":
        _check_argparse("bench", words)
    elif target == "test":
        paths = [word for word in words if "/" in word]
        assert all((ROOT / path).exists() for path in paths)
    else:
        assert not words


def test_modules_that_are_run_know_their_options(subtests: pytest.Subtests) -> None:
    seen = set()
    for command in COMMANDS:
        words = list(command.words)
        if not words[0].endswith("python") or words[1:2] != ["-m"] or words[2] in {"ops", "local"}:
            continue
        seen.add(words[2])
        with subtests.test(command=str(command)):
            rest = [PLACEHOLDERS.get(word, word) for word in words[3:]]
            if words[2] == "venv":
                continue
            _check_argparse(words[2], rest)
    assert seen >= {"bench", "local.sap", "local.oracle", "local.maintainx", "local.erp"}


def _check_argparse(module: str, words: list[str]) -> None:
    """A program's own parser, stopped before the program begins to work."""
    parse: Callable[..., argparse.Namespace] = argparse.ArgumentParser.parse_args

    def stop(parser: argparse.ArgumentParser, _given: Any = None) -> None:
        parse(parser, words)
        raise Understood

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(argparse.ArgumentParser, "parse_args", stop)
        with pytest.raises(Understood):
            importlib.import_module(f"{module}.__main__").main()
    if module == "bench":
        assert all((ROOT / "bench" / f"{name}.py").is_file() for name in words)


def test_every_script_named_exists_and_is_shell() -> None:
    for document in documents():
        for name in re.findall(r"\bscripts/[\w-]+\.(?:sh|py)", document.text):
            assert (ROOT / name).is_file(), f"{document.name}: {name}"
    for path in (ROOT / "scripts").glob("*.sh"):
        subprocess.run(["bash", "-n", path], check=True, timeout=30)


def test_names_in_google_cloud_are_those_of_the_code() -> None:
    """Functions, pipelines, dead letters, topics and jobs begin with `mx-` in the documents."""
    jobs = re.findall(r"^    ([a-z-]+) += \{ function =", (ROOT / "terraform" / "scheduler.tf").read_text(), re.M)
    dead = {pipeline.dead_letters for pipeline in PIPELINES.values()}
    services = {name.replace("_", "-") for name in FUNCTIONS}
    known = {*services, *PIPELINES, *dead, *TOPICS, *(f"{job}-{site}" for job in jobs for site in CONFIG.sites)}
    known |= {f"{job}-" for job in jobs}  # followed by a variable or by <site>
    known |= {"", "bridge"}  # the prefix itself; the database
    assert len(jobs) >= 6
    for document in documents():
        for name in re.findall(r"\bmx-([a-z0-9-]*)", document.text):
            name = re.sub(r"-\d{5}-[a-z]{3}$", "", name)  # a revision of Cloud Run
            assert name in known, f"{document.name}: mx-{name}"


def test_secrets_functions_and_tables_named_in_commands_exist(subtests: pytest.Subtests) -> None:
    tables = {spec.name for spec in TABLES} | {name for name, _ in VIEWS}
    for command in _calls("gcloud", "bq"):
        with subtests.test(command=str(command)):
            text = " ".join(command.words)
            if command.words[:4] == ("gcloud", "secrets", "versions", "add"):
                assert command.words[4] in SECRETS
            assert set(re.findall(r"--secret=([\w-]+)", text)) <= SECRETS
            assert set(re.findall(r'jsonPayload\.function="(\w+)"', text)) <= FUNCTIONS
            assert set(re.findall(r"\bmx_maintenance\.(\w+)", text)) <= tables


def test_gcloud_knows_its_commands_and_options(subtests: pytest.Subtests) -> None:
    """By the table that gcloud itself completes words from."""
    gcloud = shutil.which("gcloud")
    table = gcloud and Path(gcloud).resolve().parents[1] / "data" / "cli" / "gcloud_completions.py"
    if not table or not table.is_file():
        pytest.skip("no Cloud SDK with its table of commands")
    spec = importlib.util.spec_from_file_location("gcloud_completions", table)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for command in _calls("gcloud"):
        if not command.whole:
            continue
        with subtests.test(command=str(command)):
            node, flags, words = module.STATIC_COMPLETION_CLI_TREE, set(), list(command.words[1:])
            while words and words[0] in node["commands"]:
                node = node["commands"][words.pop(0)]
                flags |= set(node["flags"])
            flags |= set(module.STATIC_COMPLETION_CLI_TREE["flags"])
            assert not node["commands"], f"{words[0]} is none of {sorted(node['commands'])}"
            given = {word.partition("=")[0] for word in words if word.startswith("--")}
            assert given <= flags, given - flags


def test_terraform_is_asked_for_what_there_is(subtests: pytest.Subtests) -> None:
    resources = "".join(path.read_text() for path in (ROOT / "terraform").glob("*.tf"))
    verbs = {"apply", "fmt", "import", "init", "output", "plan", "providers", "test"}
    for command in _calls("terraform"):
        with subtests.test(command=str(command)):
            words = [word for word in command.words[1:] if not word.startswith("-")]
            assert set(words[:1]) <= verbs
            if words[:1] == ["output"]:
                assert set(words[1:]) <= OUTPUTS
            if words[:1] == ["import"]:
                kind, name = re.match(r"(\w+)\.(\w+)", words[1]).groups()  # type: ignore[union-attr]
                assert f'resource "{kind}" "{name}"' in resources
            for file in re.findall(r"-var-file=(\S+)", " ".join(command.words)):
                assert (ROOT / "terraform" / file).is_file()


def test_outputs_named_in_the_documents_exist() -> None:
    for document in documents():
        shown = {name for block in document.shell_blocks for name in re.findall(r"\.(\w+)\.value\b", block)}
        named = set(re.findall(r"output `(\w+)`", document.prose))
        assert shown | named <= OUTPUTS, document.name


def test_links_and_their_anchors_lead_somewhere(subtests: pytest.Subtests) -> None:
    everything = {(ROOT / document.name).resolve(): document for document in documents()}
    for document in documents():
        with subtests.test(document=document.name):
            for target in document.links:
                file, _, anchor = target.partition("#")
                path = (document.folder / file).resolve() if file else (ROOT / document.name).resolve()
                assert path.exists(), target
                assert not anchor or anchor in everything[path].anchors, target


def test_paths_named_in_the_documents_exist() -> None:
    """In backticks, with a folder of the checkout first. Placeholders are in capitals."""
    folders = "config|docs|functions|local|ops|scripts|shared|terraform|tests|bench"
    for document in documents():
        for path in document.inline:
            if not re.fullmatch(rf"(?:{folders})/[\w./-]*", path) or re.search(r"[A-Z]{3}|\.terraform", path):
                continue
            assert (ROOT / path).exists(), f"{document.name}: {path}"


# Run here: what needs no cloud.


def test_check_of_the_shipped_configuration_ends_as_the_documents_say(ops: Ops) -> None:
    assert any(words == ["config", "check"] for _, words in _ops_calls())
    result = ops("config", "check", "--config", ROOT / "config")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1].endswith("no faults")


def test_make_help_lists_what_the_readme_names() -> None:
    run = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert run.returncode == 0
    listed = set(re.findall(r"^  make (\w+)", run.stdout, re.M))
    assert listed >= {word for command in _calls("make") for word in command.words[1:2] if "=" not in word} - {"help"}


def test_jq_reads_what_the_documents_have_it_read(tmp_path: Path) -> None:
    if shutil.which("jq") is None:
        pytest.skip("no jq on PATH")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "outputs.json").write_text(
        '{"webhook_url": {"value": "https://x"}, "secret_commands": {"value": {"a": "gcloud a", "b": "gcloud b"}}}'
    )
    line = '{"site": "plant-north", "resource_id": "12345678", "time": "2026-11-30T19:26:24Z", "outcome": "done"}'
    answers = {}
    for command in _calls("jq"):
        if command.whole:
            run = subprocess.run(
                command.words, cwd=tmp_path, input=f"no JSON\n{line}\n", capture_output=True, text=True, timeout=30
            )
            assert run.returncode == 0, f"{command}: {run.stderr}"
            answers[command.document, command.words[2]] = run.stdout
    assert answers["docs/deploy.md", ".webhook_url.value"] == "https://x\n"
    assert answers["docs/deploy.md", ".secret_commands.value[]"] == "gcloud a\ngcloud b\n"
    assert all(answers.values())


def test_yaml_shown_is_yaml() -> None:
    for document in documents():
        for block in re.findall(r"^```yaml\n(.*?)^```", document.text, re.M | re.S):
            assert yaml.safe_load(block), document.name
