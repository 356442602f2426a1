"""Secrets: where they are looked up, how long they are believed, what is said when there are none."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.auth.exceptions import DefaultCredentialsError
from google.cloud import secretmanager
from google.cloud.secretmanager_v1.services.secret_manager_service.transports import SecretManagerServiceGrpcTransport
from google.cloud.secretmanager_v1.types import AccessSecretVersionRequest, AccessSecretVersionResponse

from shared.errors import SecretMissing, SecretUnavailable
from shared.secrets import CACHE_S, Secrets, lines

NAME = "webhook-plant-1"
VARIABLE = "SECRET_WEBHOOK_PLANT_1"


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


class Vault:
    """Secret Manager's answers: the bytes of a secret, or the status to refuse with."""

    def __init__(self) -> None:
        self.content: dict[str, bytes | grpc.StatusCode] = {}
        self.asked: list[str] = []

    def answer(self, request: Any, context: grpc.ServicerContext) -> Any:
        self.asked.append(request.name)
        found = self.content.get(request.name, grpc.StatusCode.NOT_FOUND)
        if isinstance(found, grpc.StatusCode):
            context.abort(found, "by the test")
        return AccessSecretVersionResponse.pb()(name=request.name, payload={"data": found})


@pytest.fixture
def vault() -> Vault:
    return Vault()


@pytest.fixture
def client(vault: Vault) -> Iterator[secretmanager.SecretManagerServiceClient]:
    """Google's own client, against a gRPC server that gives `vault`'s answers."""
    method = grpc.unary_unary_rpc_method_handler(
        vault.answer,
        request_deserializer=AccessSecretVersionRequest.pb().FromString,
        response_serializer=lambda message: message.SerializeToString(),
    )
    service = "google.cloud.secretmanager.v1.SecretManagerService"
    server = grpc.server(futures.ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {"AccessSecretVersion": method}),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        transport = SecretManagerServiceGrpcTransport(channel=channel)
        yield secretmanager.SecretManagerServiceClient(transport=transport)
    server.stop(None).wait()


@pytest.fixture(autouse=True)
def _nothing_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in (VARIABLE, "SECRETS_DIR", "GOOGLE_CLOUD_PROJECT"):
        monkeypatch.delenv(variable, raising=False)


def never() -> Any:
    raise AssertionError("Secret Manager is asked")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path))
    return tmp_path


def test_environment_comes_before_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / NAME).write_text("from the file\n")
    assert Secrets(client_factory=never).get(NAME) == "from the file"
    monkeypatch.setenv(VARIABLE, " from the environment ")
    assert Secrets(client_factory=never).get(NAME) == "from the environment"


def test_secret_manager_is_asked_last(
    folder: Path, monkeypatch: pytest.MonkeyPatch, vault: Vault, client: object
) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p1")
    vault.content[f"projects/p1/secrets/{NAME}/versions/latest"] = b"from Secret Manager\n"
    secrets = Secrets(client_factory=lambda: client)
    assert secrets.get(NAME) == secrets.get(NAME) == "from Secret Manager"
    assert vault.asked == [f"projects/p1/secrets/{NAME}/versions/latest"]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (grpc.StatusCode.NOT_FOUND, SecretMissing),
        (grpc.StatusCode.PERMISSION_DENIED, SecretMissing),
        (grpc.StatusCode.FAILED_PRECONDITION, SecretMissing),  # a disabled version
        (b"", SecretMissing),
        (b" \n", SecretMissing),
        (b"\xff\xfe", SecretMissing),
        (grpc.StatusCode.INTERNAL, SecretUnavailable),
        (grpc.StatusCode.UNAUTHENTICATED, SecretUnavailable),
    ],
)
def test_what_secret_manager_refuses(
    answer: bytes | grpc.StatusCode,
    error: type[Exception],
    monkeypatch: pytest.MonkeyPatch,
    vault: Vault,
    client: object,
) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p1")
    vault.content[f"projects/p1/secrets/{NAME}/versions/latest"] = answer
    with pytest.raises(error, match=NAME):
        Secrets(client_factory=lambda: client).get(NAME)


def no_credentials() -> Any:
    raise DefaultCredentialsError("none")


def test_no_credentials_may_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p1")
    with pytest.raises(SecretUnavailable):
        Secrets(client_factory=no_credentials).get(NAME)


@pytest.mark.parametrize("value", ["", "  \n"])
def test_empty_secret_is_missing_wherever_it_stands(value: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / NAME).write_text(value)
    with pytest.raises(SecretMissing, match="is empty"):
        Secrets(client_factory=never).get(NAME)
    monkeypatch.setenv(VARIABLE, value)
    with pytest.raises(SecretMissing, match="is empty"):
        Secrets(client_factory=never).get(NAME)


def test_nowhere_to_look_is_missing() -> None:
    with pytest.raises(SecretMissing, match="GOOGLE_CLOUD_PROJECT is not set"):
        Secrets(client_factory=never).get(NAME)


def test_unreadable_file_is_named_without_its_content(folder: Path) -> None:
    (folder / "folder").mkdir()
    with pytest.raises(SecretUnavailable, match="folder"):
        Secrets(client_factory=never).get("folder")
    (folder / NAME).write_bytes(b"\xff")
    with pytest.raises(SecretMissing, match="not UTF-8"):
        Secrets(client_factory=never).get(NAME)


def test_secret_is_believed_for_a_while_and_then_read_anew(folder: Path) -> None:
    clock, path = Clock(), folder / NAME
    secrets = Secrets(clock=clock, client_factory=never)
    path.write_text("old")
    assert secrets.cached(NAME) is None
    assert secrets.get(NAME) == "old"
    path.write_text("new")
    clock.now_s += CACHE_S - 1
    assert secrets.get(NAME) == secrets.cached(NAME) == "old"
    clock.now_s += 1
    assert secrets.cached(NAME) is None
    assert secrets.get(NAME) == "new"


def test_refresh_reads_at_once_and_refresh_if_older_does_so_after_a_while(folder: Path) -> None:
    clock, path = Clock(), folder / NAME
    secrets = Secrets(clock=clock, client_factory=never)
    path.write_text("1")
    assert secrets.get(NAME) == "1"
    path.write_text("2")
    assert secrets.refresh(NAME) == secrets.get(NAME) == "2"
    path.write_text("3")
    clock.now_s += 9.9
    assert secrets.refresh_if_older(NAME, 10.0) == "2"
    clock.now_s += 0.1
    assert secrets.refresh_if_older(NAME, 10.0) == secrets.get(NAME) == "3"


def test_failed_refresh_leaves_what_is_known(folder: Path) -> None:
    secrets = Secrets(clock=Clock(), client_factory=never)
    (folder / NAME).write_text("known")
    assert secrets.get(NAME) == "known"
    (folder / NAME).write_text("")
    with pytest.raises(SecretMissing):
        secrets.refresh(NAME)
    assert secrets.get(NAME) == "known"


@pytest.mark.parametrize(
    ("secret", "values"),
    [("one", ("one",)), ("new\nold", ("new", "old")), (" new \r\n\n old\n", ("new", "old")), ("", ()), (" \n", ())],
)
def test_secret_of_several_lines_has_several_values(secret: str, values: tuple[str, ...]) -> None:
    assert lines(secret) == values
