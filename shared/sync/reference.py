"""The external reference: what we write into an ERP record so that it can be found without our state."""

from __future__ import annotations

import hashlib

MAX_LENGTH = 40
_DIGEST_LENGTH = 8


def external_reference(site: str, work_order_id: int) -> str:
    """`mx:{site}:{id}`, at most 40 characters, since ERPs rarely give such a field more.

    A site id that does not fit is cut, and `~` with the first 8 hex digits of its SHA-256 keeps it unique; site ids
    have no `~` or `:`, so no two work orders share a reference.
    """
    room = MAX_LENGTH - len(f"mx::{work_order_id}")
    if len(site) > room:
        digest = hashlib.sha256(site.encode()).hexdigest()[:_DIGEST_LENGTH]
        site = f"{site[: room - _DIGEST_LENGTH - 1]}~{digest}"
    return f"mx:{site}:{work_order_id}"
