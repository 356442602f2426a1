"""`ops config`: is the configuration right, and what does it say?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from ops.environment import DEFAULT_CONFIG, ConfigFolder
from ops.exits import OK, WRONG, exit_code, one_line_errors
from ops.output import AsJson, complain, print_json, print_table, say
from shared.config.addresses import parse_address
from shared.config.erp import ErpConfig
from shared.config.loading import Model, load_model
from shared.config.mappings import MappingFile
from shared.config.routes import RoutesFile
from shared.config.sites import SiteConfig, SitesFile
from shared.config.whole import Config, load_config
from shared.errors import BridgeError, ConfigError
from shared.maintainx.webhooks import WEBHOOK_TYPES

app = typer.Typer(no_args_is_help=True, help="Check the configuration.", rich_markup_mode="markdown")


@app.callback()
def _group() -> None:
    """Keeps `check` a verb of its own while it is the only one."""


@app.command()
@one_line_errors
def check(
    folder: Annotated[
        Path | None, typer.Argument(help="The same as --config DIR.", metavar="DIR", show_default=False)
    ] = None,
    config_folder: ConfigFolder = DEFAULT_CONFIG,
    ask_erp: Annotated[
        bool,
        typer.Option(
            "--ask-erp", help="Ask the ERPs too: are credentials and mappings right? Only reads; reads secrets."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Load the configuration, check it across its files, and say what it holds.

    Prints every fault as `file:line: path: reason` and then exits with 1. Warnings are about what is allowed and
    probably not meant. Without --ask-erp it reads no secret and asks no service. With it, every ERP is searched for a
    reference that nothing has, and its own description of its fields is compared with the mapping; one that does not
    answer makes the exit code 3, one that refuses us 2.
    """
    folder = config_folder if folder is None else folder
    faults = find_faults(folder)
    config = None if faults else load_config(folder)
    errors: dict[str, BridgeError] = {}
    asked: list[str] = []
    if ask_erp and config is not None:
        from ops.ask_erp import ask_erps
        from shared.secrets import secrets

        answers = ask_erps(config, folder, secrets)
        faults, errors, asked = answers.faults, answers.errors, answers.asked
    report = {
        "folder": str(folder),
        "faults": faults,
        "warnings": list(warnings(config)) if config else [],
        **({"erps_asked": asked, "errors": {site: str(error) for site, error in errors.items()}} if ask_erp else {}),
        **(describe(config) if config else {}),
    }
    if as_json:
        print_json(report)
    else:
        _show(report)
    for site, error in errors.items():
        complain(f"ERP of {site}: {type(error).__name__}: {error}")
    if faults:
        raise typer.Exit(WRONG)
    raise typer.Exit(max((exit_code(error) for error in errors.values()), default=OK))


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
    yield from _secrets_shown_to_several(config.sites.values())


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
    if "erp-push" not in destinations and site.erp is not None:
        yield f"site {site.id}: no route sends its events to erp-push: its work orders do not get to the ERP"
    if site.erp is not None and (unknown := _not_described(site.erp)):
        yield f"site {site.id}: erp.rest has no {' and no '.join(unknown)}: its mapping is not checked against the ERP"
    if site.events_secret is None:
        yield f"site {site.id}: without events_secret there is no smoke test and no gateway for it"
    for subscription in site.maintainx.subscriptions:
        if subscription.type not in WEBHOOK_TYPES:
            yield f"site {site.id}: MaintainX has no webhook type {subscription.type} that we know of"


def _secrets_shown_to_several(sites: Iterable[SiteConfig]) -> Iterator[str]:
    """Credentials that sites have in common and send to different servers."""
    receivers: dict[tuple[str, str], dict[object, str]] = {}
    for site in sites:
        sent = [("MaintainX API key", site.maintainx.api_key_secret, site.maintainx.base_url)]
        if site.erp is not None and site.erp.credentials_secret is not None:
            oauth = site.erp.connection.oauth
            to = site.erp.base_url if oauth is None else oauth.token_url
            sent.append(("ERP credentials", site.erp.credentials_secret, to))
        for purpose, secret, url in sent:
            receivers.setdefault((purpose, secret), {}).setdefault(parse_address(url).origin, site.id)
    for (purpose, _), site_ids in receivers.items():
        if len(site_ids) > 1:
            names = ", ".join(site_ids.values())
            yield f"sites {names}: one secret has their {purpose}, and it goes to different servers"


def _not_described(erp: ErpConfig) -> list[str]:
    """What the settings do not say of the ERP's records, so that a mapping's names and values are taken on trust."""
    return [key for key in ("fields", "status") if erp.adapter == "rest" and getattr(erp.rest, key) is None]


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
        effect = "what the ERP says is otherwise" if "sites" in report else "no function starts with this configuration"
        say(f"{len(report['faults'])} fault(s); {effect}")
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
    for site in report.get("erps_asked", ()):
        say(f"ERP of {site}: answers, and its fields fit the mapping")
    say(f"{report['folder']}: no faults")
