"""Sites that have one ERP in common: no order may become a work order of two of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from shared.config.addresses import parse_address
from shared.config.erp import ErpConfig
from shared.config.loading import Fault
from shared.config.mappings import MappingFile, value_key
from shared.config.sites import SiteConfig


def shared_erps(sites: Sequence[SiteConfig], mappings: Mapping[str, MappingFile]) -> Iterator[Fault]:
    """The faults in sites.yaml of sites that would both make work orders of the same orders.

    Which they do not if the `when` of their mappings names a field for which they have no value in common.
    """
    making = [
        (number, site.id, site.erp, mapping)
        for number, site in enumerate(sites)
        if site.erp is not None
        and (mapping := mappings.get(site.erp.mapping)) is not None
        and mapping.on_new_in_erp.action == "create"
    ]
    for (first, one_id, one_erp, one), (number, _, erp, mapping) in combinations(making, 2):
        if _is_same(one_erp, erp) and not _are_apart(one, mapping):
            reason = (
                f"has its ERP in common with {one_id} (line {{line}}), and both make work orders of the same orders:"
                " give each a mapping with other values of one field in when"
            )
            yield Fault(("sites", number, "erp", "mapping"), reason, ("sites", first, "erp", "mapping"))


def _is_same(one: ErpConfig, other: ErpConfig) -> bool:
    return _identity(one) == _identity(other)


def _identity(erp: ErpConfig) -> tuple[object, ...]:
    """What tells whose records are seen: an Oracle organization has its own, a SAP client too."""
    part = {"oracle": erp.oracle.organization_code, "sap": erp.sap.client}.get(erp.adapter)
    return erp.adapter, parse_address(erp.base_url), part


def _are_apart(one: MappingFile, other: MappingFile) -> bool:
    ours, theirs = one.on_new_in_erp.when, other.on_new_in_erp.when
    both = ours.keys() & theirs.keys()
    return any({*map(value_key, ours[name])}.isdisjoint(map(value_key, theirs[name])) for name in both)
