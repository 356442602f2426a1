"""Secrets that we write: one contract for files and Secret Manager, and what only Secret Manager can do to us."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from concurrent import futures
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.cloud import secretmanager
from google.cloud.secretmanager_v1 import types
from google.cloud.secretmanager_v1.services.secret_manager_service.transports import SecretManagerServiceGrpcTransport

from shared.errors import ConfigError, SecretMissing, SecretUnavailable
from shared.secret_versions import (
    FileSecretVersions,
    ManagerSecretVersions,
    SecretVersions,
    secret_versions_from_environment,
)
from shared.secrets import Secrets

NAME = "webhook-plant-1"
PROJECT = "p1"


@dataclass
class Vault:
    """Secret Manager as its documentation says: versions by number are there at once, `latest` lags behind."""

    versions: dict[str, list[bytes | None]] = field(default_factory=lambda: {NAME: []})  # None: destroyed
    lag: int = 0
    refuse: grpc.StatusCode | None = None
    destroyed: list[str] = field(default_factory=list)

    def AccessSecretVersion(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802  # the method's name
        held, version = self._secret(request.name, context), request.name.rpartition("/")[2]
        number = len(held) - self.lag if version == "latest" else int(version)
        if not 0 < number <= len(held):
            context.abort(grpc.StatusCode.NOT_FOUND, "no such version")
        if held[number - 1] is None:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "destroyed")
        name = f"{request.name.rpartition('/')[0]}/{number}"
        return types.AccessSecretVersionResponse.pb()(name=name, payload={"data": held[number - 1]})

    def AddSecretVersion(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        held = self._secret(request.parent + "/", context)
        held.append(request.payload.data)
        return types.SecretVersion.pb()(name=f"{request.parent}/versions/{len(held)}")

    def DestroySecretVersion(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        self._secret(request.name, context)[int(request.name.rpartition("/")[2]) - 1] = None
        self.destroyed.append(request.name)
        return types.SecretVersion.pb()(name=request.name)

    def _secret(self, resource: str, context: grpc.ServicerContext) -> list[bytes | None]:
        if self.refuse is not None:
            context.abort(self.refuse, "by the test")
        _, project, _, name = resource.split("/")[:4]
        if project != PROJECT or name not in self.versions:
            context.abort(grpc.StatusCode.NOT_FOUND, "no such secret")
        return self.versions[name]


REQUESTS: dict[str, Any] = {
    "AccessSecretVersion": types.AccessSecretVersionRequest,
    "AddSecretVersion": types.AddSecretVersionRequest,
    "DestroySecretVersion": types.DestroySecretVersionRequest,
}


@pytest.fixture
def vault() -> Vault:
    return Vault()


@pytest.fixture
def client(vault: Vault) -> Iterator[secretmanager.SecretManagerServiceClient]:
    """Google's own client, against a gRPC server that answers for `vault`."""
    methods = {
        name: grpc.unary_unary_rpc_method_handler(
            getattr(vault, name),
            request_deserializer=request.pb().FromString,
            response_serializer=lambda message: message.SerializeToString(),
        )
        for name, request in REQUESTS.items()
    }
    server = grpc.server(futures.ThreadPoolExecutor(2))
    service = "google.cloud.secretmanager.v1.SecretManagerService"
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, methods),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield secretmanager.SecretManagerServiceClient(transport=SecretManagerServiceGrpcTransport(channel=channel))
    server.stop(None).wait()


@pytest.fixture
def manager(client: object) -> ManagerSecretVersions:
    return ManagerSecretVersions(PROJECT, client_factory=lambda: client)


@pytest.fixture(params=["files", "manager"])
def versions(request: pytest.FixtureRequest, tmp_path: Path) -> SecretVersions:
    if request.param == "files":
        return FileSecretVersions(tmp_path)
    manager: ManagerSecretVersions = request.getfixturevalue("manager")
    return manager


@pytest.fixture
def reader(versions: SecretVersions, tmp_path: Path, client: object, monkeypatch: pytest.MonkeyPatch) -> Secrets:
    """The reading side of the same place."""
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", PROJECT)
    monkeypatch.delenv("SECRETS_DIR", raising=False)
    if isinstance(versions, FileSecretVersions):
        monkeypatch.setenv("SECRETS_DIR", str(tmp_path))
    return Secrets(client_factory=lambda: client)


# The contract


def test_nothing_was_ever_added(versions: SecretVersions) -> None:
    assert versions.newest(NAME) is None


def test_what_was_added_last_is_newest_and_is_what_is_read(versions: SecretVersions, reader: Secrets) -> None:
    for value in ("one", "two\nlines", "drei €"):
        versions.add(NAME, value)
        assert versions.newest(NAME) == reader.refresh(NAME) == value


def test_white_space_around_it_does_not_count(versions: SecretVersions) -> None:
    versions.add(NAME, " a\nb \n")
    assert versions.newest(NAME) == "a\nb"


def test_mark_of_windows_before_it_does_not_become_part_of_a_line(versions: SecretVersions) -> None:
    versions.add(NAME, "\ufeffa\nb")
    assert versions.newest(NAME) == "a\nb"


def test_text_in_another_encoding_is_missing(versions: SecretVersions, vault: Vault, tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes("value".encode("utf-16"))
    vault.versions[NAME] = ["value".encode("utf-16")]
    with pytest.raises(SecretMissing, match=f"{NAME} is UTF-16") as caught:
        versions.newest(NAME)
    assert caught.value.__context__ is None


def test_what_an_environment_variable_overrides_is_not_written(
    versions: SecretVersions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_WEBHOOK_PLANT_1", "from the environment")
    with pytest.raises(ConfigError, match="SECRET_WEBHOOK_PLANT_1"):
        versions.add(NAME, "x")
    assert versions.newest(NAME) is None


def test_keep_leaves_the_newest(versions: SecretVersions) -> None:
    for number in range(6):
        versions.add(NAME, f"value {number}", keep=2)
    assert versions.newest(NAME) == "value 5"


# Secret Manager


def test_newest_is_found_though_latest_lags_behind(manager: ManagerSecretVersions, vault: Vault) -> None:
    for number in range(1, 5):
        manager.add(NAME, f"value {number}")
    for lag in range(5):
        vault.lag = lag
        assert manager.newest(NAME) == "value 4"


def test_destroyed_versions_in_between_do_not_hide_the_newest(manager: ManagerSecretVersions, vault: Vault) -> None:
    vault.versions[NAME] = [b"1", None, None, b"4"]
    vault.lag = 3
    assert manager.newest(NAME) == "4"


def test_only_versions_beyond_keep_are_destroyed(manager: ManagerSecretVersions, vault: Vault) -> None:
    for number in range(5):
        manager.add(NAME, f"value {number}", keep=3)
    assert [value is None for value in vault.versions[NAME]] == [True, True, False, False, False]
    manager.add(NAME, "without keep")
    assert len(vault.destroyed) == 2


def test_value_that_cannot_be_sent_is_not_quoted(vault: Vault) -> None:
    value = "".join(("a", "-", "secret"))  # not in the source line that a traceback shows

    class Quoting:
        def add_secret_version(self, *, request: dict[str, Any], timeout: float) -> Any:
            raise TypeError(f"{request} within {timeout} s")

    with pytest.raises(SecretUnavailable, match=r"TypeError$") as caught:
        ManagerSecretVersions(PROJECT, client_factory=Quoting).add(NAME, value)
    assert value not in "".join(traceback.format_exception(caught.value))


def test_secret_that_terraform_did_not_make_is_missing(manager: ManagerSecretVersions) -> None:
    with pytest.raises(SecretMissing, match="terraform apply"):
        manager.add("another", "x")


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (grpc.StatusCode.PERMISSION_DENIED, SecretMissing),
        (grpc.StatusCode.INTERNAL, SecretUnavailable),
        (grpc.StatusCode.UNAUTHENTICATED, SecretUnavailable),
    ],
)
def test_what_secret_manager_refuses(
    status: grpc.StatusCode, error: type[Exception], manager: ManagerSecretVersions, vault: Vault
) -> None:
    vault.refuse = status
    with pytest.raises(error, match=NAME):
        manager.newest(NAME)
    with pytest.raises(error, match=NAME):
        manager.add(NAME, "x")


def test_destroyed_latest_is_not_taken_for_an_empty_secret(manager: ManagerSecretVersions, vault: Vault) -> None:
    vault.versions[NAME] = [b"1", None]
    with pytest.raises(SecretMissing, match="FailedPrecondition"):
        manager.newest(NAME)


# Files


def test_file_is_replaced_and_leaves_nothing_else_behind(tmp_path: Path) -> None:
    versions = FileSecretVersions(tmp_path)
    versions.add(NAME, "one")
    versions.add(NAME, "two")
    assert [path.name for path in tmp_path.iterdir()] == [NAME]
    assert (tmp_path / NAME).stat().st_mode & 0o077 == 0


def test_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(SecretMissing, match=NAME):
        FileSecretVersions(tmp_path / "absent").add(NAME, "x")


def test_place_is_the_one_that_secrets_are_read_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path))
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", PROJECT)
    assert isinstance(secret_versions_from_environment(), FileSecretVersions)
    monkeypatch.delenv("SECRETS_DIR")
    assert isinstance(secret_versions_from_environment(), ManagerSecretVersions)
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT")
    with pytest.raises(ConfigError, match="GOOGLE_CLOUD_PROJECT"):
        secret_versions_from_environment()
