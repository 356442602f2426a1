"""Asks the sites' ERPs what the configuration cannot tell by itself: are the credentials good, does the mapping fit?"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from shared.config.loading import locate
from shared.config.sites import SiteConfig
from shared.config.whole import Config
from shared.erp.adapters import make_adapter
from shared.erp.agreement import disagreements
from shared.erp.base import ErpDescription
from shared.erp.descriptions import reference_field_of
from shared.errors import BridgeError
from shared.secrets import Secrets


@dataclass(slots=True)
class Answers:
    """asked: sites whose ERP answered. faults: `file:line: path: reason`. errors: by site, why there is no answer."""

    asked: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    errors: dict[str, BridgeError] = field(default_factory=dict)


def ask_erps(config: Config, folder: Path, secrets: Secrets) -> Answers:
    """Search each site's ERP for a reference that nothing has, and compare its own description with the mapping."""
    answers = Answers()
    for site in config.sites.values():
        if site.erp is None:
            continue
        try:
            description = _description(site, secrets)
        except BridgeError as error:
            answers.errors[site.id] = error
            continue
        answers.asked.append(site.id)
        name = site.erp.mapping
        found = disagreements(config.mappings[name], description, reference_field_of(site.erp))
        file = folder / "mappings" / f"{name}.yaml"
        answers.faults += locate(file, [(where, f"{reason} (asked the ERP of {site.id})") for where, reason in found])
    return answers


def _description(site: SiteConfig, secrets: Secrets) -> ErpDescription:
    assert site.erp is not None  # noqa: S101  # the caller looked
    erp = make_adapter(site.erp, secrets)
    erp.probe()
    return erp.describe()
