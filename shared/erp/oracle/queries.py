"""Search expressions in the grammar of Oracle's REST framework 2 and later: pure functions."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from shared.config.erp_oracle import OracleErpConfig
from shared.erp.oracle.fields import CHANGED, ORGANIZATION, PLANNED_START
from shared.erp.oracle.status import ALL, FINAL, STATUS_FIELD
from shared.erp.oracle.values import wire_time
from shared.errors import ConfigError


def literal(text: str) -> str:
    """A text in quotes; a quote inside is doubled."""
    return "'" + text.replace("'", "''") + "'"


def equal(field: str, text: str) -> str:
    """Orders whose `field` is this text."""
    return f"{field}={literal(text)}"


def changed_since(since: datetime, searchable: Collection[str], settings: OracleErpConfig) -> str:
    """Orders that may have changed since then; ConfigError if the tenant can be searched by nothing that tells.

    By the time of the last change if that is searchable. Else a sliding window: every order that is in no final
    status, since any of them may have changed, and those whose planned start is in the window. An order that got a
    final status long after its planned start is not among them.
    """
    if CHANGED in searchable:
        found = f"{CHANGED} >= {literal(wire_time(since))}"
    else:
        parts = []
        if STATUS_FIELD in searchable:
            parts += [equal(STATUS_FIELD, code) for code in _open_codes(settings)]
        if PLANNED_START in searchable:
            begin = since - timedelta(days=settings.window_days)
            parts.append(f"{PLANNED_START} >= {literal(wire_time(begin))}")
        if not parts:
            names = f"{CHANGED}, {STATUS_FIELD} or {PLANNED_START}"
            raise ConfigError(f"erp: this tenant's orders cannot be searched by {names}, so not by what changed either")
        found = f"({' or '.join(parts)})"
    organization = str(settings.organization_code)
    return f"{found} and {equal(ORGANIZATION, organization)}" if ORGANIZATION in searchable else found


def _open_codes(settings: OracleErpConfig) -> list[str]:
    own = sorted(code for code, status in settings.status_codes.items() if status not in FINAL)
    return [status for status in ALL if status not in FINAL] + own
