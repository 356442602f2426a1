"""Secrets that this bundle writes itself: the newest version read for certain, a new one added.

`shared.secrets` reads what is to be used; it may lag behind, because the alias `latest` of Secret Manager does ("Data
consistency in Secret Manager": aliases converge within minutes, sometimes hours; a version read by its number is there
at once). Who appends to a secret must start from its true newest version, or a value is lost.
"""

from __future__ import annotations

import contextlib
import functools
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from shared.errors import ConfigError, SecretMissing, SecretUnavailable
from shared.secret_forms import text_of, trimmed, why_no_text
from shared.secrets import environment_variable

_TIMEOUT_S = 10.0
# So many versions after the one that `latest` names may be disabled or destroyed before we stop looking further.
_GAP = 20


class SecretVersions(Protocol):
    """Where secrets are kept. Safe to share between threads; two writers of one secret must take turns."""

    def newest(self, name: str) -> str | None:
        """The text that was added last, without surrounding white space; None if nothing ever was.

        Raises SecretMissing (not readable for us, or disabled) or SecretUnavailable (no answer).
        """
        ...

    def add(self, name: str, value: str, *, keep: int | None = None) -> None:
        """Make `value` the newest version; `keep`: destroy all but so many, for a secret that only we read.

        Raises SecretMissing (no such secret, or no right to write it), SecretUnavailable, ConfigError (an environment
        variable has precedence over whatever is written).
        """
        ...


class FileSecretVersions:
    """Files in a folder, one a secret. A file that does not exist yet is made."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def newest(self, name: str) -> str | None:
        """See SecretVersions."""
        try:
            data = (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SecretUnavailable(f"secret {name}: its file cannot be read: {type(error).__name__}") from error
        return _text(f"the file of secret {name}", data)

    def add(self, name: str, value: str, *, keep: int | None = None) -> None:  # noqa: ARG002  # a file has one version
        """See SecretVersions. Replaced in one step: a reader finds the old value or the new one, never half of it."""
        _refuse_shadowed(name)
        try:
            handle, temporary = tempfile.mkstemp(dir=self._folder, prefix=f".{name}.")
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    file.write(value + "\n")
                    file.flush()
                    os.fsync(file.fileno())
                Path(temporary).replace(self._folder / name)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise SecretMissing(f"secret {name}: its file cannot be written: {error.strerror}") from error


class ManagerSecretVersions:
    """Secret Manager. The secrets themselves are made by Terraform; here only their versions."""

    def __init__(self, project: str, *, client_factory: Callable[[], Any] | None = None) -> None:
        self._project = project
        self._client_factory = client_factory or _secret_manager_client

    @functools.cached_property
    def _client(self) -> Any:
        return self._client_factory()

    def newest(self, name: str) -> str | None:
        """See SecretVersions. One call, and one more for every version that `latest` does not know of yet."""
        from google.api_core import exceptions

        found = self._access(name, "latest")
        number, value = found or (0, None)
        for candidate in range(number + 1, number + 1 + _GAP):
            try:
                newer = self._call("access_secret_version", name=self._version(name, candidate))
            except exceptions.NotFound:
                break
            except exceptions.FailedPrecondition:  # disabled or destroyed: a newer one may still follow
                continue
            value = _text(f"secret {name}", newer.payload.data)
        return value

    def add(self, name: str, value: str, *, keep: int | None = None) -> None:
        """See SecretVersions. One call, with `keep` two."""
        from google.api_core import exceptions

        _refuse_shadowed(name)
        secret = f"projects/{self._project}/secrets/{name}"
        try:
            made = self._call("add_secret_version", parent=secret, payload={"data": value.encode()})
        except (exceptions.NotFound, exceptions.PermissionDenied) as error:
            hint = "`terraform apply` makes it, and lets us add versions"
            raise SecretMissing(f"secret {secret}: {type(error).__name__}; {hint}") from error
        if keep is not None and (outdated := _number(made.name) - keep) > 0:
            # One too many is no reason to fail; the next call destroys the next one.
            with contextlib.suppress(exceptions.GoogleAPICallError, SecretUnavailable):
                self._call("destroy_secret_version", name=self._version(name, outdated))

    def _access(self, name: str, version: str) -> tuple[int, str | None] | None:
        from google.api_core import exceptions

        try:
            answer = self._call(
                "access_secret_version", name=f"projects/{self._project}/secrets/{name}/versions/{version}"
            )
        except exceptions.NotFound:
            return None
        except (exceptions.PermissionDenied, exceptions.FailedPrecondition) as error:
            raise SecretMissing(f"secret {name}: {type(error).__name__}") from error
        return _number(answer.name), _text(f"secret {name}", answer.payload.data)

    def _version(self, name: str, number: int) -> str:
        return f"projects/{self._project}/secrets/{name}/versions/{number}"

    def _call(self, method: str, **request: Any) -> Any:
        """One call; what may pass becomes SecretUnavailable, a refusal stays Google's own error."""
        from google.api_core import exceptions
        from google.auth.exceptions import GoogleAuthError

        what = f"secret {request.get('name') or request.get('parent')}"
        try:
            return getattr(self._client, method)(request=request, timeout=_TIMEOUT_S)
        except (exceptions.NotFound, exceptions.PermissionDenied, exceptions.FailedPrecondition):
            raise
        except (exceptions.GoogleAPICallError, exceptions.RetryError, GoogleAuthError) as error:
            raise SecretUnavailable(f"{what}: {error}") from error
        except Exception as error:  # no network, for example; whatever it is, it may quote the request with the value
            raise SecretUnavailable(f"{what}: {type(error).__name__}") from None


def secret_versions_from_environment() -> SecretVersions:
    """Where `shared.secrets` finds them too: $SECRETS_DIR, else Secret Manager of $GOOGLE_CLOUD_PROJECT."""
    if folder := os.environ.get("SECRETS_DIR"):
        return FileSecretVersions(Path(folder))
    if project := os.environ.get("GOOGLE_CLOUD_PROJECT"):
        return ManagerSecretVersions(project)
    raise ConfigError("no place to keep secrets: set GOOGLE_CLOUD_PROJECT or SECRETS_DIR")


def _refuse_shadowed(name: str) -> None:
    variable = environment_variable(name)
    if variable in os.environ:
        raise ConfigError(f"secret {name} is set by the environment variable {variable}: it cannot be changed here")


def _number(resource: str) -> int:
    return int(resource.rpartition("/")[2])


def _text(what: str, data: bytes) -> str | None:
    text = text_of(data)
    if text is None:
        raise SecretMissing(f"{what} {why_no_text(data)}")
    return trimmed(text) or None


def _secret_manager_client() -> Any:
    from google.cloud import secretmanager

    return secretmanager.SecretManagerServiceClient()
