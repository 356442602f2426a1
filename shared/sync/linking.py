"""Which existing work orders and which existing ERP records are the same thing, when a site starts with both. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast, get_args

from shared.config.mappings import value_key
from shared.config.work_order_fields import NOT_IN_LISTS, OBJECTS, READABLE, expands_of
from shared.erp.base import ErpDescription, ErpRecord
from shared.errors import ConfigError
from shared.events import dig
from shared.maintainx.queries import WorkOrderRowExpand
from shared.state import SyncRecord
from shared.sync.operator import is_linked
from shared.sync.reference import work_order_id_in
from shared.values import is_empty

ERP_ID = "id"
REFERENCE = "reference"
Kind = Literal["link", "linked", "ambiguous", "conflict", "erp_only", "maintainx_only"]
"""link: to be linked. linked: they are already. ambiguous: several on one side, so a person must tell which. conflict:
one of the two is linked to another one, or is being created. erp_only, maintainx_only: nothing matches it."""
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class LinkRule:
    """What tells that two records are the same. erp_field None: the reference that the ERP's record carries."""

    erp_field: str | None = None
    maintainx: str = ""

    @classmethod
    def parse(cls, text: str, description: ErpDescription) -> LinkRule:
        """`reference` or `ERP_FIELD=MAINTAINX_PATH`; ConfigError if one of the two has no such field."""
        if text == REFERENCE:
            return cls()
        erp_field, equals, path = (part.strip() for part in text.partition("="))
        if not (erp_field and equals and path):
            raise ConfigError(f"rule {text!r} is neither `reference` nor `ERP_FIELD=MAINTAINX_FIELD`")
        known = description.fields
        if known is not None and erp_field != ERP_ID and erp_field not in known:
            raise ConfigError(f"rule {text!r}: the ERP's records have no field {erp_field!r}")
        first, dot, _ = path.partition(".")
        if first not in (OBJECTS if dot else READABLE.keys()):
            raise ConfigError(f"rule {text!r}: work orders have no {path!r}; extra fields are `extraFields.NAME`")
        if first in NOT_IN_LISTS:
            raise ConfigError(f"rule {text!r}: MaintainX's lists of work orders do not show {first}")
        return cls(erp_field, path)

    @property
    def expands(self) -> tuple[WorkOrderRowExpand, ...]:
        """What a list of work orders must be asked for, so that its rows show the field."""
        return cast(tuple[WorkOrderRowExpand, ...], expands_of([self.maintainx], rows=True))

    def of_work_order(self, work_order: Mapping[str, Any]) -> str | None:
        """The value that must be equal, as text; None if it has none."""
        path = "asset.id" if self.maintainx == "assetId" else self.maintainx  # rows of a list have only the latter
        return str(work_order["id"]) if self.erp_field is None else _text(dig(work_order, path))

    def of_erp_record(self, record: ErpRecord, site: str, reference_length: int) -> str | None:
        """The same of an ERP record."""
        if self.erp_field is None:
            return _text(work_order_id_in(record.reference, site, reference_length))
        return _text(record.id if self.erp_field == ERP_ID else record.fields.get(self.erp_field))


@dataclass(frozen=True, slots=True)
class Match:
    """What was found about a value. value: None if there is none to match by.

    not_compared: they are linked, but the engine has not brought them in step yet.
    """

    kind: Kind
    value: str | None
    work_orders: tuple[int, ...] = ()
    erp_ids: tuple[str, ...] = ()
    detail: str = ""
    not_compared: bool = False


@dataclass(slots=True)
class Matching:
    """Everything that a site has, by what must be equal. Fill it, then ask `matches`. Keeps ids and values only."""

    site: str
    rule: LinkRule
    reference_length: int
    _work_orders: dict[int, str | None] = field(default_factory=dict)
    _erp_records: dict[str, str | None] = field(default_factory=dict)
    _records: dict[int, SyncRecord] = field(default_factory=dict)
    _shows_field: bool = False

    def add_work_order(self, work_order: Mapping[str, Any]) -> None:
        """A work order as `GET /workorders` has it, with extra fields; the same one may come again."""
        self._work_orders[work_order["id"]] = self.rule.of_work_order(work_order)

    def add_erp_record(self, record: ErpRecord) -> None:
        """A record as the ERP lists it; the same one may come again."""
        self._erp_records[record.id] = self.rule.of_erp_record(record, self.site, self.reference_length)
        self._shows_field |= self.rule.erp_field in (None, ERP_ID, *record.fields)

    def add_record(self, record: SyncRecord) -> None:
        """What is known already of a work order."""
        self._records[record.maintainx_id] = record

    @property
    def size(self) -> tuple[int, int]:
        """How many work orders and how many ERP records there are."""
        return len(self._work_orders), len(self._erp_records)

    @property
    def is_blind(self) -> bool:
        """Whether there are ERP records, but none of them shows the rule's field: it is probably a wrong name."""
        return bool(self._erp_records) and not self._shows_field

    def matches(self) -> Iterator[Match]:
        """Every work order and every ERP record, each at least once, in the order of work orders, then of ERP ids."""
        work_orders, erp_records = _by_value(self._work_orders), _by_value(self._erp_records)
        owners = {str(r.erp_id): number for number, r in self._records.items() if is_linked(r)}
        told: set[str] = set()
        for number, value in sorted(self._work_orders.items()):
            candidates = erp_records.get(value or "", [])
            others = work_orders.get(value or "", [])
            erp_id = self._erp_id(number)
            if erp_id is not None:
                yield self._linked(number, erp_id, value, candidates)
            elif not candidates:
                yield Match("maintainx_only", value, (number,))
            elif len(candidates) == len(others) == 1:
                yield self._pair(number, candidates[0], value, owners)
            unclear = len(candidates) > 1 or len(others) > 1
            if value is not None and candidates and unclear and value not in told:
                told.add(value)
                if any(self._erp_id(each) is None for each in others) or any(each not in owners for each in candidates):
                    yield Match("ambiguous", value, tuple(others), tuple(candidates))
        for erp_id, value in sorted(self._erp_records.items()):
            owner = owners.get(erp_id)
            if (value or "") in work_orders or owner in self._work_orders:
                continue
            ended = f"linked to work order {owner}, which MaintainX does not list any more"
            yield Match("erp_only", value, (), (erp_id,), self._why_alone(value) if owner is None else ended)

    def _erp_id(self, number: int) -> str | None:
        record = self._records.get(number)
        return record.erp_id if record is not None and is_linked(record) else None

    def _linked(self, number: int, erp_id: str, value: str | None, candidates: list[str]) -> Match:
        if candidates and erp_id not in candidates:
            return Match("conflict", value, (number,), tuple(candidates), f"the work order is linked to {erp_id}")
        record = self._records[number]
        not_compared = record.state == "linked" and not record.base and not record.conflicts
        detail = "" if erp_id in self._erp_records else "the ERP's list does not have this record"
        return Match("linked", value, (number,), (erp_id,), detail, not_compared=not_compared)

    def _pair(self, number: int, erp_id: str, value: str | None, owners: Mapping[str, int]) -> Match:
        detail, record = "", self._records.get(number)
        if erp_id in owners:
            detail = f"the ERP's record is linked to work order {owners[erp_id]}"
        elif record is not None and record.intent is not None:
            detail = "an ERP record is being made for it"
        return Match("conflict" if detail else "link", value, (number,), (erp_id,), detail)

    def _why_alone(self, value: str | None) -> str:
        if value is None:
            return ""
        what = f"work order {value}" if self.rule.erp_field is None else f"a work order with {value!r}"
        return f"MaintainX does not have {what}"


def _by_value(values: Mapping[Any, str | None]) -> dict[str, list[Any]]:
    grouped: dict[str, list[Any]] = defaultdict(list)
    for each, value in sorted(values.items()):
        if value is not None:
            grouped[value].append(each)
    return dict(grouped)


def counts(matches: Iterable[Match]) -> dict[Kind, int]:
    """How many there are of each kind."""
    found = [match.kind for match in matches]
    return {kind: found.count(kind) for kind in KINDS}


def _text(value: Any) -> str | None:
    if is_empty(value) or isinstance(value, list | Mapping):
        return None
    return value_key(value).strip()
