"""What is known of a SAP's orders. Pure and light: every function that checks a mapping at its start asks for it."""

from __future__ import annotations

from collections.abc import Mapping

from shared.config.erp_sap import SapErpConfig
from shared.erp.base import ErpDescription, ErpField
from shared.erp.sap.fields import LONG_TEXT, STATUS, SapField, header_fields
from shared.erp.sap.status import RULES


def describe_settings(config: SapErpConfig) -> ErpDescription:
    """What the settings tell, without asking SAP."""
    return described(config, header_fields(config), config.reference_length)


def described(config: SapErpConfig, fields: Mapping[str, SapField], reference_length: int) -> ErpDescription:
    """What a mapping may use of these fields. The one for our reference is written by us alone."""
    found = {name: made.described() for name, made in fields.items()}
    reference = config.reference_field
    found[reference] = ErpField(reference, max_length=reference_length, creatable=False, updatable=False)
    found[STATUS] = ErpField(STATUS, values=RULES.writable)
    if config.long_text:
        found[LONG_TEXT] = ErpField(LONG_TEXT)
    # ABAP keeps texts in UTF-16: a character beyond the basic plane takes two places (local/sap/edm.py counts so too).
    return ErpDescription(found, RULES, reference_length, "utf16")
