"""Every error of the bundle, as one tree.

BridgeError
├── TransientError            try again: the message goes back to Pub/Sub
│   ├── BrokerUnavailable     Pub/Sub did not acknowledge a publish
│   ├── StateUnavailable      Firestore did not answer
│   ├── NewerRecord           a later version of the bundle saved the record: wait for it, or go back to it
│   ├── LeaseLost             another instance took over the record or claim
│   ├── RecordBusy            another instance works on the record right now
│   ├── SecretUnavailable     Secret Manager did not answer
│   ├── RemoteUnavailable     MaintainX, ERP or a chat service: network error, 5xx, time-out
│   │   ├── RateLimited       429; carries retry_after_s
│   │   ├── ServerFailed      MaintainX answered with a server error
│   │   ├── NetworkFailed     MaintainX did not answer
│   │   ├── NotTakenOn        nothing was done: refused for the moment (423, 425), or no time left to ask
│   │   ├── OutcomeUnknown    a write was sent and not answered: it may have been done
│   │   └── BreakerOpen       nothing was sent, as the system keeps failing; carries retry_after_s
│   ├── RecordNotVisible      MaintainX answers 404 for a record of whose deletion nobody told
│   ├── VersionConflict       412: somebody else wrote the record since we read it
│   └── WarehouseUnavailable  BigQuery did not answer
└── PermanentError            trying again cannot help: the message goes to the dead letters at once
    ├── ConfigError           sites.yaml, routes.yaml or a mapping is wrong
    ├── MalformedEvent        not an event of ours
    ├── UnknownSite           the event names a site that sites.yaml does not have
    ├── MappingError          a value that the mapping has no answer for
    ├── DuplicateRecord       two records of the remote side carry one external reference
    ├── StatusNotPossible     the ERP cannot bring a record from its status to the one wanted
    ├── TooManySteps          a run of the sync found no end: a fault of ours, or two systems that undo each other
    ├── UnsendableRequest     a request that no HTTP library would send; nothing was sent
    ├── RemoteRejected        the remote side refuses the request (4xx); carries status
    │   ├── AuthenticationFailed   401
    │   ├── PermissionDenied       403
    │   ├── RecordNotFound         404
    │   └── ValidationFailed       400; carries faults, each with the path of the field
    ├── SecretMissing         no such secret, an empty one, or one that cannot be used for what it is there for
    ├── NotificationRejected  addresses of a notification are unusable
    └── NotificationUnconfirmed  sent twice and confirmed by nobody: it may have arrived

What a handler does with an error follows from its class (`transient`), never from status codes at the call site.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


class BridgeError(Exception):
    """Base of all errors here. The message names site, record and event where known; never a secret or a payload."""

    transient: ClassVar[bool] = False


class TransientError(BridgeError):
    """Worth trying again. `retry_after_s` is the other side's own wish, if it stated one."""

    transient: ClassVar[bool] = True

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class PermanentError(BridgeError):
    """Trying again cannot help until a person changes something."""


class BrokerUnavailable(TransientError):
    """Pub/Sub did not acknowledge a publish."""


class StateUnavailable(TransientError):
    """The state store did not answer."""


class NewerRecord(TransientError):
    """See the tree above."""


class LeaseLost(TransientError):
    """The lease of a record or claim was taken over by another instance."""


class RecordBusy(TransientError):
    """Another instance holds the record's lease."""


class SecretUnavailable(TransientError):
    """The secret provider did not answer."""


class RemoteUnavailable(TransientError):
    """A remote system could not be reached or answered with a server error."""


class RateLimited(RemoteUnavailable):
    """A remote system asked us to slow down."""


class ServerFailed(RemoteUnavailable):
    """A remote system answered, but with a server error (5xx, 408) or with nothing that can be read."""


class NetworkFailed(RemoteUnavailable):
    """A remote system could not be reached, or did not answer in time."""


class OutcomeUnknown(RemoteUnavailable):
    """A write was sent and its answer never came: it may have been done, or may yet be done."""


class NotTakenOn(RemoteUnavailable):
    """Nothing was done: a remote system refuses the request for the moment, or no time was left to send it."""


class BreakerOpen(RemoteUnavailable):
    """Nothing was sent: the remote system keeps failing and is left alone for a while (`shared.breaker`)."""


class RecordNotVisible(TransientError):
    """MaintainX answers 404 for a record of whose deletion nobody told.

    Either the event of the deletion is still on its way, or the API key's user may not see the record any more: if that
    lasts, somebody must know.
    """


class VersionConflict(TransientError):
    """A conditional write was refused because the record changed since it was read (HTTP 412)."""


class WarehouseUnavailable(TransientError):
    """BigQuery did not answer or failed on its side."""


class ConfigError(PermanentError):
    """A configuration file is wrong. The message has file, path in the file and reason."""


class MalformedEvent(PermanentError):
    """The message is not an event of this bundle."""


class UnknownSite(PermanentError):
    """The site is not in sites.yaml."""


class MappingError(PermanentError):
    """A record holds a value for which the mapping has no answer."""


class DuplicateRecord(PermanentError):
    """Two records of the remote side carry the external reference of one record of ours."""


class StatusNotPossible(PermanentError):
    """The ERP cannot bring a record from the status it is in to the one that is wanted; nothing was sent."""


class TooManySteps(PermanentError):
    """See the tree above."""


class UnsendableRequest(PermanentError):
    """A request is not legal as it is, a header or an address for example; nothing was sent. Names no value of it."""


class RemoteRejected(PermanentError):
    """A remote system refuses the request; `status` is its HTTP status."""

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status


class AuthenticationFailed(RemoteRejected):
    """The remote system does not accept our credentials (HTTP 401)."""


class PermissionDenied(RemoteRejected):
    """Our credentials lack the right (HTTP 403)."""


class RecordNotFound(RemoteRejected):
    """The record does not exist, or is not visible to us (HTTP 404)."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that a remote system finds wrong with a request. field_path: dotted, "" if none was named."""

    text: str
    field_path: str = ""


class ValidationFailed(RemoteRejected):
    """A remote system finds the request itself wrong (HTTP 400); `faults` says what and where."""

    def __init__(self, message: str, *, status: int, faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(message, status=status)
        self.faults = faults


class SecretMissing(PermanentError):
    """The secret does not exist, is empty, or is not of the form that its use wants. Never tells the value."""


class NotificationRejected(PermanentError):
    """Addresses of a notification cannot be used."""


class NotificationUnconfirmed(PermanentError):
    """A notification was sent twice to an address, and its service confirmed neither: it may have arrived."""
