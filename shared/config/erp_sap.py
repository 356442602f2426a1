"""The settings of the SAP S/4HANA adapter."""

from __future__ import annotations

from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, StrictBool, StrictInt, StrictStr, model_validator

from shared.config.erp_connection import ConnectionConfig
from shared.config.loading import Model, fault_at
from shared.config.messages import did_you_mean
from shared.config.names import PathBelow
from shared.config.sap_operation import CUSTOM_PREFIXES, SAP_OPERATION_FIELDS

SapStatus = Literal["CRTD", "REL", "PCNF", "CNF", "TECO", "CLSD", "NOEX", "DLFL"]


# The header's fields that may carry our reference; both are kept in capitals.
SAP_REFERENCE_LENGTHS = {"ReferenceElement": 40, "MaintObjectFreeDefinedAttrib": 30}


class SapCustomField(Model):
    """A field that a customer added to the order's header (`YY1_...`).

    `capitals`: SAP turns its text into capitals. A number is sent as a string, as SAP wants its decimals.
    """

    type: Literal["text", "number", "boolean", "date", "time"] = "text"
    max_length: StrictInt | None = Field(default=None, gt=0)
    capitals: StrictBool = False


class SapErpConfig(ConnectionConfig):
    """How SAP S/4HANA is spoken to (OData V2 service API_MAINTENANCEORDER).

    `client`: SAP's three digits; needed on premise, ignored by the cloud. `language`: EN alone, of the status line.
    `reference_field`: where our reference is written: a field that nobody else uses. `custom_fields`: further fields
    of the header that a mapping, or `reference_field`, may name. `long_text`: whether `LongText` is read and written,
    as the text of kind `text_object_type` in `text_language`. `dates`: what the planned dates mean: `utc` takes them as
    they are sent, `plant` as the wall clock of `plant_time_zone` (IANA) with a Z behind it; see one order on both sides
    before you choose. `page_size`: orders asked for at once. `merge_tunnel`: send POST with X-HTTP-Method: MERGE where
    a proxy lets no PATCH pass.

    `first_operation`: fields of the operation that a new order gets, in SAP's own forms; none: SAP decides. Its
    OperationDescription is the order's description unless given. `cancel_with`: what NOEX becomes for an order of which
    work was reported, that SAP lets nobody call not executed: `deletion_flag` makes it DLFL; `do_not_execute` leaves it
    to a person. `close_notifications`: whether completing, closing or cancelling an order does the same to its
    notifications. `cancellation_action`: MaintOrdCancellationAction, where SAP demands it. `omit_parameters`: of
    functions, that this system does not know. `status_codes`: further codes of the status line -> the status that
    each is read as. `busy_codes`: message codes (`*` for any part) with which SAP refuses what it may accept later,
    beside every message that says by whom an order is locked.
    """

    auth: Literal["bearer", "basic", "oauth", "none"] = "basic"
    service_path: PathBelow = "/sap/opu/odata/sap/API_MAINTENANCEORDER;v=0002"
    client: str | None = Field(default=None, pattern=r"^[0-9]{3}$")
    language: Literal["EN"] = "EN"
    reference_field: str = Field(default="ReferenceElement", pattern=r"^[A-Za-z]\w*$")
    custom_fields: dict[Annotated[str, Field(pattern=r"^[A-Za-z]\w*$")], SapCustomField] = Field(default_factory=dict)
    long_text: StrictBool = True
    text_object_type: str = Field(default="KOPF", pattern=r"^[A-Z0-9]{1,4}$")
    text_language: str = Field(default="EN", pattern=r"^[A-Z]{2}$")
    dates: Literal["utc", "plant"] = "utc"
    plant_time_zone: str | None = None
    page_size: StrictInt = Field(default=100, ge=1, le=1000)
    merge_tunnel: StrictBool = False
    first_operation: dict[str, StrictStr | StrictBool | StrictInt] = Field(default_factory=dict)
    cancel_with: Literal["do_not_execute", "deletion_flag"] = "do_not_execute"
    close_notifications: StrictBool = False
    cancellation_action: str | None = Field(default=None, pattern=r"^[A-Z0-9]$")
    omit_parameters: frozenset[str] = frozenset()
    status_codes: dict[Annotated[str, Field(pattern=r"^\S{1,4}$")], SapStatus] = Field(default_factory=dict)
    busy_codes: frozenset[str] = frozenset()

    @model_validator(mode="after")
    def _zone_where_used(self) -> Self:
        if (self.dates == "plant") != (self.plant_time_zone is not None):
            raise ValueError("dates: plant and plant_time_zone go together")
        try:
            ZoneInfo(self.plant_time_zone or "UTC")
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: the name of a folder, "Europe"
            raise ValueError(f"{self.plant_time_zone!r} is not a time zone of the IANA database") from error
        return self

    @model_validator(mode="after")
    def _reference_field_is_known(self) -> Self:
        custom = self.custom_fields.get(self.reference_field)
        if self.reference_field not in SAP_REFERENCE_LENGTHS and (custom is None or custom.type != "text"):
            known = ", ".join(SAP_REFERENCE_LENGTHS)
            raise ValueError(f"reference_field must be {known}, or a text of custom_fields")
        return self

    @model_validator(mode="after")
    def _first_operation_has_fields_of_operations(self) -> Self:
        for name in self.first_operation:
            if name not in SAP_OPERATION_FIELDS and not name.startswith(CUSTOM_PREFIXES):
                reason = f"an operation has no field {name} that can be set{did_you_mean(name, SAP_OPERATION_FIELDS)}"
                raise fault_at(("first_operation", name), reason)
        return self

    @property
    def reference_length(self) -> int:
        """The characters that `reference_field` takes, as far as known here."""
        custom = self.custom_fields.get(self.reference_field)
        return SAP_REFERENCE_LENGTHS[self.reference_field] if custom is None else custom.max_length or 40
