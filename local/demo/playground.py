"""What `--keep` leaves: a running bundle to play with, an environment for `ops`, and a tour of five commands."""

from __future__ import annotations

import json
import shlex
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from local import loopback
from local.environment import proxies_in
from local.maintainx.control_client import SimControl
from local.pubsub.delivery.oidc import TokenIssuer, key_from_file
from local.scheduler import Scheduler
from local.schedules import jobs
from local.stack import PROJECT, ROOT, Stack

ENVIRONMENT_FILE = "operator.env"
PLAYGROUND_FILE = "playground.json"
_CHECK_EVERY_S = 2.0
_TOUR = (
    ("ops trace {site} {work_order}", "the story of one work order, and both sides as they are now"),
    ("play conflict", "a planner and a technician change one text: ops conflicts list"),
    ("play lose-webhook", "nobody is told of a change; catch_up finds it within three minutes"),
    ("play erp-down", "then change something; ops dead-letters list; play erp-up"),
    ("ops smoke --url $INGRESS_URL", "one signed event a plant through the whole bundle"),
)


def write_operator_environment(stack: Stack) -> Path:
    """Write what a shell needs for `ops` and `play` on this stack: to be sourced. Returns the file."""
    python = shlex.quote(sys.executable)
    lines = ["# Source this: it points ops and play of this shell at the bundle that runs here."]
    if proxies := proxies_in(stack.shell):
        lines.append(f"unset {' '.join(proxies)}")
    settings = {
        **stack.operator_environment(),
        "LOGS_DIR": str(stack.folder / "logs"),
        "INGRESS_URL": stack.url("webhook_ingress"),
        "PLAYGROUND": str(stack.folder / PLAYGROUND_FILE),
    }
    lines += [f"export {name}={shlex.quote(value)}" for name, value in settings.items()]
    for name, module in (("ops", "ops"), ("play", "local.play")):
        lines.append(f'{name}() {{ (cd {shlex.quote(str(ROOT))} && {python} -m {module} "$@"); }}')
    path = stack.folder / ENVIRONMENT_FILE
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    sites = {
        site.id: {"organization": site.organization_id, "token": f"driver-{site.id}", "erp_token": site.erp_token}
        for site in stack.sites
    }
    playground = {"maintainx": stack.url("maintainx"), "erp": stack.url("erp"), "sites": sites}
    (stack.folder / PLAYGROUND_FILE).write_text(json.dumps(playground), encoding="utf-8")
    return path


def play(stack: Stack, console: Console, last: Callable[[], None]) -> None:
    """Leave everything running, the scheduled calls too, until Ctrl-C. last: shows what stands last on the screen.

    Raises StackFailed if a process ends by itself.
    """
    with SimControl(stack.url("maintainx")) as maintainx:
        maintainx.set_clock(datetime.now(UTC), running=True)
    Scheduler(PROJECT, TokenIssuer(key_from_file(stack.signing_key))).start(jobs(stack))
    console.print("\nEverything keeps running, the scheduled calls too; Ctrl-C stops it.", style="bold")
    for name in stack.processes:
        console.print(f"  {name:<16} {stack.url(name)}", highlight=False)
    console.print("\nIn another terminal:", style="bold")
    console.print(f"  . {shlex.quote(str(stack.folder / ENVIRONMENT_FILE))}", highlight=False, soft_wrap=True)
    site, work_order = _example(stack)
    for command, text in _TOUR:
        console.print(Text(f"  # {text}", "dim"))
        console.print(f"  {command.format(site=site, work_order=work_order)}", highlight=False)
    attempts = stack.policy.max_delivery_attempts
    console.print(f"\n[dim]Here a message is dead after {attempts} attempts, some 20 s; deployed, 100 and 16 h.[/dim]")
    last()
    while True:
        stack.check()
        time.sleep(_CHECK_EVERY_S)


def _example(stack: Stack) -> tuple[str, str]:
    """A site and a work order of it that is linked with an order."""
    for site in stack.sites:
        orders: list[dict[str, Any]] = loopback.get(f"{stack.url('erp')}/_sim/tenants/{site.id}/dump").json()["orders"]
        linked = [
            order["externalReference"] for order in orders if (order["externalReference"] or "").startswith("mx:")
        ]
        if linked:
            return site.id, str(linked[-1]).rpartition(":")[2]
    return stack.sites[0].id, "1"
