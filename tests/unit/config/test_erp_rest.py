"""sites.yaml, erp.rest: settings that cannot work together are refused before anything starts."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from shared.config.erp import ErpConfig
from shared.config.erp_rest import RestErpConfig
from shared.erp.descriptions import description_of, reference_field_of

OFFSET = {"style": "offset", "parameter": "offset"}
STATUS = {"field": "state", "readable": ["NEW", "DONE"]}


def config(**rest: Any) -> ErpConfig:
    settings = {"adapter": "rest", "base_url": "https://erp.test", "mapping": "m", "credentials_secret": "s"}
    return ErpConfig.model_validate({**settings, "rest": rest})


def test_mistake_is_refused(subtests: pytest.Subtests) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"paging": {"style": "pages"}}, "'none', 'next_link', 'offset', 'page' or 'cursor'"),
        ({"paging": {"style": "offset"}}, "style offset needs parameter"),
        ({"paging": {"style": "page"}}, "style page needs parameter"),
        ({"paging": {"style": "cursor", "parameter": "c"}}, "style cursor needs next"),
        ({"paging": {"style": "none", "size": 5}}, "style none has no use for size"),
        ({"paging": {"style": "next_link", "parameter": "p"}}, "style next_link has no use for parameter"),
        ({"paging": {**OFFSET, "next": "x", "first": 1}}, "style offset has no use for first, next"),
        ({"paging": {**OFFSET, "size": 5}}, "size and size_parameter go together"),
        ({"paging": {**OFFSET, "size": 0, "size_parameter": "limit"}}, "greater than 0"),
        ({"changed_parameter": "since"}, "changed_parameter needs paging"),
        ({"changed_parameter": "$filter=modified ge", "paging": OFFSET}, r"contain {since} after the ="),
        ({"reference_parameter": "q=ref"}, r"contain {reference} after the ="),
        ({"changed_format": "rfc822"}, "'iso', 'epoch_s' or 'epoch_ms'"),
        ({"version_field": "v", "version_header": "ETag"}, "in one place only"),
        ({"version_header": "E Tag"}, "pattern"),
        ({"headers": {"A B": "x"}}, "pattern"),
        ({"headers": {"A": 5}}, "valid string"),
        ({"headers": {"A": "x\ny"}}, "pattern"),
        ({"update_headers": {"A": "x\u2013y"}}, "pattern"),
        ({"update_method": "MERGE"}, "'PATCH', 'PUT' or 'POST'"),
        ({"api_key_header": "apikey"}, "api_key_header has no use with auth bearer"),
        ({"auth": "oauth"}, "auth: oauth and the settings under oauth go together"),
        ({"busy_statuses": [409], "conflict_statuses": [409]}, "409 is in busy_statuses and in conflict_statuses"),
        ({"fields": {}}, "at least 1"),
        ({"fields": {"a": {"type": "datetime"}}}, "'date' or 'time'"),
        ({"fields": {"a": {"values": [1]}}}, "valid string"),
        ({"fields": {"a": {"lenght": 4}}}, "Extra inputs"),
        ({"status": {"field": "state", "readable": []}}, "at least 1"),
        ({"status": {**STATUS, "writable": ["GONE"]}}, "readable: GONE is not there"),
        ({"status": {**STATUS, "final": ["SHUT"], "initial": "OPEN"}}, "readable: OPEN, SHUT is not there"),
        ({"reference_length": 15}, "greater than or equal to 16"),
    ]
    for rest, complaint in cases:
        with subtests.test(rest=rest), pytest.raises(ValidationError, match=complaint):
            config(**rest)


def test_what_is_allowed(subtests: pytest.Subtests) -> None:
    cases: list[dict[str, Any]] = [
        {},
        {"auth": "api_key", "api_key_header": "apikey"},
        {"paging": {"style": "none"}, "changed_parameter": "since"},
        {"paging": {"style": "next_link"}},
        {"paging": {"style": "page", "parameter": "p", "first": 0, "more": "meta.more"}},
        {"reference_parameter": 'oslc.where=extref="{reference}"'},
        {"version_header": None, "version_field": "v"},
        {"version_field": "v"},
        {"version_header": None},
        {"status": STATUS, "fields": {"state": {}}},
    ]
    for rest in cases:
        with subtests.test(rest=rest):
            config(**rest)


def test_put_replaces_the_record_unless_it_is_said_not_to(subtests: pytest.Subtests) -> None:
    cases: list[tuple[str, str | None, bool]] = [
        ("PATCH", None, False),
        ("POST", None, False),
        ("PUT", None, True),
        ("PUT", "changes", False),
        ("POST", "record", True),
    ]
    for method, sends, whole in cases:
        with subtests.test(method=method, sends=sends, whole=whole):
            assert (
                RestErpConfig.model_validate({"update_method": method, "update_sends": sends}).sends_whole_record
                is whole
            )


def test_an_erp_that_is_not_described_may_have_any_field() -> None:
    described = description_of(config())
    assert (described.fields, described.status, described.reference_length) == (None, None, 40)


def test_fields_are_described_as_they_are_configured_with_those_that_the_adapter_reads() -> None:
    fields = {"text": {"max_length": 40}, "kind": {"updatable": False, "values": ["A"]}, "day": {"type": "date"}}
    made = config(
        fields=fields, status=STATUS, version_field="v", changed_field="at", reference_field="ref", reference_length=30
    )
    described = description_of(made)
    assert described.fields is not None
    assert set(described.fields) == {"text", "kind", "day", "state", "id", "v", "at", "ref"}
    assert described.fields["text"].max_length == 40
    assert (described.fields["kind"].updatable, described.fields["kind"].values) == (False, frozenset({"A"}))
    assert described.fields["day"].type == "date"
    assert not any(described.fields[name].creatable for name in ("id", "v", "at"))
    assert (reference_field_of(made), described.reference_length) == ("ref", 30)


def test_a_status_is_a_field_like_any_other_and_all_of_it_writable_unless_said() -> None:
    status = description_of(config(status={**STATUS, "final": ["DONE"], "initial": "NEW"})).status
    assert status is not None
    assert (status.name, status.readable, status.separate) == ("state", ("NEW", "DONE"), False)
    assert (status.writable, status.final, status.initial) == (frozenset({"NEW", "DONE"}), frozenset({"DONE"}), "NEW")
    status = description_of(config(status={**STATUS, "writable": ["NEW"]})).status
    assert status is not None
    assert status.writable == {"NEW"}
