"""State as documents: nothing is changed on the way there and back, and no two keys share a document."""

from __future__ import annotations

import string
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.canonical import content_hash
from shared.state import Claim, ClaimKey, Done, InProgress, RecordKey, SyncRecord
from shared.state import documents as d

NOON_UTC = datetime(2026, 11, 22, 12, tzinfo=UTC)
_MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(9999, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # as it wants
_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), _TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_TEXT, inner, max_size=3)),
    max_leaves=8,
)
_OBJECTS = st.dictionaries(_TEXT, _JSON, max_size=4)
_CONFLICTS = st.dictionaries(
    st.text(),
    st.fixed_dictionaries(
        {"reason": st.sampled_from(["erp_is_final", "gone"]), "decided": st.sampled_from([None, "erp"])}
    ),
)
_RECORDS = st.builds(
    lambda base, **fields: SyncRecord(base=base, base_hash=content_hash(base), **fields),
    base=_OBJECTS,
    site=_TEXT,
    kind=_TEXT,
    maintainx_id=st.integers(0, 2**53),
    erp_id=st.none() | _TEXT,
    reference=_TEXT,
    erp_version=st.none() | _TEXT,
    state=st.sampled_from(["creating", "linked", "deleted", "orphaned"]),
    intent=st.none() | _OBJECTS,
    conflicts=_CONFLICTS,
    maintainx_updated_at=st.none() | _MOMENTS,
    updated_at_utc=_MOMENTS,
    carries_reference=st.booleans(),
)
_CLAIM_KEYS = st.builds(ClaimKey, _TEXT, _TEXT, _TEXT, _TEXT)


@given(_RECORDS)
def test_record_survives_the_document(record: SyncRecord) -> None:
    found = d.record_from(d.record_fields(record))
    assert found == record
    assert found is not None
    assert content_hash(found.base) == record.base_hash


@given(_RECORDS)
def test_document_says_whether_something_waits_for_a_person(record: SyncRecord) -> None:
    assert d.record_fields(record)["parked"] is any(
        each["reason"] != "erp_is_final" or each["decided"] is not None for each in record.conflicts.values()
    )


def test_document_with_a_lock_only_is_no_record() -> None:
    document = d.placeholder(RecordKey("plant-1", "work_order", 1)) | {"lock": d.lock("one", NOON_UTC)}
    assert d.record_from(document) is None


@given(_CLAIM_KEYS, _CLAIM_KEYS)
def test_different_claims_have_different_documents(one: ClaimKey, other: ClaimKey) -> None:
    assume(one != other)
    assert one.document_id != other.document_id


@given(st.text(string.ascii_letters + ":/%._ ", max_size=6), st.integers())
def test_document_ids_are_ids_that_firestore_takes(site: str, number: int) -> None:
    document_id = RecordKey(site, "work_order", number).document_id
    assert "/" not in document_id
    assert document_id not in (".", "..")


def test_claim_is_held_until_its_lease_ends(subtests: pytest.Subtests) -> None:
    cases: list[tuple[float, object]] = [
        (0, InProgress("one", NOON_UTC + timedelta(seconds=60))),
        (59.999999, InProgress),
        (60, None),
        (999, None),
    ]
    for after_s, holder in cases:
        with subtests.test(after_s=after_s):
            until_utc = NOON_UTC + timedelta(seconds=60)
            document = d.claimed(ClaimKey("s", "e", "d"), owner="one", now_utc=NOON_UTC, until_utc=until_utc)
            found = d.claim_holder(document, NOON_UTC + timedelta(seconds=after_s))
            assert found == holder or (isinstance(holder, type) and isinstance(found, holder))


def test_completed_claim_counts_until_its_ttl_ends(subtests: pytest.Subtests) -> None:
    for after_s, done in [(0, True), (99, True), (100, False)]:
        with subtests.test(after_s=after_s):
            key = ClaimKey("s", "e", "d")
            claim = Claim(key, "one", NOON_UTC, version=None)
            document = d.claimed(key, owner="one", now_utc=NOON_UTC, until_utc=NOON_UTC)
            document |= d.completed(claim, outcome="dead", reason="why", now_utc=NOON_UTC, ttl_s=100)
            found = d.claim_holder(document, NOON_UTC + timedelta(seconds=after_s))
            assert found == (Done("dead", "why", NOON_UTC) if done else None)


def test_lock_holds_until_its_lease_ends(subtests: pytest.Subtests) -> None:
    for after_s, locked in [(0, True), (59, True), (60, False)]:
        with subtests.test(after_s=after_s):
            document = {"lock": d.lock("one", NOON_UTC + timedelta(seconds=60))}
            assert d.is_locked(document, NOON_UTC + timedelta(seconds=after_s)) is locked


@pytest.mark.parametrize("document", [{}, {"lock": None}])
def test_document_without_a_lock_is_not_locked(document: dict[str, None]) -> None:
    assert not d.is_locked(document, NOON_UTC)


@given(_MOMENTS)
def test_microseconds_are_exact(moment_utc: datetime) -> None:
    assert d.from_microseconds(d.microseconds(moment_utc)) == moment_utc
