"""An order that was made in the ERP becomes one work order, whatever dies in between and whoever looks first."""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import replace
from functools import partial
from typing import Any, get_args

import pytest

from shared.errors import DuplicateRecord, OutcomeUnknown, RecordBusy, RemoteUnavailable, ValidationFailed
from shared.maintainx.creation import SETTLE_S
from shared.sync.attempt import memo_name
from shared.sync.new_in_erp import mark_of
from shared.sync.parts import LEASE_S
from shared.sync.reservation import reservation
from tests.cases import try_each
from tests.fakes.sync_world import SITE, Killed, When, Wire, both_ways_mapping, erp_event, event
from tests.unit.sync.planned_site import MADE, Site, call_number


def test_the_work_order_has_what_the_planner_wrote_and_the_order_stays_as_it_is() -> None:
    site = Site()
    assert site.take_in().reason == "adopted"
    site.must_be_in_step()
    row = site.work_orders[MADE]
    assert (row["description"], row["dueDate"]) == ("Every 500 hours", "2026-09-20T10:00:00.000Z")
    assert site.take_in().reason in ("unchanged", "in_step")
    site.must_be_in_step()


def test_an_event_of_a_later_state_brings_that_state_to_maintainx() -> None:
    site = Site()
    site.take_in()
    site.wait(60)
    site.edit_erp(shortText="Change oil and filter")
    assert site.take_in().reason == "pulled"
    assert site.work_orders[MADE]["title"] == "Change oil and filter"


def test_the_audit_trail_tells_of_the_creation_and_of_what_the_erp_has() -> None:
    site = Site()
    site.take_in()
    create, adopt = list(site.audit_entries().values())[:2]
    assert (create["action"], create["direction"], create["erp_id"]) == ("create", "erp_to_maintainx", site.erp_id)
    assert (create["maintainx_id"], create["after"]["title"], create["actor"]) == (MADE, "Change the oil", "poll")
    assert create["agreed"]["plant"] == "2020"
    assert (adopt["action"], adopt["maintainx_id"]) == ("adopt", MADE)


def test_a_status_that_work_has_reached_in_the_erp_is_brought_to_maintainx() -> None:
    site = Site(status="IN_WORK")
    assert site.take_in().reason == "adopted"
    assert site.work_orders[MADE]["status"] == "IN_PROGRESS"
    assert site.tenant.orders[site.erp_id].fields["status"] == "IN_WORK"


def test_audit_trail_ends_with_the_status_that_the_erp_has(subtests: pytest.Subtests) -> None:
    """Also if it changed before the link."""
    statuses = ("NEW", "IN_WORK", "WAITING")
    for first, then, status in itertools.product(("the next delivery", "the webhook"), statuses, statuses):
        with subtests.test(first=first, then=then, status=status):
            site = Site(status=status)
            site.dies_at("publisher.publish")
            site.edit_erp(status=then)
            if first == "the webhook":
                site.look()
            site.take_in()
            assert site.tenant.orders[site.erp_id].fields["status"] == then
            agreed: dict[str, Any] = {}
            for entry in sorted(site.audit_entries().values(), key=lambda entry: str(entry["at"])):
                agreed |= entry["agreed"]
            assert agreed["status"] == then


def test_whatever_call_the_worker_dies_at_there_is_one_work_order_in_the_end(subtests: pytest.Subtests) -> None:
    for first in ["the next delivery", "the webhook", "the next delivery, late"]:
        with subtests.test(first=first):
            calls = itertools.product(range(1, 30), get_args(When))
            try_each({f"{when} {call}": partial(_one_work_order_in_the_end, call, when, first) for call, when in calls})


def _one_work_order_in_the_end(kill_at: int, when: When, first: str) -> None:
    site = Site()
    wire = Wire(kill_at=kill_at, when=when)
    with contextlib.suppress(Killed):
        site.take_in(wire)
    if len(wire.calls) >= kill_at:
        site.wait(LEASE_S + 1)
        if first == "the webhook" and site.made():
            site.look()
        if first == "the next delivery, late":
            site.wait(SETTLE_S)
        if not _delivered(site):  # that nothing was made is certain only when MaintainX's lists have settled
            assert site.made() == []
            site.wait(SETTLE_S)
            assert _delivered(site)
    site.must_be_in_step()
    assert site.audited()["create"] == 1


def test_what_people_change_before_it_is_linked_counts() -> None:
    for kill_at in range(8, 30):
        site = Site()
        with contextlib.suppress(Killed):
            site.take_in(Wire(kill_at=kill_at))
        assert site.made() == [MADE], kill_at
        site.work_orders[MADE]["title"] = "Change oil and filter"
        site.wait(LEASE_S + 1)
        site.take_in()
        assert site.work_orders[MADE]["title"] == "Change oil and filter", kill_at
        assert site.tenant.orders[site.erp_id].fields["shortText"] == "Change oil and filter", kill_at


def test_what_the_planner_left_empty_is_left_to_maintainx_and_stays_empty_in_the_erp() -> None:
    site = Site(priority=None, equipment=None, dueDate=None)
    assert site.take_in().reason == "adopted"
    row, order = site.work_orders[MADE], site.tenant.orders[site.erp_id].fields
    assert (row["priority"], row.get("assetId"), row.get("dueDate")) == ("NONE", None, None)
    assert (order["priority"], order["equipment"], order["dueDate"]) == (None, None, None)
    assert site.look().reason == "unchanged"


def test_an_order_that_is_over_or_ours_is_not_made_again(subtests: pytest.Subtests) -> None:
    cases: list[dict[str, Any]] = [
        {"externalReference": f"mx:{SITE}:5"},
        {"externalReference": "MX:another-site:5"},
        {"status": "COMPLETED"},
        {"status": "CANCELLED"},
    ]
    for order in cases:
        with subtests.test(order=order):
            site = Site(**order)
            assert site.take_in().reason == "not_wanted"
            assert (site.made(), site.state.get_memo(SITE, memo_name(site.erp_id))) == ([], {})


def test_an_order_that_does_not_meet_the_condition_is_left_alone() -> None:
    site, once = Site(), {"once": True}
    site.mapping = both_ways_mapping(
        on_new_in_erp={"action": "create", "when": {"plant": ["1010", "1020"]}}, plant=once
    )
    assert site.take_in().reason == "not_wanted"
    site.mapping = both_ways_mapping(
        on_new_in_erp={"action": "create", "when": {"plant": ["2020"], "orderType": ["PM02"]}}, plant=once
    )
    assert site.take_in().reason == "adopted"


def test_an_order_that_is_gone_by_now_is_gone() -> None:
    site = Site()
    about = site.told()
    site.delete_in_erp()
    assert site.take_in(about=about).reason == "gone"


def test_an_unanswered_creation_is_neither_repeated_nor_forgotten_until_the_lists_have_settled() -> None:
    site = Site()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(site, "create_work_order", _unanswered)
        with pytest.raises(OutcomeUnknown, match="cut"):
            site.take_in()
    with pytest.raises(OutcomeUnknown, match="not listed yet"):
        site.take_in()
    assert site.made() == []
    site.wait(SETTLE_S)
    assert site.take_in().reason == "adopted"
    site.must_be_in_step()


def test_a_second_unanswered_creation_is_waited_for_as_long_as_the_first() -> None:
    site = Site()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(site, "create_work_order", _unanswered)
        for _ in range(2):
            with pytest.raises(OutcomeUnknown, match="cut"):
                site.take_in()
            site.wait(SETTLE_S)
        site.wait(-1)
        with pytest.raises(OutcomeUnknown, match="not listed yet"):
            site.take_in()


@pytest.mark.parametrize("error", [ValidationFailed("assetId", status=400), RemoteUnavailable("down")])
def test_a_creation_that_certainly_came_to_nothing_is_not_waited_for(error: Exception) -> None:
    site = Site()

    def refused(*_: Any) -> int:
        raise error

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(site, "create_work_order", refused)
        with pytest.raises(type(error)):
            site.take_in()
    assert site.take_in().reason == "adopted"
    site.must_be_in_step()


def test_two_work_orders_with_one_mark_are_reported() -> None:
    site = Site()
    with pytest.raises(Killed):
        site.take_in(Wire(kill_at=call_number(site, "maintainx.create_work_order"), when="after"))
    site.create_work_order({"title": "Copy"}, mark_of(SITE, site.erp_id))
    site.wait(LEASE_S + 1)
    with pytest.raises(DuplicateRecord, match=rf"\[{MADE}, {MADE + 1}\]"):
        site.take_in()


def test_a_copy_of_a_work_order_that_is_linked_gets_an_order_of_its_own() -> None:
    site = Site()
    site.take_in()
    copy = site.create_work_order({"title": "Copy", "assetId": 2201}, mark_of(SITE, site.erp_id))
    assert site.look(copy).reason == "created"
    record = site.link(copy)
    assert record is not None
    assert record.erp_id != site.erp_id


def test_while_another_worker_makes_it_a_delivery_comes_again_later() -> None:
    site = Site()
    site.state.claim(reservation(SITE, site.erp_id), owner="another", lease_s=60)
    with pytest.raises(RecordBusy):
        site.take_in()
    assert site.made() == []


def test_a_work_order_that_was_deleted_before_it_was_linked_is_not_made_again() -> None:
    site = Site()
    with pytest.raises(Killed):
        site.take_in(Wire(kill_at=call_number(site, "maintainx.get_work_order")))
    site.wait(LEASE_S + 1)
    del site.work_orders[MADE]
    deleted = replace(event("d1"), type="work_order.deleted", resource_id=str(MADE))
    assert site.engine(Wire()).look_at(MADE, deleted).reason == "gone"
    for _ in range(2):
        assert site.take_in().reason == "gone"
    assert len(site.work_orders) == 1


def test_a_mark_of_another_site_or_in_another_form_is_none() -> None:
    site = Site()
    for mark in ({"site": "plant-9", "erpRecord": site.erp_id}, {"erpRecord": site.erp_id}, site.erp_id, 7):
        number = site.create_work_order({"title": "Elsewhere", "assetId": 2201}, {})
        site.work_orders[number]["externalData"] = mark
        assert site.look(number).reason == "created"


def test_an_order_that_was_gone_and_shows_again_is_not_made_again() -> None:
    site = Site()
    site.mapping = both_ways_mapping(on_new_in_erp={"action": "create"}, on_erp_delete="ignore")
    site.take_in()
    about, orders = site.told(), dict(site.tenant.orders)
    site.delete_in_erp()
    assert site.engine(Wire()).look_at(MADE, replace(erp_event(), resource_id=str(MADE))).reason == "orphaned"
    site.tenant.orders.update(orders)
    assert site.take_in(about=about).reason == "orphaned"
    assert site.made() == [MADE]


def test_the_outcome_names_the_work_order_and_the_creation_is_audited_once() -> None:
    site = Site()
    assert site.take_in().detail == {"erp_id": site.erp_id, "fields": [], "work_order_id": MADE}
    published = len(site.published)
    assert site.take_in().detail["work_order_id"] == MADE
    assert len(site.published) == published


def test_deleting_the_work_order_cancels_the_order_as_any_other() -> None:
    site = Site()
    site.take_in()
    del site.work_orders[MADE]
    deleted = replace(event("d1"), type="work_order.deleted", resource_id=str(MADE))
    assert site.engine(Wire()).look_at(MADE, deleted).reason == "cancelled"
    assert site.tenant.orders[site.erp_id].fields["status"] == "CANCELLED"
    assert site.take_in().reason == "gone"
    assert len(site.work_orders) == 1


def _delivered(site: Site) -> bool:
    try:
        site.take_in()
    except OutcomeUnknown:
        return False
    return True


def _unanswered(*_: Any) -> int:
    raise OutcomeUnknown("cut")
