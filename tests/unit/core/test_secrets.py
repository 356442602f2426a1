"""Secrets: where they are looked up, how long they are believed, what is said when there are none."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
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
from shared.secret_forms import HEADER
from shared.secrets import CACHE_S, STALE_S, Secrets, lines
from tests.fakes.clock import Clock

NAME = "webhook-plant-1"
VARIABLE = "SECRET_WEBHOOK_PLANT_1"
RESOURCE = f"projects/p1/secrets/{NAME}/versions/latest"


class Vault:
    """Secret Manager's answers: the bytes of a secret, or the status to refuse with."""

    def __init__(self) -> None:
        self.content: dict[str, bytes | grpc.StatusCode] = {}
        self.asked: list[str] = []
        self.may_answer = threading.Event()
        self.may_answer.set()

    def answer(self, request: Any, context: grpc.ServicerContext) -> Any:
        self.asked.append(request.name)
        assert self.may_answer.wait(30)
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


def test_mark_that_windows_puts_before_a_text_is_left_out_wherever_it_stands(
    folder: Path, monkeypatch: pytest.MonkeyPatch, vault: Vault, client: object
) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p1")
    marked = "\ufeffvalue\r\n"
    vault.content[RESOURCE] = marked.encode()
    assert Secrets(client_factory=lambda: client).get(NAME) == "value"
    (folder / NAME).write_bytes(marked.encode())
    assert Secrets(client_factory=never).get(NAME) == "value"
    monkeypatch.setenv(VARIABLE, marked)
    assert Secrets(client_factory=never).get(NAME) == "value"


def test_text_in_another_encoding_is_named_and_the_error_does_not_carry_it(folder: Path) -> None:
    for content, words in (("value".encode("utf-16"), "is UTF-16, not UTF-8"), (b"value\xff", "is not UTF-8")):
        (folder / NAME).write_bytes(content)
        with pytest.raises(SecretMissing, match=f"{NAME} {words}") as caught:
            Secrets(client_factory=never).get(NAME)
        assert (caught.value.__cause__, caught.value.__context__) == (None, None)


def test_value_that_its_use_does_not_take_is_as_good_as_none(folder: Path) -> None:
    clock = Clock()
    secrets = Secrets(clock=clock, client_factory=never)
    (folder / NAME).write_text("good")
    assert secrets.get(NAME, HEADER) == secrets.get(NAME) == "good"
    (folder / NAME).write_text("new\ngood")
    with pytest.raises(SecretMissing, match=f"^secret {NAME} has 2 lines where one is wanted; correct it$"):
        secrets.refresh(NAME, HEADER)
    assert secrets.get(NAME, HEADER) == "good"  # as with one that was taken away, for what is left of its time
    clock.now_s += CACHE_S
    with pytest.raises(SecretMissing, match="2 lines"):
        secrets.get(NAME, HEADER)
    assert secrets.get(NAME) == "new\ngood"  # another use takes it
    (folder / NAME).write_text("new")
    with pytest.raises(SecretMissing, match="2 lines"):
        secrets.get(NAME, HEADER)  # still the failure of a moment ago
    clock.now_s += 10
    assert secrets.get(NAME, HEADER) == "new"


def test_odd_line_is_left_out_and_told_once_a_reading(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    secrets = Secrets(clock=clock, client_factory=never)
    (folder / NAME).write_text("good-1\n\nbad\u200b-1\ngood-2\nbad\u2028-2", encoding="utf-8")
    for _ in range(2):
        assert lines(secrets.get(NAME)) == ("good-1", "good-2")
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        (
            "WARNING",
            f"secret {NAME}: line 3 holds U+200B ZERO WIDTH SPACE, which nobody sees (character 4); "
            "line 5 holds U+2028 LINE SEPARATOR, which nobody sees (character 4); "
            "only the other lines serve, correct it",
        )
    ]
    secrets.refresh(NAME)
    assert len(caplog.records) == 2
    clock.now_s += CACHE_S
    (folder / NAME).write_text("bad\u200b-1\n\nbad\u2028-2", encoding="utf-8")
    with pytest.raises(SecretMissing, match=f"^secret {NAME} holds U.200B .* of line 1.; correct it$"):
        secrets.get(NAME)
    assert len(caplog.records) == 2


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


@pytest.fixture
def remote(monkeypatch: pytest.MonkeyPatch, vault: Vault, client: object) -> tuple[Secrets, Vault, Clock]:
    """Secrets that come from Secret Manager, by a clock that is moved."""
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p1")
    clock = Clock()
    return Secrets(clock=clock, client_factory=lambda: client), vault, clock


def test_good_secret_serves_on_for_a_day_while_secret_manager_is_down(
    remote: tuple[Secrets, Vault, Clock], caplog: pytest.LogCaptureFixture
) -> None:
    secrets, vault, clock = remote
    vault.content[RESOURCE] = b"good"
    assert secrets.get(NAME) == "good"
    vault.content[RESOURCE] = grpc.StatusCode.UNAVAILABLE
    clock.now_s += CACHE_S
    assert [secrets.get(NAME), secrets.cached(NAME), secrets.refresh_if_older(NAME, 10.0)] == ["good"] * 3
    assert len(vault.asked) == 2
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    clock.now_s += STALE_S - CACHE_S - 1
    assert secrets.get(NAME) == "good"
    clock.now_s += 1
    assert secrets.cached(NAME) is None
    with pytest.raises(SecretUnavailable):
        secrets.get(NAME)


def test_secret_is_read_anew_soon_after_secret_manager_is_back(remote: tuple[Secrets, Vault, Clock]) -> None:
    secrets, vault, clock = remote
    vault.content[RESOURCE] = b"old"
    assert secrets.get(NAME) == "old"
    vault.content[RESOURCE] = grpc.StatusCode.UNAVAILABLE
    clock.now_s += CACHE_S
    assert secrets.get(NAME) == "old"
    vault.content[RESOURCE] = b"new"
    clock.now_s += 10
    assert secrets.get(NAME) == "new"


def test_secret_that_was_taken_away_does_not_serve_on(remote: tuple[Secrets, Vault, Clock]) -> None:
    secrets, vault, clock = remote
    vault.content[RESOURCE] = b"good"
    assert secrets.get(NAME) == "good"
    vault.content[RESOURCE] = grpc.StatusCode.FAILED_PRECONDITION
    clock.now_s += CACHE_S
    with pytest.raises(SecretMissing):
        secrets.get(NAME)


def test_missing_secret_is_asked_for_every_ten_seconds_at_most(remote: tuple[Secrets, Vault, Clock]) -> None:
    secrets, vault, clock = remote
    for _ in range(50):
        with pytest.raises(SecretMissing, match=NAME):
            secrets.get(NAME)
    assert len(vault.asked) == 1
    vault.content[RESOURCE] = b"there now"
    clock.now_s += 10
    assert secrets.get(NAME) == "there now"


@pytest.mark.parametrize("call", ["get", "refresh", "refresh_if_older"])
def test_many_who_ask_at_once_make_one_request(
    call: str, vault: Vault, client: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p1")
    vault.content[RESOURCE] = b"good"
    secrets = Secrets(client_factory=lambda: client)
    vault.may_answer.clear()
    ask: Callable[[str], str] = {
        "get": secrets.get,
        "refresh": secrets.refresh,
        "refresh_if_older": lambda name: secrets.refresh_if_older(name, 10.0),
    }[call]
    everybody = threading.Barrier(21)

    def asked() -> str:
        everybody.wait(30)
        return ask(NAME)

    with futures.ThreadPoolExecutor(20) as threads:
        answers = [threads.submit(asked) for _ in range(20)]
        everybody.wait(30)
        while not vault.asked:
            time.sleep(0.01)
        time.sleep(0.2)  # for the others to come and wait; one that is later still asks only after `refresh`
        vault.may_answer.set()
        assert {answer.result() for answer in answers} == {"good"}
    assert len(vault.asked) == 1


def test_hanging_secret_manager_is_given_up_and_holds_up_no_other_secret(
    vault: Vault, client: object, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p1")
    monkeypatch.setattr("shared.secrets._REMOTE_TIMEOUT_S", 0.3)
    (folder / "other").write_text("at hand")
    secrets = Secrets(client_factory=lambda: client)
    vault.may_answer.clear()
    try:
        with futures.ThreadPoolExecutor(1) as threads:
            hanging = threads.submit(secrets.get, NAME)
            while not vault.asked:
                time.sleep(0.01)
            assert secrets.get("other") == secrets.cached("other") == "at hand"
            assert secrets.cached(NAME) is None
            with pytest.raises(SecretUnavailable, match="DeadlineExceeded"):
                hanging.result(30)
        assert len(vault.asked) == 1
    finally:
        vault.may_answer.set()


def test_what_is_known_can_be_had_while_the_client_is_made(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p1")
    begun, may_end = threading.Event(), threading.Event()

    def slow_client() -> Any:
        begun.set()
        assert may_end.wait(30)
        raise DefaultCredentialsError("none")

    (folder / "other").write_text("at hand")
    secrets = Secrets(client_factory=slow_client)
    with futures.ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(secrets.get, NAME)
        assert begun.wait(30)
        assert secrets.cached(NAME) is None
        assert secrets.get("other") == secrets.cached("other") == "at hand"
        assert not waiting.done()
        may_end.set()
        with pytest.raises(SecretUnavailable):
            waiting.result(30)


def test_secret_of_several_lines_has_several_values(subtests: pytest.Subtests) -> None:
    cases: list[tuple[str, tuple[str, ...]]] = [
        ("one", ("one",)),
        ("new\nold", ("new", "old")),
        (" new \r\n\n old\n", ("new", "old")),
        ("n\u200bew\nold", ("old",)),
        ("new\n\ufeffold\nolder", ("new", "older")),
        ("one\u2028two\rthree", ("three",)),
        ("\u200b", ()),
        ("", ()),
        (" \n", ()),
    ]
    for secret, values in cases:
        with subtests.test(secret=secret):
            assert lines(secret) == values
