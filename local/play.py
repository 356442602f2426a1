"""`python -m local.play`: people at work on a stack that `make run ARGS="--keep"` left running.

Each verb does what somebody does in MaintainX or in the ERP, and says where to look then.
"""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

import httpx
import typer

from local import loopback

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
_OPEN = ("NEW", "IN_WORK", "WAITING")


def main() -> None:
    """Run a verb; a stack that is not there ends it with a sentence."""
    try:
        app()
    except httpx.TransportError:
        _stop('nothing answers there: does the stack still run? Start it with: make run ARGS="--keep"')
    except httpx.HTTPStatusError as error:
        _stop(f"{error.request.url}: {error.response.status_code} {error.response.text[:200]}")


@app.command()
def conflict() -> None:
    """A planner and a technician give one order two different long texts; the mapping has a person decide."""
    site, order = _an_order()
    work_order = order["externalReference"].rpartition(":")[2]
    now = _now()
    with _http() as http:
        _ok(http.patch(f"{_erp(site)}/orders/{order['id']}", json={"longText": f"Planner, {now}: order the seal kit."}))
        _technician(site, work_order, description=f"Technician, {now}: the seal is on site.")
    typer.echo(f"Both sides of work order {work_order} of {site} have another text now. Look, decide:")
    typer.echo("  ops conflicts list")
    typer.echo(f"  ops conflicts show {site} {work_order}")
    typer.echo(f"  ops conflicts resolve {site} {work_order} --take erp")


@app.command("lose-webhook")
def lose_webhook() -> None:
    """A technician changes a title, and MaintainX tells nobody."""
    site, order = _an_order()
    work_order = order["externalReference"].rpartition(":")[2]
    with _http() as http:
        settings = f"{_stack()['maintainx']}/_sim/settings"
        _ok(http.patch(settings, json={"delivery_drop_ratio": 1.0}))
        try:
            _technician(site, work_order, title=f"{order['shortText'][:20]} (urgent {_now()})")
        finally:
            _ok(http.patch(settings, json={"delivery_drop_ratio": 0.0}))
    typer.echo(f"Work order {work_order} of {site} has another title, and no webhook told of it.")
    typer.echo("catch_up looks every 30 s for what is older than 2 minutes; then both sides are in step again:")
    typer.echo(f"  ops trace {site} {work_order}")


@app.command("erp-down")
def erp_down() -> None:
    """The ERP answers 503 to everything until `erp-up`; a technician goes on working."""
    site, order = _an_order()
    work_order = order["externalReference"].rpartition(":")[2]
    with _http() as http:
        _ok(http.post(f"{_stack()['erp']}/_sim/faults", json={"kind": "outage"}))
    _technician(site, work_order, title=f"{order['shortText'][:20]} (at night {_now()})")
    typer.echo(f"The ERP is down, and work order {work_order} of {site} was changed. After some 20 s here:")
    typer.echo("  ops dead-letters list")
    typer.echo("Then:")
    typer.echo("  play erp-up")


@app.command("erp-up")
def erp_up() -> None:
    """The ERP works again."""
    with _http() as http:
        _ok(http.delete(f"{_stack()['erp']}/_sim/faults"))
    typer.echo("The ERP is back. What was dead-lettered meanwhile comes again with:")
    typer.echo("  ops dead-letters replay --pipeline erp-push")


@app.command()
def planner() -> None:
    """A planner ranks an order anew in the ERP; erp_pull finds it within some seconds."""
    site, order = _an_order()
    value = "1" if order["priority"] != "1" else "3"
    with _http() as http:
        _ok(http.patch(f"{_erp(site)}/orders/{order['id']}", json={"priority": value}))
    typer.echo(f"ERP order {order['id']} of {site} has priority {value} now. Within some seconds MaintainX has it too:")
    typer.echo(f"  ops trace {site} {order['externalReference'].rpartition(':')[2]}")


def _now() -> str:
    """Makes each text another than the one before."""
    return f"{datetime.now():%H:%M:%S}"  # noqa: DTZ005  # the clock on the user's wall


def _stack() -> dict[str, Any]:
    name = os.environ.get("PLAYGROUND")
    if not name or not Path(name).is_file():
        _stop('first, in this shell: . .local/operator.env (of a stack that make run ARGS="--keep" started)')
    found: dict[str, Any] = json.loads(Path(name).read_text(encoding="utf-8"))
    return found


def _stop(reason: str) -> NoReturn:
    typer.echo(reason, err=True)
    raise SystemExit(2)


def _http() -> httpx.Client:
    return loopback.client(timeout=30.0)


def _technician(site: str, work_order: str, **fields: str) -> None:
    """Change a work order as somebody does in the web application."""
    known = _stack()["sites"][site]
    headers = {"Authorization": f"Bearer {known['token']}", "x-organization-id": str(known["organization"])}
    with _http() as http:
        _ok(http.patch(f"{_stack()['maintainx']}/v1/workorders/{work_order}", json=fields, headers=headers))


def _ok(response: httpx.Response) -> None:
    response.raise_for_status()


def _erp(site: str) -> str:
    return f"{_stack()['erp']}/_sim/tenants/{site}"


def _an_order() -> tuple[str, dict[str, Any]]:
    """The newest open order that is linked with a work order, and its site."""
    with _http() as http:
        for site in _stack()["sites"]:
            dump = http.get(f"{_erp(site)}/dump")
            _ok(dump)
            for order in reversed(dump.json()["orders"]):
                if order["status"] in _OPEN and (order["externalReference"] or "").startswith("mx:"):
                    return site, order
    _stop("no open order is linked with a work order")


if __name__ == "__main__":
    main()
