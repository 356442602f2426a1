"""`ops subscriptions`: MaintainX's webhook subscriptions as sites.yaml wants them."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from ops.environment import DEFAULT_CONFIG, ConfigFolder
from ops.exits import OK, WRONG, exit_code, one_line_errors
from ops.output import AsJson, complain, note, print_json, print_table, say
from shared.errors import BridgeError, ConfigError
from shared.events import format_utc
from shared.maintainx.subscriptions.keeper import GRACE, PATIENCE, SETTLE, Keeper
from shared.maintainx.subscriptions.model import Step
from shared.maintainx.subscriptions.work import Report

app = typer.Typer(
    no_args_is_help=True,
    help="Plan, apply, rotate and verify webhook subscriptions.",
    rich_markup_mode="markdown",
)

Sites = Annotated[list[str] | None, typer.Option("--site", help="Only this site. May be repeated.", show_default=False)]
OneSite = Annotated[str, typer.Option("--site", help="The site.")]
Id = Annotated[int, typer.Argument(help="Id of the subscription in MaintainX.", metavar="ID")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would be done first.")]
Settle = Annotated[
    float,
    typer.Option(min=0, help="Seconds from storing a secret until webhook_ingress is asked whether it knows it."),
]
Grace = Annotated[float, typer.Option(min=0, help="Seconds that a predecessor is left beside its successor.")]
Wait = Annotated[
    bool, typer.Option("--wait", help="Stay until predecessors and their secrets are gone, --grace and 5 minutes.")
]

Rotated = Callable[[Keeper], Collection[str]]
"""The types of a site that are to get a new secret."""

_SETTLE_S, _GRACE_S = SETTLE.total_seconds(), GRACE.total_seconds()
_PLAN_COLUMNS = ("site", "action", "type", "id", "not_before", "reason")
_DONE_COLUMNS = ("site", "action", "type", "id", "reason", "error")


@app.command()
@one_line_errors
def plan(
    site: Sites = None,
    check: Annotated[bool, typer.Option("--check", help="Exit with 1 if there is something to do.")] = False,
    config: ConfigFolder = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Show what `apply` would do. Changes nothing.

    Actions: **create**; **replace** (type, filters or options changed, which cannot be patched); **heal** (MaintainX
    deleted it); **repoint** (patch the URL); **remove**; **keep**; and the steps of what is under way.
    """
    _preview(config, site, lambda _keeper: (), check=check, as_json=as_json)


@app.command()
@one_line_errors
def apply(
    site: Sites = None,
    dry_run: DryRun = False,
    wait: Wait = False,
    settle: Settle = _SETTLE_S,
    grace: Grace = _GRACE_S,
    config: ConfigFolder = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Make MaintainX's subscriptions as sites.yaml wants them. A second time does nothing.

    A new one points to a parked address until its secret is stored and webhook_ingress accepts it. May be interrupted:
    the next `apply` goes on. Exits with 1 if a step failed or a new one is not in use yet.
    """
    if dry_run:
        _preview(config, site, lambda _keeper: (), as_json=as_json)
    _work(config, site, lambda _keeper: (), wait=wait, settle_s=settle, grace_s=grace, as_json=as_json)


@app.command()
@one_line_errors
def rotate(
    site: Sites = None,
    type_: Annotated[
        list[str] | None, typer.Option("--type", help="Only this type. May be repeated.", show_default=False)
    ] = None,
    dry_run: DryRun = False,
    wait: Wait = False,
    settle: Settle = _SETTLE_S,
    grace: Grace = _GRACE_S,
    config: ConfigFolder = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Replace subscriptions by new ones with new secrets, without a delivery being refused.

    Both are accepted until the old one is deleted, --grace after the new one took over: by this verb with --wait, else
    by the next `apply`, `rotate` or healing run of the function `health`. A rotation that is under way is carried on,
    not begun again.
    """
    if dry_run:
        _preview(config, site, lambda keeper: _types(keeper, type_), as_json=as_json)
    _work(
        config, site, lambda keeper: _types(keeper, type_), wait=wait, settle_s=settle, grace_s=grace, as_json=as_json
    )


@app.command()
@one_line_errors
def verify(site: Sites = None, config: ConfigFolder = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Check each subscription: it exists, is VALID, points to us, its secret is stored and webhook_ingress accepts it.

    Asks MaintainX twice a subscription, and webhook_ingress by deliveries to the parked address, which keeps nothing.
    Exits with 1 if something is wrong.
    """

    def ask(keeper: Keeper) -> list[dict[str, Any]]:
        found = keeper.verify(compare_secrets=True)
        return [{"type": item.type, "id": item.id, "problem": item.problem} for item in found]

    answers = _each_site(config, site, ask)
    rows = [{"site": answer.site, **row} for answer in answers for row in answer.rows]
    if as_json:
        print_json({"findings": rows, "errors": _errors(answers)})
    elif rows:
        print_table(("site", "type", "id", "problem"), rows)
    elif not _errors(answers):
        say(f"{len(answers)} site(s): all subscriptions are as they should be")
    _exit(answers, wrong=bool(rows))


@app.command("import")
@one_line_errors
def import_(subscription_id: Id, site: OneSite, config: ConfigFolder = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Adopt a subscription that was made by hand; `apply` then stores its secret and points it here.

    MaintainX does not tell filters and options: it is taken to have those of sites.yaml. If it has others, delete it
    instead and let `apply` make a new one.
    """
    entry = _keeper(config, site).adopt(subscription_id)
    if as_json:
        print_json({"site": site, "id": entry.id, "type": entry.type, "state": entry.state})
    else:
        say(f"{site}: {entry.type} {entry.id} is remembered ({entry.state}); now run `ops subscriptions apply`")


@app.command()
@one_line_errors
def forget(subscription_id: Id, site: OneSite, config: ConfigFolder = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Remember a subscription no longer, and leave it and its secret as they are. Exits with 1 if it was not known."""
    known = _keeper(config, site).forget(subscription_id)
    if as_json:
        print_json({"site": site, "id": subscription_id, "forgotten": known})
    else:
        say(f"{site}: {subscription_id} {'is forgotten' if known else 'was not remembered'}")
    raise typer.Exit(OK if known else WRONG)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What became of one site: rows to show, or why there are none."""

    site: str
    rows: list[dict[str, Any]]
    error: BridgeError | None = None


def _preview(
    config: Path, sites: list[str] | None, rotated: Rotated, *, check: bool = False, as_json: bool
) -> NoReturn:
    answers = _each_site(config, sites, lambda keeper: _shown(keeper.preview(rotated(keeper))))
    rows = [{"site": answer.site, **row} for answer in answers for row in answer.rows]
    if as_json:
        print_json({"steps": rows, "errors": _errors(answers)})
    elif rows:
        print_table(_PLAN_COLUMNS, rows)
    elif not _errors(answers):
        say("no subscription is wanted, and none is remembered")
    _exit(answers, wrong=check and any(row["action"] != "keep" for row in rows))


def _work(
    config: Path,
    sites: list[str] | None,
    rotated: Rotated,
    *,
    wait: bool,
    settle_s: float,
    grace_s: float,
    as_json: bool,
) -> NoReturn:
    settle, grace = timedelta(seconds=settle_s), timedelta(seconds=grace_s)
    patience = settle + PATIENCE + (grace + timedelta(minutes=6) if wait else timedelta())
    reports: dict[str, Report] = {}

    def run(keeper: Keeper) -> list[dict[str, Any]]:
        types = rotated(keeper)
        note(f"{keeper.site}: working; new subscriptions need {settle_s:.0f} s to settle")
        report = keeper.run_on(rotate=types, patience=patience)
        reports[keeper.site] = report
        return [
            {"action": _action(item.verb, item.reason), "type": item.type, "id": item.id}
            | {"reason": item.reason, "error": item.error or None}
            for item in report.done
        ]

    answers = _each_site(config, sites, run, settle=settle, grace=grace)
    rows = [{"site": answer.site, **row} for answer in answers for row in answer.rows]
    waiting = [{"site": name, **row} for name, report in reports.items() for row in _shown(report.waiting)]
    if as_json:
        print_json({"done": rows, "waiting": waiting, "errors": _errors(answers)})
    else:
        _say_done(rows, waiting, failed=any(answer.error for answer in answers))
    stuck = any(row["action"] == "activate" for row in waiting)
    if stuck:
        complain("webhook_ingress does not accept a new secret yet: the old subscription stays in use; run apply again")
    _exit(answers, wrong=stuck or any(row["error"] for row in rows))


def _say_done(rows: list[dict[str, Any]], waiting: list[dict[str, Any]], *, failed: bool) -> None:
    if rows:
        print_table(_DONE_COLUMNS, rows)
    elif not failed:  # a site that could not be asked may have something to do
        say("nothing to do")
    for row in waiting:
        when = f"not before {row['not_before']}" if row["not_before"] else "next time"
        say(f"{row['site']}: left for later: {row['action']} {row['type']} {row['id']}, {when}")


def _types(keeper: Keeper, types: Iterable[str] | None) -> set[str]:
    """The types to rotate: those named, all if none is. ConfigError for one that the site does not want."""
    known = {item.type for item in keeper.wanted}
    if unknown := set(types or ()) - known:
        raise ConfigError(f"site {keeper.site} wants no subscription {', '.join(sorted(unknown))}")
    return set(types or known)


def _shown(steps: Iterable[Step]) -> list[dict[str, Any]]:
    return [
        {"action": _action(step.verb, step.reason), "type": step.type, "id": step.id}
        | {"not_before": _moment(step.due_at_utc), "reason": step.reason}
        for step in steps
    ]


def _action(verb: str, reason: str) -> str:
    """What it is to an operator: a `create` is a replacement if that is its reason, a `delete` a removal."""
    kind, colon, _ = reason.partition(":")
    return kind if colon and kind in _KINDS else verb


_KINDS = frozenset({"create", "heal", "replace", "rotate", "remove"})


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else format_utc(moment)


def _keeper(folder: Path, site: str, **timing: timedelta) -> Keeper:
    from shared.bootstrap import subscription_keeper

    os.environ["CONFIG_DIR"] = str(folder)
    return subscription_keeper(site, **timing)


def _each_site(
    folder: Path, sites: list[str] | None, ask: Callable[[Keeper], list[dict[str, Any]]], **timing: timedelta
) -> list[_Answer]:
    """All sites at the same time, since most of it is waiting; one that fails does not hide the others."""
    from shared.config.whole import get_config

    os.environ["CONFIG_DIR"] = str(folder)
    names = list(dict.fromkeys(sites or get_config().sites))

    def answer(name: str) -> _Answer:
        try:
            return _Answer(name, ask(_keeper(folder, name, **timing)))
        except BridgeError as error:
            return _Answer(name, [], error)

    with ThreadPoolExecutor(len(names)) as threads:
        return list(threads.map(answer, names))


def _errors(answers: list[_Answer]) -> dict[str, str]:
    return {item.site: f"{type(item.error).__name__}: {item.error}" for item in answers if item.error}


def _exit(answers: list[_Answer], *, wrong: bool) -> NoReturn:
    for site, error in _errors(answers).items():
        complain(f"{site}: {error}")
    codes = [exit_code(item.error) for item in answers if item.error]
    raise typer.Exit(max(codes, default=WRONG if wrong else OK))
