"""Secrets by name: from the environment, from mounted files, or from Secret Manager.

A name such as `maintainx-api-key-plant-1` is looked up, in this order, as
1. the environment variable `SECRET_MAINTAINX_API_KEY_PLANT_1`,
2. the file `maintainx-api-key-plant-1` in the folder $SECRETS_DIR (Cloud Run mounts secrets as files),
3. `projects/$GOOGLE_CLOUD_PROJECT/secrets/<name>/versions/latest` in Secret Manager.
Values are kept for CACHE_S; `refresh` reads again at once, for the caller whose credentials were just refused.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from shared.errors import SecretMissing, SecretUnavailable

CACHE_S = 300.0
_REMOTE_TIMEOUT_S = 5.0


class Secrets:
    """Reads secrets and remembers them for a while. Thread-safe."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        client_factory: Callable[[], Any] | None = None,
    ) -> None:
        self._clock = clock
        self._client_factory = client_factory or _secret_manager_client
        self._client: Any = None
        self._cache: dict[str, tuple[float, str]] = {}
        self._lock = threading.Lock()

    def get(self, name: str) -> str:
        """The secret's text without surrounding white space. Raises SecretMissing or SecretUnavailable."""
        cached = self.cached(name)
        return self.refresh(name) if cached is None else cached

    def cached(self, name: str) -> str | None:
        """The secret if it was read in the last CACHE_S; never waits."""
        with self._lock:
            read_at, value = self._cache.get(name, (float("-inf"), ""))
        return value if self._clock() < read_at + CACHE_S else None

    def refresh(self, name: str) -> str:
        """The secret as it is now, past the cache."""
        value = self._read(name).strip()
        if not value:
            raise SecretMissing(f"secret {name} is empty")
        with self._lock:
            self._cache[name] = (self._clock(), value)
        return value

    def refresh_if_older(self, name: str, age_s: float) -> str:
        """The secret, read anew unless that was done in the last `age_s`."""
        with self._lock:
            read_at, value = self._cache.get(name, (float("-inf"), ""))
        return value if self._clock() < read_at + age_s else self.refresh(name)

    def _read(self, name: str) -> str:
        value = os.environ.get("SECRET_" + name.upper().replace("-", "_"))
        if value is not None:
            return value
        folder = os.environ.get("SECRETS_DIR")
        if folder:
            try:
                return (Path(folder) / name).read_text(encoding="utf-8")
            except FileNotFoundError:
                pass
            except UnicodeDecodeError as error:
                raise SecretMissing(f"secret {name}: its file is not UTF-8 text") from error
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
            with self._lock:
                if self._client is None:
                    self._client = self._client_factory()
            answer = self._client.access_secret_version(name=resource, timeout=_REMOTE_TIMEOUT_S)
        except (exceptions.NotFound, exceptions.PermissionDenied, exceptions.FailedPrecondition) as error:
            raise SecretMissing(f"secret {resource}: {type(error).__name__}") from error
        except Exception as error:  # no credentials, no network, time-out: all may pass
            raise SecretUnavailable(f"secret {resource}: {type(error).__name__}") from error
        try:
            return str(answer.payload.data.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise SecretMissing(f"secret {resource}: not UTF-8 text") from error


def _secret_manager_client() -> Any:
    from google.cloud import secretmanager

    return secretmanager.SecretManagerServiceClient()


def lines(secret: str) -> tuple[str, ...]:
    """The values of a secret that holds several, one a line."""
    return tuple(line.strip() for line in secret.splitlines() if line.strip())


secrets = Secrets()
"""The secrets of this process."""
