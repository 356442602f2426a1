"""One BigQuery for the session. Everything in the warehouse is kept by site, so each test takes a site of its own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from local.bigquery.testing import running_server
from shared.warehouse.gateway import Warehouse, warehouse_from_environment
from shared.warehouse.provision import ensure_warehouse

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def bigquery_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with running_server(tmp_path_factory.mktemp("bigquery")) as url, pytest.MonkeyPatch.context() as patch:
        patch.setenv("BIGQUERY_EMULATOR_HOST", url)
        patch.setenv("GOOGLE_CLOUD_PROJECT", "test-project")
        patch.setenv("BIGQUERY_DATASET", "maintenance")
        yield


@pytest.fixture(scope="session")
def warehouse(bigquery_environment: None) -> Warehouse:
    made = warehouse_from_environment()
    return ensure_warehouse(made.client, made.dataset)


@pytest.fixture
def site() -> str:
    """A site that no other test uses."""
    return f"plant-{next(_numbers)}"
