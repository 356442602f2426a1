"""The client that a site's functions get keeps the limits that sites.yaml and MaintainX's document state."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from shared import bootstrap
from shared.errors import RateLimited
from tests.fakes.settings import SITES, Settings
from tests.unit.functions.record_server import MaintainX, running_maintainx

Limited = Callable[[str], MaintainX]


@pytest.fixture
def limited(configured: Settings) -> Iterator[Limited]:
    """Writes sites.yaml with these rate limits and the address of a MaintainX."""
    with running_maintainx() as server:

        def write(rate_limits: str) -> MaintainX:
            text = SITES.replace("organization_id: 4242", f"organization_id: 4242\n      base_url: {server.url}", 1)
            text = text.replace("api_key_secret: api-key-1", f"api_key_secret: api-key-1\n      {rate_limits}", 1)
            (configured.config / "sites.yaml").write_text(text)
            return server

        yield write


@pytest.mark.parametrize(
    ("rate_limits", "allowed"),
    [
        ("rate_limits: {user: 4}", 4),
        ("rate_limits: {organization: 3}", 3),
        ("rate_limits: {user: 130, organization: 130}", 130),
        ("", 100),
    ],
)
def test_as_many_requests_as_the_settings_allow_are_sent(rate_limits: str, allowed: int, limited: Limited) -> None:
    maintainx = limited(rate_limits)
    client = bootstrap.maintainx_client("plant-1", max_wait_s=0.0)
    for _ in range(allowed):
        client.get_work_order(9001001)
    with pytest.raises(RateLimited):
        client.get_work_order(9001001)
    assert len(maintainx.asked) == allowed


def test_limits_of_meter_readings_are_kept(limited: Limited) -> None:
    limited("rate_limits: {user: 1000, organization: 1000}")
    limits = bootstrap.maintainx_client("plant-1", max_wait_s=0.0)._reading_limits
    assert limits is not None
    for _ in range(10):
        with limits.request({"manual"}):
            pass
    with pytest.raises(RateLimited), limits.request({"manual"}):
        raise AssertionError("the eleventh is not sent")
