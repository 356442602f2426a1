"""The external reference: what we write into an ERP record so that it can be found without our state."""

from __future__ import annotations

import hashlib
import re

MAX_LENGTH = 40
_DIGEST_LENGTH = 8
_FORM = re.compile(r"mx:[^:]+:([0-9]{1,18})")


def external_reference(site: str, work_order_id: int, max_length: int = MAX_LENGTH) -> str:
    """`mx:{site}:{id}`, at most `max_length` characters, since ERPs rarely give such a field many.

    A site id that does not fit is cut, and `~` with the first 8 hex digits of its SHA-256 keeps it unique; site ids
    have no `~` or `:`, so no two work orders share a reference. Needs 12 characters beside the id's own.
    """
    room = max_length - len(f"mx::{work_order_id}")
    if len(site) > room:
        digest = hashlib.sha256(site.encode()).hexdigest()[:_DIGEST_LENGTH]
        site = f"{site[: max(0, room - _DIGEST_LENGTH - 1)]}~{digest}"
    return f"mx:{site}:{work_order_id}"


def work_order_id_in(reference: str | None, site: str, max_length: int = MAX_LENGTH) -> int | None:
    """The work order that a reference of this site names; None if it is none of ours."""
    found = _FORM.fullmatch(reference or "")
    if found is None:
        return None
    work_order_id = int(found[1])
    return work_order_id if external_reference(site, work_order_id, max_length) == reference else None


def is_of_another(found: str | None, reference: str, *, carried: bool = False) -> bool:
    """Whether an ERP record with this reference is another one than the record that we gave `reference`.

    carried: whether the record under this id was seen to carry ours; then it has no business with none, or a text of
    the ERP's own. Else it may: a person linked it, or it was made in the ERP. Some ERPs write capitals.
    """
    text = (found or "").strip().lower()
    return text != reference.lower() and (carried or is_reference(text))


def is_reference(text: str | None) -> bool:
    """Whether it is a reference of any site: several may share one ERP, and some ERPs write it in capitals."""
    return _FORM.fullmatch((text or "").strip().lower()) is not None
