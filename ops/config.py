"""`ops config`: is the configuration right, and what does it say?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from ops.environment import DEFAULT_CONFIG
from ops.exits import WRONG, one_line_errors
from ops.output import AsJson, print_json, print_table, say
from shared.config.loading import Model, load_model
from shared.config.mappings import MappingFile
from shared.config.routes import RoutesFile
from shared.config.sites import SiteConfig, SitesFile
from shared.config.whole import Config, load_config
from shared.errors import ConfigError
from shared.maintainx.webhooks import WEBHOOK_TYPES

app = typer.Typer(no_args_is_help=True, help="Check the configuration.", rich_markup_mode="markdown")


@app.callback()
def _group() -> None:
    """Keeps `check` a verb of its own while it is the only one."""


@app.command()
@one_line_errors
def check(
    folder: Annotated[
        Path, typer.Argument(help="Folder with sites.yaml, routes.yaml and mappings/.", metavar="DIR")
    ] = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Load the configuration, check it across its files, and say what it holds.

    Prints every fault as `file:line: path: reason` and then exits with 1. Warnings are about what is allowed and
    probably not meant. Reads no secret and asks no service.
    """
    faults = find_faults(folder)
    config = None if faults else load_config(folder)
    report = {
        "folder": str(folder),
        "faults": faults,
        "warnings": list(warnings(config)) if config else [],
        **(describe(config) if config else {}),
    }
    if as_json:
        print_json(report)
    else:
        _show(report)
    if faults:
        raise typer.Exit(WRONG)


def find_faults(folder: Path) -> list[str]:
    """Every fault of every file; those across files only if each file is right in itself."""
    files: list[tuple[Path, type[Model]]] = [(folder / "sites.yaml", SitesFile), (folder / "routes.yaml", RoutesFile)]
    files += [(path, MappingFile) for path in sorted((folder / "mappings").glob("*.yaml"))]
    faults: list[str] = []
    for path, model in files:
        try:
            load_model(path, model)
        except ConfigError as error:
            faults += str(error).splitlines()
    if faults:
        return faults
    try:
        load_config(folder)
    except ConfigError as error:
        return str(error).splitlines()
    return []


def warnings(config: Config) -> Iterator[str]:
    """What is allowed and probably not meant."""
    if config.public_url is None:
        yield "public_url is not set: the signature of the URI is not verified"
    for site in config.sites.values():
        yield from _site_warnings(config, site)


def _site_warnings(config: Config, site: SiteConfig) -> Iterator[str]:
    destinations = {
        destination
        for route in config.routes
        if route.when.site is None or site.id in route.when.site
        for destination in route.to
    }
    if "erp-push" in destinations and site.erp is None:
        yield f"site {site.id}: routes send its events to erp-push, but it has no erp: they will be dead-lettered"
    if "notifications" in destinations and site.notify is None:
        yield f"site {site.id}: routes send its events to notifications, but it has no notify: they will be skipped"
    if site.events_secret is None:
        yield f"site {site.id}: without events_secret there is no smoke test and no gateway for it"
    for subscription in site.maintainx.subscriptions:
        if subscription.type not in WEBHOOK_TYPES:
            yield f"site {site.id}: MaintainX has no webhook type {subscription.type} that we know of"


def secret_names(site: SiteConfig) -> list[str]:
    """The names of all secrets that the site needs."""
    optional = (
        site.erp.credentials_secret if site.erp else None,
        site.notify.urls_secret if site.notify else None,
        site.events_secret,
    )
    webhooks = (subscription.secret for subscription in site.maintainx.subscriptions)
    return sorted({site.maintainx.api_key_secret, *webhooks, *(name for name in optional if name)})


def describe(config: Config) -> dict[str, Any]:
    """What the configuration holds."""
    return {
        "public_url": config.public_url,
        "sites": [
            {
                "id": site.id,
                "time_zone": site.time_zone,
                "organization_id": site.maintainx.organization_id,
                "webhooks": [subscription.model_dump() for subscription in site.maintainx.subscriptions],
                "erp": f"{site.erp.adapter} ({site.erp.mapping})" if site.erp else None,
                "secrets": secret_names(site),
            }
            for site in config.sites.values()
        ],
        "routes": [{"name": route.name, "to": route.to} for route in config.routes],
        "mappings": {name: len(mapping.fields) for name, mapping in sorted(config.mappings.items())},
    }


def _show(report: dict[str, Any]) -> None:
    for fault in report["faults"]:
        say(fault)
    if report["faults"]:
        say(f"{len(report['faults'])} fault(s); no function starts with this configuration")
        return
    sites = [{**site, "webhooks": len(site["webhooks"]), "secrets": len(site["secrets"])} for site in report["sites"]]
    print_table(("id", "time_zone", "organization_id", "webhooks", "erp", "secrets"), sites)
    say("")
    for route in report["routes"]:
        say(f"route: {route['name']} -> {', '.join(route['to'])}")
    for name, fields in report["mappings"].items():
        say(f"mapping: {name}, {fields} fields")
    for warning in report["warnings"]:
        say(f"warning: {warning}")
    say(f"{report['folder']}: no faults")
