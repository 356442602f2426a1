"""What is known of a site's ERP from its settings alone: no I/O, so that a mapping can be checked at every start."""

from __future__ import annotations

from collections.abc import Callable

from shared.config.erp import ErpConfig
from shared.config.erp_rest import RestErpConfig, RestStatusConfig
from shared.erp.base import ErpDescription, ErpField, StatusRules


def description_of(erp: ErpConfig) -> ErpDescription:
    """The description that the adapter of `erp` has without asking the ERP."""
    return _DESCRIPTIONS[erp.adapter](erp)


def reference_field_of(erp: ErpConfig) -> str | None:
    """The ERP's field that carries our external reference; None if it is not among a record's fields."""
    name: str | None = getattr(erp.connection, "reference_field", None)
    return name


def _of_rest(erp: ErpConfig) -> ErpDescription:
    rest = erp.rest
    fields = None if rest.fields is None else {field.name: field for field in _rest_fields(rest)}
    status = None if rest.status is None else _rest_status(rest.status)
    return ErpDescription(fields, status, rest.reference_length, rest.lengths)


def _rest_status(status: RestStatusConfig) -> StatusRules:
    return StatusRules(
        name=status.field,
        readable=status.readable,
        writable=frozenset(status.readable) if status.writable is None else status.writable,
        separate=False,
        initial=status.initial,
        final=status.final,
    )


def _rest_fields(rest: RestErpConfig) -> list[ErpField]:
    """The fields of the settings, and those that the adapter itself reads."""
    own = {rest.id_field, rest.version_field, rest.changed_field} - {None}
    found = [ErpField(str(name), creatable=False, updatable=False) for name in sorted(map(str, own))]
    found += [ErpField(rest.reference_field, max_length=rest.reference_length)]
    found += [ErpField(rest.status.field)] if rest.status else []
    return found + [
        ErpField(name, one.type, one.max_length, one.creatable, one.updatable, one.values)
        for name, one in (rest.fields or {}).items()
    ]


def _of_sap(erp: ErpConfig) -> ErpDescription:
    from shared.erp.sap.description import describe_settings

    return describe_settings(erp.sap)


def _of_oracle(erp: ErpConfig) -> ErpDescription:
    from shared.erp.oracle.fields import described, known_fields

    return described(erp.oracle, known_fields(erp.oracle))


_DESCRIPTIONS: dict[str, Callable[[ErpConfig], ErpDescription]] = {
    "rest": _of_rest,
    "sap": _of_sap,
    "oracle": _of_oracle,
}
