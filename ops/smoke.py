"""`ops smoke`: a signed synthetic event through a deployed bundle, from its public address to BigQuery."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer

from ops.environment import DEFAULT_CONFIG, ConfigFolder, require_project
from ops.exits import OK, WRONG, exit_code, one_line_errors
from ops.output import AsJson, complain, note, print_json, say
from ops.probe import EVENT_TYPE, SmokeFailed, await_archived, check_unrouted, make_probe, send
from shared.config.sites import SiteConfig
from shared.config.whole import Config, load_config
from shared.errors import BridgeError, ConfigError
from shared.secrets import lines, secrets
from shared.warehouse.gateway import Warehouse, warehouse_from_environment


@one_line_errors
def smoke(
    url: Annotated[str, typer.Option(help="Address of webhook_ingress.")],
    site: Annotated[
        list[str] | None, typer.Option(help="Site to probe; may be repeated. Without it: all.", show_default=False)
    ] = None,
    timeout_s: Annotated[float, typer.Option("--timeout", min=1, help="Seconds for each of the two waits.")] = 180.0,
    config: ConfigFolder = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Send one signed event of type bridge.smoke a site and wait until it is in the archive.

    Proves the address, the secret, webhook_ingress, Pub/Sub, the BigQuery subscription and the view `events`. No route
    may lead the event anywhere (that is checked first), so neither the ERP nor people see it: event_router ends it as
    skipped(unrouted). Reads the site's events_secret like the functions do (environment, files, Secret Manager).
    """
    settings = load_config(config)
    sites = _chosen(settings, site)
    for each in sites:
        check_unrouted(each.id, settings.routes)
    require_project()
    warehouse = warehouse_from_environment()
    results = [_probe(each, url, warehouse, timeout_s) for each in sites]
    if as_json:
        print_json({"type": EVENT_TYPE, "sites": results})
    else:
        for result in results:
            _say(result)
    raise typer.Exit(max((result["exit_code"] for result in results), default=OK))


def _chosen(config: Config, names: list[str] | None) -> list[SiteConfig]:
    """The sites to probe; ConfigError if one of those named cannot be."""
    if names is None:
        found = [site for site in config.sites.values() if site.events_secret]
        if not found:
            raise ConfigError("no site in sites.yaml has an events_secret")
        return found
    sites = [config.site(name) for name in dict.fromkeys(names)]
    for site in sites:
        if site.events_secret is None:
            raise ConfigError(f"site {site.id} has no events_secret in sites.yaml")
    return sites


def _probe(site: SiteConfig, url: str, warehouse: Warehouse, timeout_s: float) -> dict[str, Any]:
    """The result of one site; what fails is part of it, so that one site does not hide the others."""
    probe = make_probe(site.id)
    result: dict[str, Any] = {"site": site.id, "event_id": probe.event_id}
    try:
        assert site.events_secret is not None  # noqa: S101  # _chosen has seen to it
        keys = lines(secrets.get(site.events_secret))
        result["answered_s"] = round(send(probe, url, keys[0], timeout_s=timeout_s), 3)
        note(f"{site.id}: accepted, waiting for BigQuery")
        begin = time.monotonic()
        row = await_archived(probe, warehouse, timeout_s=timeout_s)
        result["archived_s"] = round(time.monotonic() - begin, 3)
        if (row["site"], row["type"]) != (site.id, EVENT_TYPE):
            raise SmokeFailed(f"the archive has event {probe.event_id} as {row['type']} of {row['site']}")
    except SmokeFailed as failure:
        return {**result, "exit_code": WRONG, "error": str(failure)}
    except BridgeError as error:
        return {**result, "exit_code": exit_code(error), "error": f"{type(error).__name__}: {error}"}
    return {**result, "exit_code": OK}


def _say(result: dict[str, Any]) -> None:
    if "error" in result:
        complain(f"{result['site']}: {result['error']}")
    else:
        say(
            f"{result['site']}: ok, answered in {result['answered_s']:.2f} s, "
            f"in BigQuery {result['archived_s']:.2f} s later (event {result['event_id']})"
        )
