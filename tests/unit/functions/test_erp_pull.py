"""erp_pull as it is served: an ERP behind a real socket, a fake broker and state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from local.erp.testing import Simulator, running_simulator
from shared.events import Event
from shared.state import RecordKey
from shared.sync import pull
from shared.sync.parts import KIND, blank_record
from tests.fakes.process import forget
from tests.fakes.publisher import FakePublisher
from tests.fakes.settings import SITES, Settings
from tests.fakes.state import MemoryStateStore
from tests.fakes.sync_world import EXAMPLE_MAPPING
from tests.unit.conftest import LogLines

Load = Callable[[str], FlaskClient]
Call = Callable[[Any], tuple[int, dict[str, Any]]]
SITE, WORK_ORDER = "plant-1", 9001001
ORDER = {
    "externalReference": f"mx:{SITE}:{WORK_ORDER}",
    "shortText": "Replace seal",
    "status": "NEW",
    "priority": "1",
    "orderType": "PM01",
    "plant": "1010",
}
ERP = """\
    erp:
      adapter: rest
      base_url: {url}
      mapping: rest-example
      credentials_secret: erp-token
      rest:
        timeout_s: 5.0
        changed_field: changedAt
{settings}
"""
CHANGED = """\
        changed_parameter: changedSince
        paging: {style: offset, parameter: offset, size: 2, size_parameter: limit, more: hasMore}
"""


@pytest.fixture
def erp() -> Iterator[Simulator]:
    with running_simulator({SITE: "token"}) as simulator:
        yield simulator


@pytest.fixture
def configure(configured: Settings, erp: Simulator) -> Iterator[Callable[[str], None]]:
    """Gives plant-1 an ERP with these settings; plant-2 has none."""

    def write(settings: str) -> None:
        block = ERP.format(url=f"{erp.base_url}/{SITE}", settings=settings)
        text = SITES.replace("    events_secret: gateway\n", f"    events_secret: gateway\n{block}")
        (configured.config / "sites.yaml").write_text(text)
        (configured.config / "mappings" / "rest-example.yaml").write_text(EXAMPLE_MAPPING.read_text())
        configured.write_secret("erp-token", "token")
        forget()

    write(CHANGED)
    yield write
    forget()


@pytest.fixture
def call(load: Load, configure: Callable[[str], None]) -> Call:
    def post(body: Any) -> tuple[int, dict[str, Any]]:
        answer = load("erp_pull").post("/", json=body)
        return answer.status_code, answer.get_json()

    return post


def link(state: MemoryStateStore, erp: Simulator) -> str:
    """An order that is linked to the work order, and then changed by a person; its number."""
    made = erp.http.post(f"{erp.base_url}/{SITE}/orders", json=ORDER, headers={"Authorization": "Bearer token"})
    number = str(made.raise_for_status().json()["id"])
    record = blank_record(RecordKey(SITE, KIND, WORK_ORDER), ORDER["externalReference"], datetime.now(UTC))
    locked = state.lock_record(record.key, owner="test", lease_s=60)
    assert locked is not None
    state.save_record(locked, record)
    erp.edit(SITE, number, priority="3")
    return number


def test_what_a_person_changed_in_the_erp_is_published(
    call: Call, erp: Simulator, state: MemoryStateStore, broker: FakePublisher, logged: LogLines
) -> None:
    number = link(state, erp)
    for _ in range(4):  # more than a page
        body = {"shortText": "of the ERP's own", "orderType": "PM01"}
        erp.http.post(f"{erp.base_url}/{SITE}/orders", json=body, headers={"Authorization": "Bearer token"})
    logged()
    status, answer = call({"site": SITE})
    found = answer["sites"][SITE]
    assert (status, found["read"], found["published"], found["skipped"]) == (200, 5, 1, {"not_linked": 4})
    assert (found["complete"], len(found["ids"]["not_linked"])) == (True, 4)
    (message,) = broker.to("erp-push")
    assert message.attributes["type"] == "work_order.changed_in_erp"
    assert Event.from_json(message.data).data["erpId"] == number
    (line,) = [line for line in logged() if line.get("outcome")]
    assert (line["outcome"], line["site"], line["detail"]["published"]) == ("done", SITE, 1)


def test_next_call_goes_on_and_finds_the_same_event(
    call: Call, erp: Simulator, state: MemoryStateStore, broker: FakePublisher
) -> None:
    link(state, erp)
    first = call({"site": SITE})[1]["sites"][SITE]
    second = call({"site": SITE})[1]["sites"][SITE]
    assert datetime.fromisoformat(second["since"]) == datetime.fromisoformat(first["watermark"]) - timedelta(minutes=10)
    assert len({message.attributes["event_id"] for message in broker.published}) == 1


def test_comparison_reads_linked_records(call: Call, erp: Simulator, state: MemoryStateStore) -> None:
    status, answer = call({"site": SITE, "compare_all": True})
    found = answer["sites"][SITE]
    assert (status, found["since"], found["complete"]) == (200, None, True)


def test_sites_without_an_erp_are_skipped_with_their_reason(call: Call) -> None:
    status, answer = call({})
    assert status == 200
    assert answer["sites"]["plant-2"] == {"skipped": "no_erp"}
    assert answer["sites"][SITE]["complete"]


def test_erp_that_cannot_be_asked_what_changed_is_skipped_but_compared(
    call: Call, configure: Callable[[str], None]
) -> None:
    configure("")
    assert call({"site": SITE}) == (200, {"sites": {SITE: {"skipped": "cannot_ask_what_changed"}}})
    assert call({"site": SITE, "compare_all": True})[1]["sites"][SITE]["complete"]


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"sites": "plant-1"}, "sites"),
        ({"compare_all": "perhaps"}, "compare_all"),
        ({"since": "2026-09-14T12:00:00"}, "since"),
        ({"since": "2126-09-14T12:00:00Z"}, "future"),
        ({"since": "2026-09-14T12:00:00Z", "compare_all": True}, "no use"),
        ([], "body"),
    ],
)
def test_bad_body_is_refused_with_the_reason(call: Call, body: Any, fault: str) -> None:
    status, answer = call(body)
    assert status == 400
    assert fault in str(answer["faults"])


def test_unknown_site_is_404(call: Call) -> None:
    assert call({"site": "nowhere"})[0] == 404


def test_erp_that_is_down_is_503_and_leaves_no_watermark(call: Call, erp: Simulator, state: MemoryStateStore) -> None:
    erp.fault("outage")
    status, answer = call({"site": SITE})
    assert (status, answer["sites"][SITE]["error_class"]) == (503, "RemoteUnavailable")
    assert state.get_watermark(SITE, "erp_pull") is None


def test_refused_credentials_are_500_and_do_not_stop_other_sites(
    call: Call, configured: Settings, logged: LogLines
) -> None:
    configured.write_secret("erp-token", "wrong")
    status, answer = call({})
    assert (status, answer["sites"][SITE]["error_class"]) == (500, "AuthenticationFailed")
    assert answer["sites"]["plant-2"] == {"skipped": "no_erp"}
    assert any(line["severity"] == "ERROR" for line in logged())


def test_run_that_is_cut_short_goes_on_with_the_next_one(
    call: Call, monkeypatch: pytest.MonkeyPatch, erp: Simulator, state: MemoryStateStore
) -> None:
    link(state, erp)
    for _ in range(4):
        body = {"shortText": "of the ERP's own", "orderType": "PM01"}
        erp.http.post(f"{erp.base_url}/{SITE}/orders", json=body, headers={"Authorization": "Bearer token"})
    left = iter([100.0, 100.0, 0.0] + [100.0] * 20)
    monkeypatch.setattr(pull, "remaining_s", lambda: next(left))
    status, answer = call({"site": SITE})
    found = answer["sites"][SITE]
    assert (status, found["read"], found["complete"], found["watermark"]) == (200, 2, False, None)
    status, answer = call({"site": SITE})
    found = answer["sites"][SITE]
    assert (status, found["read"], found["complete"], found["skipped"]["seen"]) == (200, 5, True, 2)
    assert found["watermark"] is not None


def test_run_without_time_is_503(call: Call, monkeypatch: pytest.MonkeyPatch, erp: Simulator, state: Any) -> None:
    link(state, erp)
    monkeypatch.setenv("HANDLER_DEADLINE_S", "20")
    status, answer = call({"site": SITE})
    assert (status, answer["sites"][SITE]["complete"]) == (503, False)
    assert "no time" in answer["sites"][SITE]["error"]
