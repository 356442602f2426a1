"""What no two sites may have in common, and what no secret may be used for twice. Pure.

Looks at the content of sites.yaml as it was read, so that it finds a copied site block whatever else is wrong in it,
and the ERPs' part too where nobody needs the ERPs' models.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from shared.config.loading import Fault, Location
from shared.config.names import ledger_secret
from shared.secrets import environment_variable


class _Use(NamedTuple):
    """What a secret is for. path: in a site; None stands for every number. why: it has to be a secret of its own."""

    path: tuple[str | None, ...]
    purpose: str
    why: str | None = None


# Sites may have one API key, which MaintainX gives a user of several organizations; one account in an ERP; and one
# channel for notifications. Not one secret that signs: its holder could speak for a site that trusts another.
_USES = (
    _Use(("maintainx", "api_key_secret"), "MaintainX API key"),
    _Use(
        ("maintainx", "subscriptions", None, "secret"),
        "webhook secret",
        "MaintainX gives every subscription a secret of its own",
    ),
    _Use(("erp", "credentials_secret"), "ERP credentials"),
    _Use(("notify", "urls_secret"), "notification addresses"),
    _Use(("events_secret",), "events_secret", "who signs for one site could sign for the other"),
)
_ONE_PURPOSE = "a secret has one purpose"


def site_clashes(content: object) -> Iterator[Fault]:
    """Every fault, at the second of two places; `content`: what sites.yaml holds, valid or not."""
    sites: _Sites = [(("sites", number), site) for number, site in enumerate(_sites(content)) if isinstance(site, dict)]
    yield from _same_ids(sites)
    yield from _same_organizations(sites)
    yield from _same_secrets(sites)


_Sites = list[tuple[Location, dict[Any, Any]]]


def _sites(content: object) -> list[Any]:
    sites = content.get("sites") if isinstance(content, dict) else None
    return sites if isinstance(sites, list) else []


def _same_ids(sites: _Sites) -> Iterator[Fault]:
    first: dict[str, Location] = {}
    for where, site in sites:
        if isinstance(name := site.get("id"), str):
            place = (*where, "id")
            if (other := first.setdefault(name, place)) != place:
                reason = f"{_called(where, site)} is the site of line {{line}} already: each needs an id of its own"
                yield Fault(place, reason, other)


def _same_organizations(sites: _Sites) -> Iterator[Fault]:
    first: dict[int, tuple[Location, str]] = {}
    for where, site in sites:
        for place, number in _at(where, site, ("maintainx", "organization_id")):
            if type(number) is not int:  # true is an int too
                continue
            other, owner = first.setdefault(number, (place, _called(where, site)))
            if other != place:
                reason = f"organization {number} is {owner}'s already (line {{line}})"
                yield Fault(place, f"{reason}: one site is one MaintainX organization", other)


def _same_secrets(sites: _Sites) -> Iterator[Fault]:
    """By the variable that a secret is read from: names that share it are one secret there.

    Names are not quoted: who takes a name for the secret itself has written that here.
    """
    ledgers = {environment_variable(ledger_secret(site["id"])) for _, site in sites if isinstance(site.get("id"), str)}
    first: dict[str, tuple[Location, str, _Use, str]] = {}
    for where, site in sites:
        for use in _USES:
            for place, name in _at(where, site, use.path):
                if not isinstance(name, str):
                    continue
                variable = environment_variable(name)
                if variable in ledgers:
                    yield Fault(
                        place, "is where the bundle keeps its list of a site's subscriptions: take another name"
                    )
                other, other_name, other_use, owner = first.setdefault(
                    variable, (place, name, use, _called(where, site))
                )
                if other == place:
                    continue
                if name != other_name:
                    reason = (
                        "differs only in capitals, - and _ from the secret of line {line}:"
                        " both would be read from one environment variable"
                    )
                    yield Fault(place, reason, other)
                elif why := use.why if use is other_use else _ONE_PURPOSE:
                    yield Fault(place, f"is {owner}'s {other_use.purpose} already (line {{line}}): {why}", other)


def _at(where: Location, value: object, path: tuple[str | None, ...]) -> Iterator[tuple[Location, object]]:
    """Location and value of all that is at `path` below `where`."""
    if not path:
        yield where, value
    elif path[0] is None:
        for number, item in enumerate(value if isinstance(value, list) else ()):
            yield from _at((*where, number), item, path[1:])
    elif isinstance(value, dict) and path[0] in value:
        yield from _at((*where, path[0]), value[path[0]], path[1:])


def _called(where: Location, site: dict[Any, Any]) -> str:
    name = site.get("id")
    return name if isinstance(name, str) and name.isprintable() and name else ".".join(map(str, where))
