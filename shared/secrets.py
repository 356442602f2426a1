"""Secrets by name: from the environment, from mounted files, or from Secret Manager.

A name such as `maintainx-api-key-plant-1` is looked up, in this order, as
1. the environment variable `SECRET_MAINTAINX_API_KEY_PLANT_1`,
2. the file `maintainx-api-key-plant-1` in the folder $SECRETS_DIR (Cloud Run mounts secrets as files),
3. `projects/$GOOGLE_CLOUD_PROJECT/secrets/<name>/versions/latest` in Secret Manager.
Values are kept for CACHE_S; `refresh` reads again at once, for the caller whose credentials were just refused. While
the provider does not answer, the last value serves on, for up to STALE_S: a good secret does not turn bad because
somebody else is down, and MaintainX does not send a webhook twice. Each secret is read by one thread at a time; who
waited takes what that one found, a failure too.

A value that cannot be what its use wants (`shared.secret_forms`) is as good as none: SecretMissing says what is odd
about it. It does not make the last value serve on, either: who put it there wants the last one gone, and learns of the
mistake while he is at it. Where a secret holds several values, one a line, that goes for each line: the others serve,
and a warning tells which does not.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from shared.errors import SecretMissing, SecretUnavailable
from shared.secret_forms import LINE, LINES, Form, oddity, rows, text_of, trimmed, why_no_text

CACHE_S = 300.0
REFUSED_MIN_AGE_S = 10.0
"""Refused deliveries must not become requests to Secret Manager: for their sake a secret is read at most this often."""
STALE_S = 86_400.0
"""How long a secret that was read serves on while the provider does not answer."""
# How long a failure stands for all who ask, so that a flood of deliveries does not become one of requests.
_MISSING_S = 10.0
_UNAVAILABLE_S = 1.0
_STALE_AGAIN_S = 10.0
_REMOTE_TIMEOUT_S = 2.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of one secret; times by the clock of Secrets. error: what stands in for it until error_until."""

    value: str | None = None
    read_at: float = float("-inf")
    tried_at: float = float("-inf")
    believed_until: float = float("-inf")
    error: SecretMissing | SecretUnavailable | None = None
    error_until: float = float("-inf")

    def failed(self, error: SecretMissing | SecretUnavailable, now: float) -> _Known:
        """The same after a reading that failed: an absent answer prolongs what is known, a negative one does not."""
        missing = isinstance(error, SecretMissing)
        prolonged = self.believed_until if missing else min(now + _STALE_AGAIN_S, self.read_at + STALE_S)
        return replace(
            self,
            tried_at=now,
            believed_until=max(self.believed_until, prolonged),
            error=error,
            error_until=now + (_MISSING_S if missing else _UNAVAILABLE_S),
        )

    def answer(self) -> str:
        """The value, or the error for want of one."""
        if self.value is not None:
            return self.value
        raise _again(self.error) if self.error else SecretMissing("never read")


_NOTHING = _Known()
_Key = tuple[str, Form]


class Secrets:
    """Reads secrets and remembers them for a while. Thread-safe.

    form: what the secret is used as. Of one that is used in two ways, each is read and remembered on its own.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        client_factory: Callable[[], Any] | None = None,
    ) -> None:
        self._clock = clock
        self._client_factory = client_factory or _secret_manager_client
        self._client: Any = None
        self._client_lock = threading.Lock()  # making the client may take seconds
        self._cache: dict[_Key, _Known] = {}
        self._reading: dict[_Key, threading.Lock] = {}

    def get(self, name: str, form: Form = LINES) -> str:
        """The secret's text without surrounding white space. Raises SecretMissing or SecretUnavailable.

        With LINES it may hold lines that cannot be used, beside one that can: `lines` leaves them out.
        """
        key = name, form
        known = self.cached(name, form)
        if known is not None:
            return known
        with self._lock_of(key):
            known = self.cached(name, form)
            if known is not None:
                return known
            before = self._known(key)
            if before.error is not None and self._clock() < before.error_until:
                raise _again(before.error)
            return self._read_or_stale(key)

    def cached(self, name: str, form: Form = LINES) -> str | None:
        """The secret if it was read in the last CACHE_S or has to serve on for now; never waits."""
        known = self._known((name, form))
        return known.value if self._clock() < known.believed_until else None

    def refresh(self, name: str, form: Form = LINES) -> str:
        """The secret as it is now, past the cache. Raises SecretMissing or SecretUnavailable."""
        key = name, form
        asked_at = self._clock()
        with self._lock_of(key):
            known = self._known(key)
            if known.tried_at <= asked_at:
                return self._read_anew(key)
        if known.read_at < known.tried_at and known.error is not None:
            raise _again(known.error)
        return known.answer()

    def refresh_if_older(self, name: str, age_s: float, form: Form = LINES) -> str:
        """The secret, read anew unless that was tried in the last `age_s`. Raises SecretMissing, SecretUnavailable."""
        key = name, form
        with self._lock_of(key):
            known = self._known(key)
            if self._clock() < known.tried_at + age_s:
                return known.answer()
            return self._read_or_stale(key)

    def _known(self, key: _Key) -> _Known:
        return self._cache.get(key, _NOTHING)

    def _lock_of(self, key: _Key) -> threading.Lock:
        return self._reading.setdefault(key, threading.Lock())

    def _read_or_stale(self, key: _Key) -> str:
        """The secret read anew; if the provider does not answer, as it was last. Under the secret's lock."""
        name, form = key
        try:
            return self._read_anew(key)
        except SecretUnavailable as error:
            stale = self.cached(name, form)
            if stale is None:
                raise
            age_s = round(self._clock() - self._known(key).read_at)
            extra = {"secret": name, "age_s": age_s, "reason": type(error).__name__}
            log.error("secret of %d s ago serves on: %s", age_s, error, extra=extra)
            return stale

    def _read_anew(self, key: _Key) -> str:
        name, form = key
        try:
            value = trimmed(self._read(name))
            if not value:
                raise SecretMissing(f"secret {name} is empty")
            odd = oddity(value, form)
            if odd and not (form.several_lines and lines(value)):
                raise SecretMissing(f"secret {name} {odd}; correct it")
        except (SecretMissing, SecretUnavailable) as error:
            self._cache[key] = self._known(key).failed(error, self._clock())
            raise
        if odd:
            told = "; ".join(f"line {number} {why}" for number, why in _odd_lines(value))
            log.warning("secret %s: %s; only the other lines serve, correct it", name, told, extra={"secret": name})
        now = self._clock()
        self._cache[key] = _Known(value, read_at=now, tried_at=now, believed_until=now + CACHE_S)
        return value

    def _read(self, name: str) -> str:
        value = os.environ.get(environment_variable(name))
        if value is not None:
            return value
        folder = os.environ.get("SECRETS_DIR")
        if folder:
            try:
                return _text(f"the file of secret {name}", (Path(folder) / name).read_bytes())
            except FileNotFoundError:
                pass
            except OSError as error:
                raise SecretUnavailable(f"secret {name}: its file cannot be read: {error.strerror}") from error
        return self._read_remote(name)

    def _read_remote(self, name: str) -> str:
        from google.api_core import exceptions  # heavy; only where Secret Manager is really asked

        project = os.environ.get("GOOGLE_CLOUD_PROJECT")
        if not project:
            raise SecretMissing(f"secret {name}: not in the environment or files, and GOOGLE_CLOUD_PROJECT is not set")
        resource = f"projects/{project}/secrets/{name}/versions/latest"
        try:
            # The client's own retries would go on for a minute, whatever the time-out says.
            answer = self._made_client().access_secret_version(name=resource, retry=None, timeout=_REMOTE_TIMEOUT_S)
        except (exceptions.NotFound, exceptions.PermissionDenied, exceptions.FailedPrecondition) as error:
            raise SecretMissing(f"secret {resource}: {type(error).__name__}") from error
        except Exception as error:  # no credentials, no network, time-out: all may pass
            raise SecretUnavailable(f"secret {resource}: {type(error).__name__}") from error
        return _text(f"secret {resource}", answer.payload.data)

    def _made_client(self) -> Any:
        with self._client_lock:
            if self._client is None:
                self._client = self._client_factory()
            return self._client


def _text(what: str, data: bytes) -> str:
    text = text_of(data)
    if text is None:
        raise SecretMissing(f"{what} {why_no_text(data)}")
    return text


def _again(error: SecretMissing | SecretUnavailable) -> SecretMissing | SecretUnavailable:
    """A new error of the same kind: one raised many times over would gather tracebacks."""
    return type(error)(str(error))


def _secret_manager_client() -> Any:
    from google.cloud import secretmanager

    return secretmanager.SecretManagerServiceClient()


def environment_variable(name: str) -> str:
    """The variable that has precedence for the secret `name`."""
    return "SECRET_" + name.upper().replace("-", "_")


def lines(secret: str) -> tuple[str, ...]:
    """The values of a secret that holds several, one a line, without those that cannot be used."""
    return tuple(row for row in rows(secret) if row and not oddity(row, LINE))


def _odd_lines(secret: str) -> list[tuple[int, str]]:
    return [(number, odd) for number, row in enumerate(rows(secret), start=1) if (odd := oddity(row, LINE))]


secrets = Secrets()
"""The secrets of this process."""
