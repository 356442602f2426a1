"""What others do while a work order is made of an ERP's order: technicians, operators, other workers, the ERP."""

from __future__ import annotations

import itertools
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from shared.errors import (
    MappingError,
    NotTakenOn,
    OutcomeUnknown,
    RecordBusy,
    RecordNotFound,
    RemoteUnavailable,
    TransientError,
)
from shared.maintainx.creation import SETTLE_S
from shared.sync.new_in_erp import mark_of
from shared.sync.operator import LINK_TAKES_S
from shared.sync.parts import LEASE_S
from tests.fakes.sync_world import SITE, WORK_ORDER, Killed, Meeting, Wire, both_ways_mapping, erp_event, event
from tests.unit.sync.planned_site import MADE, Site

CREATE = {"action": "create"}


def look_at_erp(site: Site, number: int = MADE) -> str:
    return site.engine(Wire()).look_at(number, replace(erp_event(), resource_id=str(number))).reason


def hidden_and_shown(site: Site) -> None:
    """The ERP has the order no more for a while."""
    orders = dict(site.tenant.orders)
    site.delete_in_erp()
    look_at_erp(site, site.made()[0] if site.made() else WORK_ORDER)
    site.tenant.orders.update(orders)


# Operators


@pytest.mark.parametrize("died_at", [("maintainx.get_work_order", "before"), ("maintainx.create_work_order", "after")])
def test_an_operator_cannot_link_the_order_elsewhere_after_a_work_order_was_made_of_it(
    died_at: tuple[str, Any],
) -> None:
    site = Site()
    site.dies_at(*died_at)
    assert site.ops_link() == "taken"
    assert site.look().reason == "adopted"
    site.take_in()
    site.must_be_in_step()


@pytest.mark.parametrize("before", ["state.lock_record", "maintainx.get_work_order", "state.save_record"])
def test_nor_while_it_is_being_made(before: str) -> None:
    site = Site()
    answers: list[str] = []

    def link() -> None:
        try:
            answers.append(site.ops_link())
        except Exception as error:
            answers.append(type(error).__name__)

    site.take_in(Meeting(before, link))
    assert answers in (["taken"], ["RecordBusy"])
    site.must_be_in_step()


def test_what_an_operator_linked_before_is_looked_at_and_nobody_claims_to_have_made_it() -> None:
    site = Site()
    assert site.ops_link() == "linked"
    site.take_in()
    assert site.made() == []
    assert "create" not in site.audited()


def test_an_order_that_an_operator_linked_and_that_was_hidden_for_a_while_is_not_made_again() -> None:
    site = Site()
    site.mapping = both_ways_mapping(on_new_in_erp=CREATE, on_erp_delete="ignore")
    site.ops_link()
    look_at_erp(site, WORK_ORDER)
    about = site.told()
    hidden_and_shown(site)
    assert site.take_in(about=about).reason == "orphaned"
    assert site.made() == []


# Copies


@pytest.mark.parametrize("policy", ["cancel", "ignore"])
def test_a_copy_of_a_work_order_whose_order_is_gone_is_a_work_order_of_its_own(policy: str) -> None:
    site = Site()
    site.mapping = both_ways_mapping(on_new_in_erp=CREATE, on_erp_delete=policy)
    site.take_in()
    before = dict(site.tenant.orders[site.erp_id].fields)
    hidden_and_shown(site)
    copy = site.create_work_order({"title": "Grease the bearing", "assetId": 2202}, mark_of(SITE, site.erp_id))
    assert site.look(copy).reason == "created"
    assert site.work_orders[copy]["status"] == "OPEN"
    assert site.tenant.orders[site.erp_id].fields == before


def test_a_copy_that_is_looked_at_first_is_not_taken_for_the_original() -> None:
    site = Site()
    site.dies_at("maintainx.get_work_order")
    copy = site.create_work_order({"title": "Copy", "assetId": 2201}, mark_of(SITE, site.erp_id))
    assert site.look(copy).reason == "created"
    assert site.look().reason == "adopted"
    record = site.link()
    assert record is not None
    assert record.erp_id == site.erp_id


# Technicians and planners


@pytest.mark.parametrize(("status", "in_erp"), [("IN_PROGRESS", "IN_WORK"), ("DONE", "COMPLETED")])
def test_work_that_begins_before_the_link_counts(status: str, in_erp: str) -> None:
    site = Site()
    site.dies_at("maintainx.get_work_order")
    site.set_status(MADE, status)
    assert site.look().reason == "adopted"
    assert site.work_orders[MADE]["status"] == status
    assert site.tenant.orders[site.erp_id].fields["status"] == in_erp


def test_what_a_technician_fills_in_before_the_link_reaches_the_erp() -> None:
    site = Site(dueDate=None, costCenter=None)
    fields: dict[str, Any] = {"dueDate": "2026-09-25T08:00:00.000Z", "extraFields": {"Cost Center": "77"}}
    site.take_in(Meeting("maintainx.get_work_order", lambda: site.work_orders[MADE].update(fields)))
    order = site.tenant.orders[site.erp_id].fields
    assert (order["dueDate"], order["costCenter"]) == ("2026-09-25", "77")
    assert site.work_orders[MADE]["dueDate"] == fields["dueDate"]


def test_a_rule_that_is_new_later_follows_its_policy() -> None:
    site = Site()
    site.mapping = both_ways_mapping(without=["costCenter"], on_new_in_erp=CREATE)
    site.take_in()
    site.work_orders[MADE].setdefault("extraFields", {})["Cost Center"] = "9999"
    site.mapping = both_ways_mapping(costCenter={"policy": "manual"}, on_new_in_erp=CREATE)
    assert site.look().reason == "parked"
    assert site.work_orders[MADE]["extraFields"]["Cost Center"] == "9999"


def test_a_pair_that_an_operator_links_again_meets_as_any_other() -> None:
    site = Site()
    site.mapping = both_ways_mapping(on_new_in_erp=CREATE, on_erp_delete="ignore", shortText={"policy": "manual"})
    site.take_in()
    hidden_and_shown(site)
    site.work_orders[MADE]["title"] = "Change oil and filter"
    assert site.ops_link(MADE) == "linked"
    look_at_erp(site)
    record = site.link()
    assert record is not None
    assert list(record.conflicts) == ["shortText"]
    assert site.work_orders[MADE]["title"] == "Change oil and filter"


# The ERP


def test_an_erp_that_answers_404_to_anything_is_an_outage() -> None:
    site = Site()
    about = site.told()

    def nothing(*_: object) -> Any:
        raise RecordNotFound("in maintenance", status=404)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(site.erp, "get", nothing)
        patch.setattr(site.erp, "find_by_reference", nothing)
        with pytest.raises(RemoteUnavailable, match="404 to a search as well"):
            site.take_in(about=about)
    assert site.take_in(about=about).reason == "adopted"


def test_an_erp_that_leaves_out_what_is_empty_gets_nothing_of_maintainx_own() -> None:
    site = Site(priority=None, equipment=None)
    whole = site.erp._record

    def without_nulls(order: Any) -> Any:
        record = whole(order)
        return replace(record, fields={name: value for name, value in record.fields.items() if value is not None})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(site.erp, "_record", without_nulls)
        site.take_in()
        assert site.look().reason == "unchanged"
    order = site.tenant.orders[site.erp_id].fields
    assert (order["priority"], order["equipment"]) == (None, None)


def test_of_a_status_that_nobody_understands_no_work_order_is_made() -> None:
    site = Site()
    site.tenant.orders[site.erp_id].fields["status"] = "RELEASED"
    with pytest.raises(MappingError, match="status"):
        site.take_in()
    assert site.made() == []


# Other workers


def works(site: Site, other: str) -> None:
    """Another one, who may find that somebody is at work already."""
    with suppress(TransientError):
        if other == "next delivery":
            site.take_in()
        elif other == "operator":
            site.ops_link()
        elif site.made():
            site.look()


def test_a_worker_that_stood_still_makes_nothing_and_forgets_nothing() -> None:
    site = Site()

    def meanwhile() -> None:
        """Another worker makes the work order and dies before it is linked."""
        site.wait(LEASE_S + 1)
        site.dies_at("maintainx.get_work_order")

    with pytest.raises(NotTakenOn):
        site.take_in(Meeting("state.put_memo", meanwhile))
    assert site.made() == [MADE]
    assert site.take_in().reason == "adopted"
    site.must_be_in_step()


@pytest.mark.parametrize("stands_still_s", [0, LEASE_S / 2 + 1, LEASE_S + 1])
@pytest.mark.parametrize("other", ["next delivery", "webhook", "operator"])
def test_wherever_a_worker_stands_still_while_another_one_works_there_is_one_work_order(
    other: str, stands_still_s: float
) -> None:
    for at in itertools.count(1):
        site = Site()

        def meanwhile(site: Site = site) -> None:
            site.wait(stands_still_s)
            works(site, other)

        wire = Meeting(at, meanwhile)
        with suppress(TransientError):
            site.take_in(wire)
        if len(wire.calls) < at:
            break
        if site.linked() != [WORK_ORDER]:  # which is the operator's, if none was being made
            site.wait(SETTLE_S)
            site.take_in()
            site.must_be_in_step()
        else:
            assert site.made() == [], f"{at}: {wire.calls[at - 1]}"
    assert at > 15, "the worker makes more calls than that"


@pytest.mark.parametrize("other_dies_at", range(1, 23))
def test_nor_is_a_second_one_made_if_the_other_one_dies(other_dies_at: int) -> None:
    for at in ("erp.get", "state.put_memo", "maintainx.create_work_order"):
        site = Site()

        def meanwhile(site: Site = site) -> None:
            site.wait(LEASE_S + 1)
            with suppress(Killed, TransientError):
                site.take_in(Wire(kill_at=other_dies_at))

        with suppress(TransientError):
            site.take_in(Meeting(at, meanwhile))
        site.wait(SETTLE_S)
        with suppress(OutcomeUnknown):  # the other one's attempt is as young as that
            site.take_in()
        site.wait(SETTLE_S)
        site.take_in()
        site.must_be_in_step()


BEFORE_THE_LINK = (
    "state.lock_record",
    "maintainx.get_work_order",
    "state.claim",
    "state.get_memo",
    "state.find_record",
)


@pytest.mark.parametrize("before", [*BEFORE_THE_LINK, "publisher.publish"])
@pytest.mark.parametrize("first", ["original", "copy"])
def test_a_worker_that_stood_still_links_nothing_to_an_order_that_another_one_linked(first: str, before: str) -> None:
    """The maker died before it noted which work order it made, so that original and copy look alike."""
    site = Site()
    site.dies_at("maintainx.create_work_order", "after")
    copy = site.create_work_order({"title": "Copy", "assetId": 2201}, mark_of(SITE, site.erp_id))
    mine, others = (MADE, copy) if first == "original" else (copy, MADE)

    def meanwhile() -> None:
        site.wait(LEASE_S + 1)
        site.look(others)

    with suppress(TransientError):
        site.look(mine, Meeting(before, meanwhile))
    assert site.linked() == [others]
    site.wait(LEASE_S + 1)
    site.look(mine)
    assert site.linked() == [others]


@pytest.mark.parametrize("before", ["state.claim", "state.find_record", "state.get_memo", "state.lock_record"])
def test_nor_does_an_operator_whose_computer_stood_still(before: str) -> None:
    site = Site()

    def meanwhile() -> None:
        site.wait(LINK_TAKES_S + 1)
        site.take_in()

    try:
        assert site.ops_link(wire=Meeting(before, meanwhile)) == "taken"
    except RecordBusy:
        assert before != "state.claim"
    site.must_be_in_step()


def test_work_orders_that_are_linked_elsewhere_are_not_searched_for_the_mark() -> None:
    site = Site()
    site.dies_at("maintainx.create_work_order")
    site.engine(Wire()).look_at(WORK_ORDER, event())
    asked: list[bool] = []

    def find(_mark: Any, *, tried_at_utc: Any, is_another: Any) -> list[int]:
        asked.extend([is_another(WORK_ORDER), is_another(MADE)])
        return []

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(site, "find_work_orders", find)
        site.wait(SETTLE_S)
        assert site.take_in().reason == "adopted"
    assert asked == [True, False]
