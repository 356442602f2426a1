"""Orders as SAP answers and takes them, and as the engine sees them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from shared.config.erp_sap import SapErpConfig
from shared.erp.base import ErpRecord
from shared.erp.sap.fields import CHANGED_AT, CREATED_AT, KEY, LONG_TEXT, STATUS, STATUS_LINE, header_fields
from shared.erp.sap.odata import TEXTS, TEXTS_OF_ORDER, Entity, etag_of, plain_number
from shared.erp.sap.status import status_in
from shared.erp.sap.values import capitals, from_sap, time_of, to_sap

_OPERATIONS = "to_MaintenanceOrderOperation"


class OrderForm:
    """One system's orders: which fields they have and what its dates mean."""

    def __init__(self, config: SapErpConfig) -> None:
        self._config = config
        self._zone = None if config.plant_time_zone is None else ZoneInfo(config.plant_time_zone)
        self.fields = header_fields(config)

    def record(self, order: Entity, etag: str | None = None) -> ErpRecord:
        """The record of an order. etag: of the answer's header, where the order itself tells none."""
        fields = {
            name: from_sap(self.fields.get(name), value, self._zone) for name, value in order.items() if _own(value)
        }
        number = plain_number(str(order[KEY]))
        fields[KEY] = number
        if STATUS_LINE in order:
            fields[STATUS] = status_in(order[STATUS_LINE], self._config.status_codes)
        if (texts := texts_of(order)) is not None and self._config.long_text:
            text = self.text_in(texts)
            fields[LONG_TEXT] = None if text is None else read_text(text.get(TEXTS))
        return ErpRecord(number, self._reference_in(order), fields, etag_of(order) or etag, changed_at(order))

    def text_in(self, texts: list[Entity]) -> Entity | None:
        """Our text among an order's; None if there is none yet."""
        key = (self._config.text_object_type, self._config.text_language)
        return next((text for text in texts if (text.get("TextObjectType"), text.get("Language")) == key), None)

    def text_key(self) -> dict[str, str]:
        """The part of our text's key that tells it from the order's other texts."""
        return {"TextObjectType": self._config.text_object_type, "Language": self._config.text_language}

    def body(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The fields of the header as a request body has them. MappingError if a field cannot hold its value."""
        return {name: to_sap(self.fields.get(name), value, self._zone) for name, value in fields.items()}

    def new(self, fields: Mapping[str, Any], reference: str) -> dict[str, Any]:
        """The body that makes an order, with its text and its first operation."""
        given = {name: value for name, value in fields.items() if value is not None}
        text = given.pop(LONG_TEXT, None)
        body = {**self.body(given), self._config.reference_field: self.reference_sent(reference)}
        if self._config.first_operation:
            body[_OPERATIONS] = [_operation(self._config.first_operation, body)]
        if text is not None and self._config.long_text:
            body[TEXTS_OF_ORDER] = [{**self.text_key(), TEXTS: str(text)}]
        return body

    def reference_sent(self, reference: str) -> str:
        """The reference as SAP keeps it. Ours have no capitals, so that none are lost where SAP makes all capitals."""
        return capitals(reference) if self.fields[self._config.reference_field].capitals else reference

    def _reference_in(self, order: Entity) -> str | None:
        name = self._config.reference_field
        text = from_sap(self.fields[name], order.get(name), None)
        return text.lower() if isinstance(text, str) and self.fields[name].capitals else text


def texts_of(order: Entity) -> list[Entity] | None:
    """An order's texts; None if the answer does not hold them."""
    found = order.get(TEXTS_OF_ORDER)
    texts = found.get("results") if isinstance(found, dict) else found
    return texts if isinstance(texts, list) else None


def changed_at(order: Entity) -> datetime | None:
    """When the order was changed last, or created: SAP leaves the former empty until the first change."""
    return time_of(order.get(CHANGED_AT)) or time_of(order.get(CREATED_AT))


def _operation(given: Mapping[str, Any], header: Mapping[str, Any]) -> dict[str, Any]:
    described = {"OperationDescription": header["MaintenanceOrderDesc"]} if "MaintenanceOrderDesc" in header else {}
    return {"MaintenanceOrderOperation": "0010", "MaintenanceOrderSubOperation": "", **described, **given}


def _own(value: Any) -> bool:
    """Whether it is the value of a field, not metadata or a way to other entities."""
    return not isinstance(value, dict | list)


def read_text(text: Any) -> str | None:
    """A long text in its canonical form."""
    return (text.replace("\r\n", "\n").rstrip() or None) if isinstance(text, str) else None
