"""Where the story of a work order comes from: BigQuery, Firestore, Pub/Sub, MaintainX and the ERP, asked at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import httpx
from google.auth.exceptions import DefaultCredentialsError

from ops.exits import said
from ops.output import note
from shared.config.routes import Route
from shared.errors import BridgeError, RecordNotFound, StateUnavailable
from shared.state import KnownClaim, RecordKey, SyncRecord
from shared.sync import trace as story
from shared.sync.intent import Intent
from shared.sync.new_in_erp import NEW_IN_ERP_EVENT, marked_erp_id
from shared.sync.parts import KIND
from shared.sync.unfinished import Unfinished, logs_command, unfinished
from shared.topics import project
from shared.warehouse.gateway import scalar, warehouse_from_environment

if TYPE_CHECKING:
    from shared.erp.base import ErpRecord

T = TypeVar("T")
_LIMIT = 1000
_LETTERS = 1000
# The raw tables, for the filter on publish_time: the views read the whole archive.
_ROWS = """
SELECT publish_time, message_id, data, attributes
FROM {table}
WHERE publish_time >= @since AND JSON_VALUE(data, '$.site') = @site AND {about}
ORDER BY publish_time DESC
LIMIT {limit}
"""
_ABOUT = {
    "raw_events": (
        "JSON_VALUE(data, '$.resource_id') = @record AND JSON_VALUE(data, '$.resource') IN ('work_order', 'sync')"
    ),
    "sync_audit_raw": "JSON_VALUE(data, '$.maintainx_id') = @record AND JSON_VALUE(data, '$.kind') = 'work_order'",
}


@dataclass(slots=True)
class Told:
    """All that the sources told. What is None was not found, or its source is among the errors."""

    site: str
    work_order_id: int
    moments: list[story.Moment] = field(default_factory=list)
    record: SyncRecord | None = None
    work_order: Mapping[str, Any] | None = None
    erp: ErpRecord | None = None
    fields: list[story.FieldLine] | None = None
    unfinished: list[Unfinished] = field(default_factory=list)
    errors: dict[str, Exception] = field(default_factory=dict)

    @property
    def knows_something(self) -> bool:
        """Whether the work order was ever heard of."""
        return bool(self.moments or self.record or self.work_order or self.erp)

    def to_json(self) -> dict[str, Any]:
        """The form for programs."""
        erp = self.erp
        return {
            "site": self.site,
            "work_order": self.work_order_id,
            "timeline": [asdict(moment) for moment in self.moments],
            "unfinished": [
                {**asdict(each), "logs": logs_command(each.event_id, project())} for each in self.unfinished
            ],
            "record": None if self.record is None else asdict(self.record),
            "maintainx": self.work_order,
            "erp": None if erp is None else {**asdict(erp), "fields": dict(erp.fields)},
            "fields": None if self.fields is None else [asdict(line) for line in self.fields],
            "in_step": None if self.fields is None else all(line.in_step for line in self.fields),
            "errors": {name: said(error) for name, error in self.errors.items()},
        }


@dataclass(frozen=True, slots=True)
class Sources:
    """The systems that know something of a work order. since: how far back the archive is read."""

    site: str
    work_order_id: int
    since: datetime
    has_erp: bool
    routes: tuple[Route, ...]

    def ask(self) -> Told:
        """Ask all of them at once, then those that need to know what the others said."""
        from shared.bootstrap import state_store

        told = Told(self.site, self.work_order_id)
        with ThreadPoolExecutor(8) as threads:

            def asked(name: str, call: Callable[[], T]) -> Callable[[], T | None]:
                future = threads.submit(call)

                def answer() -> T | None:
                    try:
                        return future.result()
                    except (BridgeError, httpx.TransportError, DefaultCredentialsError) as error:
                        told.errors[name] = error
                        return None

                return answer

            events = asked("events in BigQuery", lambda: self._rows("raw_events"))
            audit = asked("audit trail in BigQuery", lambda: self._rows("sync_audit_raw"))
            record = asked("state", lambda: state_store().get_record(self._key))
            letters = asked("dead letters", self._letters)
            work_order = asked("MaintainX", self._work_order)
            told.record = record()
            told.work_order = work_order()
            knows_link = "state" not in told.errors
            erp = asked("ERP", lambda: self._erp_record(told.record, told.work_order, state_answered=knows_link))
            archived = [*story.events_told(events() or ()), *story.audit_told(audit() or ())]
            claims = asked("claims", lambda: self._claims(_event_ids(archived, told.record)))
            told.erp = erp()
            found, failed = letters() or ([], {})
            told.errors |= failed
            claimed = story.claims_told(claims() or (), datetime.now(UTC))
            told.moments = story.timeline(archived, claimed, story.letters_told(found))
            if "claims" not in told.errors:
                told.unfinished = unfinished(told.moments, self.routes, told.work_order, datetime.now(UTC))
            fields = asked("comparison", lambda: self._fields(told))
            told.fields = fields()
        return told

    @property
    def _key(self) -> RecordKey:
        return RecordKey(self.site, KIND, self.work_order_id)

    def _rows(self, table: str) -> list[story.Row]:
        parameters = {
            "site": scalar("STRING", self.site),
            "record": scalar("STRING", str(self.work_order_id)),
            "since": scalar("TIMESTAMP", self.since),
        }
        statement = _ROWS.format(table=table, about=_ABOUT[table], limit=_LIMIT)
        rows = [story.Row(**dict(row.items())) for row in warehouse_from_environment().query(statement, parameters)]
        if len(rows) == _LIMIT:
            note(f"{table}: only the newest {_LIMIT} rows are shown")
        return rows

    def _claims(self, event_ids: Iterable[str]) -> list[KnownClaim]:
        from shared.bootstrap import state_store

        store = state_store()
        with ThreadPoolExecutor(8) as threads:
            found = threads.map(lambda event_id: store.list_claims(self.site, event_id), event_ids)
            return [claim for claims in found for claim in claims]

    def _letters(self) -> tuple[list[dict[str, Any]], dict[str, Exception]]:
        """Dead letters about the work order, and which pipelines could not be asked."""
        from google.cloud.pubsub_v1 import SubscriberClient

        from shared.dead_letters.letter import DeadLetterFilter
        from shared.dead_letters.queue import DeadLetters
        from shared.pubsub.publisher import publisher
        from shared.topics import PIPELINES

        wanted = DeadLetterFilter(site=self.site, resource_id=str(self.work_order_id))
        found: list[dict[str, Any]] = []
        failed: dict[str, Exception] = {}
        subscriber = SubscriberClient()
        with subscriber, ThreadPoolExecutor(len(PIPELINES)) as threads:
            letters = DeadLetters(subscriber, publisher)
            asked = {name: threads.submit(letters.list, p, wanted, _LETTERS) for name, p in PIPELINES.items()}
            for name, future in asked.items():
                try:
                    found += future.result()
                except BridgeError as error:
                    failed[f"dead letters of {name}"] = error
        # Of an ERP record, whose id may be the same number.
        return [letter for letter in found if letter["type"] != NEW_IN_ERP_EVENT], failed

    def _work_order(self) -> Mapping[str, Any] | None:
        from shared.bootstrap import maintainx_client, sync_engine
        from shared.sync.maintainx_side import MaintainXSide

        try:
            side = sync_engine(self.site).maintainx if self.has_erp else MaintainXSide(maintainx_client(self.site))
            return side.get_work_order(self.work_order_id)
        except RecordNotFound:
            return None

    def _erp_record(
        self, record: SyncRecord | None, work_order: Mapping[str, Any] | None, *, state_answered: bool
    ) -> ErpRecord | None:
        from shared.bootstrap import sync_engine

        if not self.has_erp:
            return None
        engine = sync_engine(self.site)
        erp_id = None if record is None else record.erp_id
        if record is None and work_order is not None:  # it may have been made of an order, and not be linked yet
            erp_id = marked_erp_id(work_order, self.site)
        if erp_id is None:
            if not state_answered:  # a record of another id may be linked to it
                raise StateUnavailable("which record is linked to it is not known")
            return engine.erp.find_by_reference(engine.reference(self.work_order_id))
        try:
            return engine.erp.get(erp_id)
        except RecordNotFound:
            return None

    def _fields(self, told: Told) -> list[story.FieldLine] | None:
        from shared.bootstrap import sync_engine

        if told.work_order is None or told.erp is None:
            return None
        engine = sync_engine(self.site)
        record = told.record
        if record is None:
            record = engine.new_record(RecordKey(self.site, KIND, self.work_order_id))
        status = engine.erp.description.status
        return story.field_lines(engine.mapping, engine.zone, record, told.work_order, told.erp, status)


def _event_ids(moments: Iterable[story.Moment], record: SyncRecord | None) -> list[str]:
    """Every event that is named anywhere, each once."""
    ids = [moment.event_id for moment in moments]
    if record is not None:
        ids += [str(parked["event_id"]) for parked in record.conflicts.values()]
        ids += [intent.event_id] if (intent := Intent.of(record)) is not None else []
    return list(dict.fromkeys(ids))
