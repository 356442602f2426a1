"""Our client and the simulator, over a real socket."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from local.maintainx.control_client import SimControl
from shared.errors import AuthenticationFailed, RateLimited, RecordNotFound, RemoteRejected, RemoteUnavailable
from shared.maintainx.client import MaintainXClient
from shared.maintainx.queries import AssetFilter, WorkOrderFilter
from tests.integration.maintainx.plant import FAN, ORG, OTHER_USER, PUMP, TOKEN, api

START = datetime(2026, 9, 14, 12, tzinfo=UTC)


@pytest.fixture
def maintainx(control: SimControl) -> Iterator[MaintainXClient]:
    with MaintainXClient(control.api_url, lambda: TOKEN, ORG, max_wait_s=5.0) as client:
        yield client


def create(control: SimControl, count: int) -> list[int]:
    """Work orders made by the driver, one a simulated minute."""
    made = []
    with api(control) as driver:
        for number in range(count):
            control.set_clock(START + timedelta(minutes=number))
            made.append(driver.post("/workorders", json={"title": f"Order {number}", "assetId": PUMP}).json()["id"])
    return made


def test_life_of_a_work_order(maintainx: MaintainXClient) -> None:
    made = maintainx.create_work_order(
        {"title": "Replace seal", "assetId": PUMP, "assignees": [{"type": "USER", "id": "tech@example.com"}]}
    )
    order = maintainx.get_work_order(made)
    assert (order.status, order.asset_id, order.assignee_ids, order.due_date) == ("OPEN", PUMP, (OTHER_USER,), None)
    assert maintainx.change_work_order(made, {"priority": "HIGH", "assetId": FAN}).asset_id == FAN
    for status in ("IN_PROGRESS", "DONE", "OPEN", "DONE"):
        done = maintainx.set_work_order_status(str(made), status)
    assert done.progress is not None
    assert (done.progress.open_count, done.progress.in_progress_count, done.progress.done_count) == (2, 1, 2)
    assert done.completed_at == done.updated_at
    (row,) = maintainx.iter_work_orders(expand=("asset", "assignees"))
    assert (row.asset_id, row.assignee_ids, row.detail_asset_id) == (FAN, (OTHER_USER,), None)


def test_paging_reads_every_work_order_once(control: SimControl, maintainx: MaintainXClient) -> None:
    made = create(control, 11)
    rows = list(maintainx.iter_work_orders(WorkOrderFilter(sort="updatedAt"), page_size=3))
    assert [row.id for row in rows] == made


def test_changed_since_a_watermark_includes_the_watermark(control: SimControl, maintainx: MaintainXClient) -> None:
    made = create(control, 5)
    since = START + timedelta(minutes=3)
    rows = list(maintainx.iter_work_orders(WorkOrderFilter(updated_from=since, sort="updatedAt")))
    assert [row.id for row in rows] == made[3:]


def test_work_orders_that_start_in_the_future_are_in_a_full_copy(
    control: SimControl, maintainx: MaintainXClient
) -> None:
    control.set_clock(START)
    later = {"startDate": "2026-12-01T00:00:00Z", "dueDate": "2026-12-02T00:00:00Z"}
    made = maintainx.create_work_order({"title": "Inspection", **later})
    assert [row.id for row in maintainx.iter_work_orders()] == [made]
    assert list(maintainx.iter_work_orders(WorkOrderFilter(include_upcoming=False))) == []


def test_canceled_and_skipped_together_are_found(control: SimControl, maintainx: MaintainXClient) -> None:
    (made,) = create(control, 1)
    maintainx.set_work_order_status(made, "CANCELED")
    rows = list(maintainx.iter_work_orders(WorkOrderFilter(statuses=("CANCELED", "SKIPPED"))))
    assert [row.id for row in rows] == [made]
    with api(control) as raw:
        both = raw.get("/workorders", params={"statuses": ["CANCELED", "SKIPPED"]})
    assert both.json()["workOrders"] == [], "the live system's quirk, which the client avoids"


def test_assets_and_their_status_history(control: SimControl, maintainx: MaintainXClient) -> None:
    control.set_clock(START)
    maintainx.set_asset_status(PUMP, {"status": "OFFLINE", "downtimeType": "UNPLANNED"})
    control.set_clock(START + timedelta(hours=2))
    maintainx.set_asset_status(PUMP, {"status": "ONLINE"})
    online, offline, first = maintainx.iter_asset_statuses((PUMP,), page_size=2)
    assert (online.status, offline.status, first.status) == ("ONLINE", "OFFLINE", "ONLINE")
    assert (offline.downtime_type, offline.started_at, offline.ended_at) == (
        "UNPLANNED",
        START,
        START + timedelta(hours=2),
    )
    assert (first.ended_at, online.ended_at) == (START, None)
    assert maintainx.get_asset(PUMP).status is not None
    assert [asset.id for asset in maintainx.iter_assets(page_size=1)] == [PUMP, FAN]
    assert [asset.id for asset in maintainx.iter_assets(AssetFilter(custom_fields=(("ERP", ("10001",)),)))] == [PUMP]


def test_refusals_become_errors_of_our_tree(control: SimControl, maintainx: MaintainXClient) -> None:
    with pytest.raises(RecordNotFound):
        maintainx.get_work_order(1)
    with pytest.raises(RemoteRejected, match=r"Invalid category.*categories\.0.*Nonsense"):
        maintainx.create_work_order({"title": "x", "categories": ["Nonsense"]})
    with MaintainXClient(control.api_url, lambda: "nobody", ORG) as stranger, pytest.raises(AuthenticationFailed):
        stranger.get_work_order(1)


def test_read_survives_failures_of_maintainx(control: SimControl, maintainx: MaintainXClient) -> None:
    (made,) = create(control, 1)
    control.fail_next(2)
    assert maintainx.get_work_order(made).id == made
    control.fail_next(1, status=500)
    assert [row.id for row in maintainx.iter_work_orders()] == [made]


def test_write_whose_answer_is_lost_happened_once_and_is_reported(
    control: SimControl, maintainx: MaintainXClient
) -> None:
    control.fail_next(1, after=True)
    with pytest.raises(RemoteUnavailable):
        maintainx.create_work_order({"title": "Only one of me"})
    assert [row.title for row in maintainx.iter_work_orders()] == ["Only one of me"]


def test_rotated_key_is_picked_up(control: SimControl) -> None:
    with MaintainXClient(control.api_url, lambda: "old", ORG, refresh_key=lambda: TOKEN) as client:
        assert client.get_asset(PUMP).name == "Feed pump"


def test_client_that_uses_up_the_window_waits_and_goes_on(control: SimControl, maintainx: MaintainXClient) -> None:
    made = create(control, 6)
    control.configure(token_cap=4, rate_window_s=1.0)
    rows = list(maintainx.iter_work_orders(page_size=1))
    assert sorted(row.id for row in rows) == made


def test_closed_window_that_lasts_is_handed_on(control: SimControl, maintainx: MaintainXClient) -> None:
    control.configure(token_cap=1, rate_window_s=3600.0)
    maintainx.get_asset(PUMP)
    with pytest.raises(RateLimited) as caught:
        maintainx.get_asset(PUMP)
    assert caught.value.retry_after_s is not None
    assert 3000 < caught.value.retry_after_s < 3700


def test_subscriptions_are_made_read_and_deleted(maintainx: MaintainXClient) -> None:
    made = maintainx.create_subscription(
        "NEW_WORK_ORDER", "https://hooks.example.com/x", options={"serializeEntity": True}
    )
    assert made.secret is not None
    assert made.secret.startswith("mx_")
    assert maintainx.get_subscription(made.id).url == "https://hooks.example.com/x"
    maintainx.delete_subscription(made.id)
    with pytest.raises(RecordNotFound):
        maintainx.get_subscription(made.id)


def test_key_of_several_organizations_works_because_the_organization_is_always_named(control: SimControl) -> None:
    other = {
        "id": 4243,
        "name": "Plant 2",
        "tokens": [{"token": TOKEN, "userId": 1}],
        "assets": [{"id": 9, "name": "B"}],
    }
    control.seed(other)
    with MaintainXClient(control.api_url, lambda: TOKEN, 4243) as client:
        assert [asset.id for asset in client.iter_assets()] == [9]
    with api(control, TOKEN) as raw:
        assert raw.get("/assets").json() == {"errors": [{"error": "Missing x-organization-id header."}]}


def test_connection_refused_is_a_transient_error() -> None:
    with MaintainXClient("http://127.0.0.1:1", lambda: TOKEN, ORG) as client, pytest.raises(RemoteUnavailable):
        client.create_work_order({"title": "x"})


def test_closed_client_opens_again(maintainx: MaintainXClient) -> None:
    maintainx.close()
    assert maintainx.get_asset(PUMP).id == PUMP
    assert isinstance(maintainx._client(), httpx.Client)
