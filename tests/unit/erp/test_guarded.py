"""What of an ERP's answers opens the breaker, and what the log says of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.breaker import Breaker
from shared.erp.base import ErpAdapter, ErpDescription, ErpRecord
from shared.erp.guarded import GuardedErp
from shared.errors import (
    AuthenticationFailed,
    BreakerOpen,
    ConfigError,
    DuplicateRecord,
    NetworkFailed,
    NotTakenOn,
    OutcomeUnknown,
    RateLimited,
    RecordNotFound,
    RemoteRejected,
    RemoteUnavailable,
    SecretUnavailable,
    ServerFailed,
    StatusNotPossible,
    VersionConflict,
)
from shared.logs import configure_logging
from tests.unit.conftest import LogLines

FAILURES, PAUSE_S = 3, 10.0
SINCE = datetime(2026, 9, 14, tzinfo=UTC)


class ErpThatRaises:
    """An adapter whose every call raises `error`, or answers None if there is none."""

    settle_s = 30.0
    description = ErpDescription()

    def __init__(self) -> None:
        self.error: BaseException | None = None
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*_arguments: Any, **_named: Any) -> None:
            self.asked.append(name)
            if self.error is not None:
                raise self.error

        return call

    def changed_since(self, since: datetime) -> Iterator[ErpRecord]:
        """Asks only when it is consumed, as the port says."""
        self.__getattr__("changed_since")(since)
        yield from ()


class World:
    def __init__(self) -> None:
        self.now_s = 0.0
        self.erp = ErpThatRaises()
        breaker = Breaker("erp", failures=FAILURES, pause_s=PAUSE_S, clock=lambda: self.now_s)
        self.guarded: ErpAdapter = GuardedErp(self.erp, breaker, "plant-1")

    def ask(self, error: BaseException | None = None, *, times: int = 1) -> None:
        """Ask the ERP, which raises `error`; the guard must raise the same."""
        self.erp.error = error
        for _ in range(times):
            if error is None:
                self.guarded.get("1")
                continue
            with pytest.raises(type(error)) as caught:
                self.guarded.get("1")
            assert caught.value is error

    def is_open(self) -> bool:
        before, self.erp.error = len(self.erp.asked), None
        try:
            self.guarded.get("1")
        except BreakerOpen:
            assert len(self.erp.asked) == before, "refused, and asked all the same"
            return True
        return False


@pytest.fixture
def world() -> World:
    return World()


def test_what_says_that_the_erp_is_away_opens(subtests: pytest.Subtests) -> None:
    cases: list[Exception] = [
        RemoteUnavailable("503"),
        ServerFailed("500"),
        NetworkFailed("no answer"),
        OutcomeUnknown("cut"),
        RateLimited("429", retry_after_s=1.0),
    ]
    for error in cases:
        with subtests.test(error=error):
            world = World()
            world.ask(error, times=FAILURES)
            assert world.is_open()


def test_an_answer_of_the_erp_ends_the_row_of_failures_and_the_trial(subtests: pytest.Subtests) -> None:
    cases: list[Exception | None] = [
        RemoteRejected("no", status=422),
        RecordNotFound("no", status=404),
        AuthenticationFailed("no", status=401),
        VersionConflict("412"),
        DuplicateRecord("two"),
        None,
    ]
    for error in cases:
        with subtests.test(error=error):
            world = World()
            for _ in range(3):
                world.ask(RemoteUnavailable("503"), times=FAILURES - 1)
                world.ask(error)
            world.ask(RemoteUnavailable("503"), times=FAILURES)
            world.now_s += PAUSE_S
            world.ask(error)
            world.ask(error)


def test_what_says_nothing_of_the_erp_neither_opens_nor_closes(subtests: pytest.Subtests) -> None:
    cases: list[BaseException] = [
        NotTakenOn("423"),
        SecretUnavailable("no answer"),
        ConfigError("no such key"),
        KeyError("a fault of ours"),
        KeyboardInterrupt(),
    ]
    for error in cases:
        with subtests.test(error=error):
            world = World()
            world.ask(error, times=9)
            world.ask(RemoteUnavailable("503"), times=FAILURES - 1)
            world.ask(error)
            world.ask(RemoteUnavailable("503"))
            assert world.is_open()
            world.now_s += PAUSE_S
            world.ask(error)  # the trial tells nothing
            world.ask(RemoteUnavailable("503"))  # so this is the next one
            assert world.is_open()


def test_every_method_is_guarded_and_opens_for_all_others(world: World) -> None:
    methods: dict[str, Callable[[], object]] = {
        "create": lambda: world.guarded.create({}, "mx:1"),
        "get": lambda: world.guarded.get("1"),
        "find_by_reference": lambda: world.guarded.find_by_reference("mx:1"),
        "update": lambda: world.guarded.update("1", {}, None),
        "set_status": lambda: world.guarded.set_status("1", "DONE", current="NEW", version=None),
        "changed_since": lambda: next(world.guarded.changed_since(SINCE)),
        "describe": lambda: world.guarded.describe(),
        "probe": lambda: world.guarded.probe(),
    }
    public = {name for name, value in vars(ErpAdapter).items() if callable(value) and not name.startswith("_")}
    assert methods.keys() == public
    world.erp.error = RemoteUnavailable("503")
    for call in list(methods.values())[:FAILURES]:
        with pytest.raises(RemoteUnavailable, match="503"):
            call()
    for call in methods.values():
        with pytest.raises(BreakerOpen):
            call()
    assert world.erp.asked == list(methods)[:FAILURES]


@pytest.mark.parametrize("name", ["set_status", "changed_since", "describe"])
def test_each_method_opens_the_breaker_by_itself(world: World, name: str) -> None:
    calls: dict[str, Callable[[], object]] = {
        "set_status": lambda: world.guarded.set_status("1", "DONE", current="NEW", version="1"),
        "changed_since": lambda: list(world.guarded.changed_since(SINCE)),
        "describe": lambda: world.guarded.describe(),
    }
    world.erp.error = RemoteUnavailable("503")
    for _ in range(FAILURES):
        with pytest.raises(RemoteUnavailable, match="503"):
            calls[name]()
    assert world.is_open()


def test_what_is_known_without_asking_is_told_while_the_breaker_is_open(world: World) -> None:
    world.ask(RemoteUnavailable("503"), times=FAILURES)
    assert world.is_open()
    assert world.guarded.settle_s == ErpThatRaises.settle_s
    assert world.guarded.description is ErpThatRaises.description


class ErpWithPages(ErpThatRaises):
    """Lists three records, and fails before the one at `fails_at`."""

    fails_at: int | None = None

    def changed_since(self, _since: datetime) -> Iterator[ErpRecord]:
        for number in range(3):
            self.asked.append(f"record {number}")
            if number == self.fails_at:
                raise RemoteUnavailable("503")
            yield ErpRecord(str(number), None, {}, None)


def test_each_record_of_a_listing_is_asked_for_only_if_the_breaker_admits_it() -> None:
    erp = ErpWithPages()
    breaker = Breaker("erp", failures=1, pause_s=PAUSE_S, clock=lambda: 0.0)
    guarded = GuardedErp(erp, breaker, "plant-1")
    assert [record.id for record in guarded.changed_since(SINCE)] == ["0", "1", "2"]
    listing = guarded.changed_since(SINCE)
    assert next(listing).id == "0"
    erp.fails_at = 1
    with pytest.raises(RemoteUnavailable):
        list(guarded.changed_since(SINCE))
    erp.asked.clear()
    with pytest.raises(BreakerOpen):
        next(listing)
    assert erp.asked == []


def test_a_status_that_is_not_possible_says_nothing_of_the_erp(world: World) -> None:
    world.ask(RemoteUnavailable("503"), times=FAILURES - 1)
    world.ask(StatusNotPossible("no steps lead there"))
    world.ask(RemoteUnavailable("503"))
    assert world.is_open()


def test_each_change_is_one_log_line_with_site_and_system(world: World, logged: LogLines) -> None:
    configure_logging("erp_push")
    world.ask(RemoteUnavailable("503"), times=FAILURES)
    assert world.is_open()
    world.now_s += PAUSE_S
    world.ask(RemoteUnavailable("503"))  # the trial fails
    world.now_s += 2 * PAUSE_S
    world.ask()
    world.ask()
    lines = [(line["severity"], line["message"], line["breaker"], line["site"], line["system"]) for line in logged()]
    assert lines == [
        ("ERROR", "breaker open", "open", "plant-1", "erp"),
        ("ERROR", "breaker open", "open", "plant-1", "erp"),
        ("INFO", "breaker closed", "closed", "plant-1", "erp"),
    ]
