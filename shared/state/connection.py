"""The thin edge to Firestore: one client for a process, conditional writes, our errors.

A call that got no answer is tried again by the client, and the first try may have been written after all. Each write
therefore leaves a mark of its own (`written_by`); a refused precondition is believed only if the document does not
carry the mark of this very write.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from google.api_core import exceptions as api
from google.api_core.retry import Retry, if_exception_type
from google.api_core.timeout import ConstantTimeout
from google.auth.exceptions import GoogleAuthError
from google.cloud import firestore

from shared.errors import LeaseLost, PermanentError, StateUnavailable

_TRANSIENT = (
    api.ServiceUnavailable,
    api.DeadlineExceeded,
    api.ResourceExhausted,
    api.InternalServerError,
    api.Aborted,
)
_REFUSED = (api.InvalidArgument, api.OutOfRange)


class StoreTime:
    """The store's own time: that of this machine, corrected by what the store's answers tell. Safe to share.

    Instances whose clocks differ by minutes so agree on when a lease ends, to within a call's way.
    """

    def __init__(self, local_clock: Callable[[], datetime]) -> None:
        self._local = local_clock
        self._ahead: timedelta | None = None

    @property
    def is_known(self) -> bool:
        """Whether any answer has told it."""
        return self._ahead is not None

    def learn(self, told: datetime) -> None:
        """An answer that has just come tells the store's time."""
        self._ahead = told - self._local()

    def now(self) -> datetime:
        """UTC; this machine's time until an answer has told the store's."""
        return self._local() + (self._ahead or timedelta())


class Connection:
    """The client and what is done with it. time: learns the store's time from each answer.

    The client is made on first use: a web server forks after the import, and a gRPC channel does not survive a fork.
    Versions are the `update_time` of a document as the client gives it. options: the retry and time-out arguments that
    every call gets.
    """

    def __init__(
        self,
        project: str | None,
        database: str,
        collection_prefix: str,
        *,
        attempt_timeout_s: float,
        call_timeout_s: float,
        time: StoreTime | None = None,
    ) -> None:
        # A plain number as `timeout` would be the time for all tries together.
        attempt = ConstantTimeout(attempt_timeout_s)
        retry = Retry(if_exception_type(*_TRANSIENT), initial=0.1, maximum=1.0, timeout=call_timeout_s)
        self.options: dict[str, Any] = {"retry": retry, "timeout": attempt}
        self._project = project
        self._database = database
        self._prefix = collection_prefix
        self._client: Any = None
        self._learn = (lambda _: None) if time is None else time.learn
        self._lock = threading.Lock()

    def client(self) -> Any:
        """The Firestore client, made now if need be."""
        with self._lock:
            if self._client is None:
                self._client = firestore.Client(project=self._project, database=self._database)
            return self._client

    def close(self) -> None:
        """Close the client; the next call makes a new one."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    def collection(self, name: str) -> Any:
        """The collection, which is also the query for all its documents."""
        return self.client().collection(self._prefix + name)

    def document(self, collection: str, document_id: str) -> Any:
        """The reference of a document; no call."""
        return self.collection(collection).document(document_id)

    def get(self, ref: Any) -> Any:
        """The snapshot of a document, which may say that there is none; or what a query finds, as a list."""
        found = ref.get(**self.options)
        snapshots = found if isinstance(found, list) else [found]
        if snapshots and snapshots[0].read_time is not None:
            self._learn(snapshots[0].read_time)
        return found

    def create(self, ref: Any, fields: dict[str, Any], token: str) -> Any:
        """The version written, or None if the document exists."""
        try:
            return self._written(ref.create(fields | {"written_by": token}, **self.options))
        except api.AlreadyExists:
            return None

    def update(self, ref: Any, fields: dict[str, Any], token: str, version: Any) -> Any:
        """The version written, or None if the document is no longer as `version` says."""
        unchanged = self.client().write_option(last_update_time=version)
        try:
            return self._written(ref.update(fields | {"written_by": token}, option=unchanged, **self.options))
        except (api.FailedPrecondition, api.NotFound):
            return None

    def update_held(self, ref: Any, fields: dict[str, Any], version: Any, lease: str) -> Any:
        """The version written; LeaseLost, which names `lease`, if somebody else wrote since `version`."""
        token = uuid4().hex
        written = self.update(ref, fields, token, version)
        if written is not None:
            return written
        found = self.get(ref)
        if not written_by(found, token):
            raise LeaseLost(f"{lease} was taken over")
        return found.update_time

    def _written(self, result: Any) -> Any:
        self._learn(result.update_time)
        return result.update_time

    def delete(self, ref: Any, version: Any) -> None:
        """Delete the document if it is still as `version` says."""
        unchanged = self.client().write_option(last_update_time=version)
        try:
            ref.delete(option=unchanged, **self.options)
        except (api.FailedPrecondition, api.NotFound):
            return  # taken over, or deleted by an earlier try: not ours any more either way


def written_by(found: Any, token: str) -> bool:
    """Whether the write with this mark is the document's latest."""
    return bool(found.exists and found.to_dict().get("written_by") == token)


@contextmanager
def errors_named(what: str) -> Iterator[None]:
    """Errors of the client as errors of our tree, with the name of the key that the call was about.

    A missing right or database counts as unavailable: an operator can mend it, and no message may be lost till then.
    """
    try:
        yield
    except _REFUSED as error:
        raise PermanentError(f"{what}: the state store refuses the value: {error}") from error
    except (api.GoogleAPICallError, api.RetryError, GoogleAuthError) as error:
        raise StateUnavailable(f"{what}: {type(error).__name__}: {error}") from error
