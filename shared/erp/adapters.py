"""Which class speaks to which ERP. Imports are local: a site has one ERP and pays for no other."""

from __future__ import annotations

from collections.abc import Callable

from shared.config.erp import ErpConfig
from shared.erp.base import ErpAdapter
from shared.secrets import Secrets


def make_adapter(config: ErpConfig, secrets: Secrets) -> ErpAdapter:
    """The adapter that a site's settings name; one for a process, shared between threads."""
    return _ADAPTERS[config.adapter](config, secrets)


def _rest(config: ErpConfig, secrets: Secrets) -> ErpAdapter:
    from shared.erp.rest import RestErp

    return RestErp(config, secrets)


def _sap(config: ErpConfig, secrets: Secrets) -> ErpAdapter:
    from shared.erp.sap import SapErp

    return SapErp(config, secrets)


def _oracle(config: ErpConfig, secrets: Secrets) -> ErpAdapter:
    from shared.erp.oracle import OracleErp

    return OracleErp(config, secrets)


_ADAPTERS: dict[str, Callable[[ErpConfig, Secrets], ErpAdapter]] = {"rest": _rest, "sap": _sap, "oracle": _oracle}
