"""Probes every site and watches its webhook subscriptions. Called by Cloud Scheduler; not public."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

import functions_framework
from flask import Request

from shared import bootstrap
from shared.config.sites import SiteConfig
from shared.config.whole import get_config
from shared.health import Parts, Probe, probe_site
from shared.logs import configure_logging, log_context
from shared.scheduled import Answer, Order, Refused, read_order

configure_logging("health")
get_config()  # a bad configuration is refused at start, not at the first call
log = logging.getLogger(__name__)

_AT_ONCE = 8  # sites; probing is waiting


class HealthOrder(Order):
    """heal: make subscriptions again that MaintainX deleted."""

    heal: bool = False


@functions_framework.http
def health(request: Request) -> Answer:
    """200 with what was found, good or bad; 400 bad body, 404 unknown site.

    A finding is no failure of this function: to call it again would find the same. Alerts are made from the log, which
    has a line a probe, with severity ERROR where something is wrong.
    """
    try:
        order, sites = read_order(request, HealthOrder)
    except Refused as refused:
        return refused.answer
    with ThreadPoolExecutor(min(_AT_ONCE, len(sites))) as threads:
        answers = dict(threads.map(lambda site: (site.id, _probe(site, heal=order.heal)), sites))
    return {"ok": all(answer["ok"] for answer in answers.values()), "sites": answers}, 200


def _probe(site: SiteConfig, *, heal: bool) -> dict[str, Any]:
    parts = Parts(bootstrap.maintainx_client, bootstrap.erp_adapter, bootstrap.subscription_keeper)
    try:
        probes = probe_site(site, parts, heal=heal)
    except Exception as error:  # a fault of ours at one site must not hide the others
        log.exception("probing failed", extra={"site": site.id})
        reason = f"a fault of ours ({type(error).__name__}), with its traceback in the log"
        probes = (Probe("all", ok=False, reason=reason),)
    with log_context(site=site.id):
        for probe in probes:
            _log(probe)
    return {"ok": all(probe.ok for probe in probes), "probes": [asdict(probe) for probe in probes]}


def _log(probe: Probe) -> None:
    fields = {"probe": probe.name, "ok": probe.ok, "reason": probe.reason}
    for done in probe.details.get("done", ()):
        log.warning("healed: %s", done["type"], extra={**fields, **done})
    if probe.ok:
        log.info("probe %s: ok", probe.name, extra=fields)
    else:
        log.error("probe %s: %s", probe.name, probe.reason, extra=fields)
