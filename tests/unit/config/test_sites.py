"""sites.yaml: what is a site, and what is refused before anything starts."""

from __future__ import annotations

import copy
from datetime import datetime
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from shared.config.sites import RateLimits, SitesFile
from tests.fakes.settings import SITES

Path = tuple[str | int, ...]


def changed(*changes: tuple[Path, Any]) -> dict[str, Any]:
    content = copy.deepcopy(yaml.safe_load(SITES))
    for path, value in changes:
        target = content
        for key in path[:-1]:
            target = target[key]
        target[path[-1]] = value
    return dict(content)


SITE: Path = ("sites", 0)
MAINTAINX: Path = (*SITE, "maintainx")
SUBSCRIPTION: Path = (*MAINTAINX, "subscriptions", 0)
ERP = {"adapter": "rest", "base_url": "https://erp.example.com/v1", "mapping": "m", "credentials_secret": "s"}


def test_example_is_accepted() -> None:
    sites = SitesFile.model_validate(changed())
    assert [site.id for site in sites.sites] == ["plant-1", "plant-2"]
    assert sites.site("plant-2") is sites.sites[1]
    assert sites.site("plant-3") is None


def test_rate_limits_are_those_that_maintainx_documents_unless_it_has_raised_them() -> None:
    assert SitesFile.model_validate(changed()).sites[0].maintainx.rate_limits == RateLimits(user=100, organization=500)
    raised = changed(((*MAINTAINX, "rate_limits"), {"organization": 2_000}))
    assert SitesFile.model_validate(raised).sites[0].maintainx.rate_limits == RateLimits(user=100, organization=2_000)


def test_subscription_is_found_by_its_type_alone() -> None:
    maintainx = SitesFile.model_validate(changed()).sites[0].maintainx
    found = maintainx.subscription("NEW_WORK_ORDER")
    assert found is not None
    assert found.secret == "webhook-new-work-order"
    assert maintainx.subscription("WORK_ORDER_DELETE") is None
    assert maintainx.subscription("") is None


def test_time_zone_of_the_site_decides_the_day() -> None:
    zone = SitesFile.model_validate(changed()).sites[1].zone
    assert str(datetime(2026, 7, 1, tzinfo=zone).utcoffset()) == "-1 day, 19:00:00"


def test_mistake_is_refused(subtests: pytest.Subtests) -> None:
    cases: list[tuple[Path, Any, str]] = [
        (("sites",), [], "at least 1 item"),
        ((*SITE, "id"), "Plant-1", "pattern"),
        ((*MAINTAINX, "rate_limits"), {"user": 0}, "greater than 0"),
        ((*MAINTAINX, "rate_limits"), {"organization": "500"}, "valid integer"),
        ((*MAINTAINX, "rate_limits"), {"organisation": 500}, "Extra inputs"),
        ((*SITE, "id"), "p", "pattern"),
        ((*SITE, "id"), "plant-1\n", "pattern"),
        ((*SITE, "id"), "plant_1", "pattern"),
        ((*SITE, "id"), "plant-", "pattern"),
        ((*SITE, "id"), "p" * 33, "pattern"),
        ((*SITE, "name"), "", "at least 1 character"),
        ((*SITE, "time_zone"), "Europe/Atlantis", "not a time zone"),
        ((*SITE, "time_zone"), "Europe", "not a time zone"),
        ((*SITE, "time_zone"), "../../etc/passwd", "not a time zone"),
        ((*SITE, "time_zone"), "", "not a time zone"),
        ((*SITE, "events_secret"), "a/b", "pattern"),
        ((*SITE, "notify"), {"urls": "slack://token"}, "Field required"),
        ((*MAINTAINX, "organization_id"), 0, "greater than 0"),
        ((*MAINTAINX, "organization_id"), True, "valid integer"),
        ((*MAINTAINX, "organization_id"), "4242", "valid integer"),
        ((*MAINTAINX, "base_url"), "ftp://maintainx", "pattern"),
        ((*MAINTAINX, "base_url"), "https://host/v1?key=1", "pattern"),
        ((*MAINTAINX, "api_key_secret"), "projects/p/secrets/s", "pattern"),
        ((*MAINTAINX, "subscriptions"), [], "at least 1 item"),
        ((*MAINTAINX, "api_key"), "not here", "Extra inputs"),
        ((*SUBSCRIPTION, "type"), "new_work_order", "pattern"),
        ((*SUBSCRIPTION, "type"), "NEW_WORK_ORDER/..", "pattern"),
        ((*SUBSCRIPTION, "type"), "WORK_ORDER_STATUS_CHANGE", "more than one subscription of type"),
        ((*SUBSCRIPTION, "secret"), "", "pattern"),
        ((*SUBSCRIPTION, "options"), {"serializeEntity": 1}, "valid boolean"),
        ((*SUBSCRIPTION, "options"), {"includeOAuthTokensInPayload": True}, "tokens into the event archive"),
        (("public_url",), "https://bridge.example.com/", "must not end with a slash"),
        (("public_url",), "bridge.example.com", "pattern"),
        ((*SITE, "erp"), {**ERP, "adapter": "fax"}, "Input should be 'rest'"),
        ((*SITE, "erp"), {**ERP, "credentials_secret": None}, "auth bearer needs credentials_secret"),
        ((*SITE, "erp"), {**ERP, "mapping": "../sites"}, "pattern"),
        ((*SITE, "erp"), {**ERP, "rest": {"record_path": "/orders"}}, "pattern"),
        ((*SITE, "erp"), {**ERP, "rest": {"timeout_s": 0}}, "greater than 0"),
        ((*SITE, "erp"), {**ERP, "rest": {"timeout_s": 31}}, "settle_s must not be less than timeout_s"),
        ((*SITE, "erp"), {**ERP, "rest": {"busy_statuses": [503]}}, "less than or equal to 499"),
    ]
    for path, value, complaint in cases:
        with subtests.test(path=path, value=value), pytest.raises(ValidationError, match=complaint):
            SitesFile.model_validate(changed((path, value)))


def test_what_is_allowed(subtests: pytest.Subtests) -> None:
    cases: list[tuple[Path, Any]] = [
        ((*SITE, "id"), "a1b"),
        ((*SITE, "erp"), ERP),
        ((*SITE, "erp"), {**ERP, "rest": {"timeout_s": 20, "settle_s": 30}}),
        ((*SITE, "erp"), {**ERP, "credentials_secret": None, "rest": {"auth": "none"}}),
        ((*SITE, "erp"), {**ERP, "rest": {"timeout_s": 60, "settle_s": 60, "busy_statuses": [409]}}),
        ((*SUBSCRIPTION, "options"), {"serializeEntity": True}),
        ((*SUBSCRIPTION, "filters"), {"assetIds": [1, 2]}),
        (("public_url",), "https://bridge.example.com/base"),
        ((*SITE, "time_zone"), "UTC"),
    ]
    for path, value in cases:
        with subtests.test(path=path, value=value):
            SitesFile.model_validate(changed((path, value)))
