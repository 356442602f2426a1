"""The one place that speaks to BigQuery: time limits, retries and errors of our tree around Google's client.

Environment: GOOGLE_CLOUD_PROJECT, BIGQUERY_DATASET, and BIGQUERY_EMULATOR_HOST, which Google's client reads itself as
the address of the REST API (with scheme); the credentials are then anonymous: no real one may be sent there.
"""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests
import stamina
from google.api_core import exceptions, retry
from google.auth import exceptions as auth_exceptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from shared.errors import ConfigError, PermanentError, WarehouseUnavailable

_PASSING = (
    exceptions.ServerError,
    exceptions.TooManyRequests,
    exceptions.RetryError,
    auth_exceptions.TransportError,
    requests.exceptions.ConnectionError,
    requests.exceptions.Timeout,
    TimeoutError,  # concurrent.futures: the job is not done in time
)
# BigQuery answers 403 both for a missing right and for a limit that will pass, and 400 both for a wrong query and for
# one that came at a bad moment (BigQuery: error messages).
_PASSING_REASONS = frozenset(
    {
        "aborted",
        "backendError",
        "jobBackendError",
        "jobInternalError",
        "jobRateLimitExceeded",
        "quotaExceeded",
        "rateLimitExceeded",
        "tableUnavailable",
    }
)
# "Could not serialize access to table ... due to concurrent update" has the reason invalidQuery, as a typing error has.
_PASSING_TEXT = "concurrent update"
_PASSING_STATUS = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True)
class Warehouse:
    """A dataset and the way to it.

    timeout_s: limit of one HTTP request, and of one job from its start to its end. retry_s: how long a request that
    meets a passing fault is repeated. All methods raise WarehouseUnavailable (transient) or PermanentError.
    """

    client: bigquery.Client
    dataset: str
    timeout_s: float = 60.0
    retry_s: float = 30.0

    @property
    def dataset_id(self) -> str:
        """`project.dataset`"""
        return f"{self.client.project}.{self.dataset}"

    def query(self, sql: str, parameters: Mapping[str, Parameter] | None = None) -> list[bigquery.Row]:
        """Run one statement, bare table names meaning tables of the dataset, and return all its rows."""
        config = bigquery.QueryJobConfig(
            default_dataset=self.dataset_id,
            query_parameters=[make(name) for name, make in (parameters or {}).items()],
        )
        with warehouse_errors(f"query on {self.dataset_id}"):
            job = self.client.query(sql, job_config=config, timeout=self.timeout_s, retry=self._retry(), job_retry=None)
            return list(job.result(timeout=self.timeout_s, retry=self._retry(), job_retry=None))

    def merge(self, sql: str, parameters: Mapping[str, Parameter]) -> None:
        """Run a statement that may be run twice; BigQuery refuses one of two that change a table at the same time."""
        for attempt in stamina.retry_context(
            on=WarehouseUnavailable,
            attempts=3,
            timeout=self.timeout_s,
            wait_initial=1.0,
            wait_max=10.0,
            wait_jitter=5.0,
        ):
            with attempt:
                self.query(sql, parameters)

    def append(self, table: str, rows: Sequence[Mapping[str, Any]], schema: list[bigquery.SchemaField]) -> None:
        """Append JSON rows by one load job, all or nothing."""
        # "replace": JSON can carry halves of characters, which UTF-8 cannot write and which would fail the whole job.
        lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
        body = io.BytesIO(lines.encode(errors="replace"))
        config = bigquery.LoadJobConfig(
            source_format=bigquery.SourceFormat.NEWLINE_DELIMITED_JSON,
            write_disposition=bigquery.WriteDisposition.WRITE_APPEND,
            create_disposition=bigquery.CreateDisposition.CREATE_NEVER,
            schema=schema,
        )
        with warehouse_errors(f"load into {self.dataset_id}.{table}"):
            # Without `size` the upload is resumable.
            job = self.client.load_table_from_file(
                body, f"{self.dataset_id}.{table}", job_config=config, timeout=self.timeout_s
            )
            job.result(timeout=self.timeout_s, retry=self._retry())

    def _retry(self) -> retry.Retry:
        return bigquery.DEFAULT_RETRY.with_timeout(self.retry_s)


Parameter = Callable[[str], Any]
"""Makes a query parameter of a given name."""


def scalar(type_: str, value: Any) -> Parameter:
    """A value of one of BigQuery's types: STRING, INT64, FLOAT64, TIMESTAMP, ..."""
    return lambda name: bigquery.ScalarQueryParameter(name, type_, value)


def texts(values: Iterable[str]) -> Parameter:
    """An array of texts."""
    kept = list(values)
    return lambda name: bigquery.ArrayQueryParameter(name, "STRING", kept)


def structs(types: Mapping[str, str], values: Iterable[Sequence[Any]]) -> Parameter:
    """An array of structs with the fields of `types`, in that order. Must not be empty."""
    rows = [
        bigquery.StructQueryParameter(
            None,
            *(
                bigquery.ScalarQueryParameter(field, kind, value)
                for (field, kind), value in zip(types.items(), row, strict=True)
            ),
        )
        for row in values
    ]
    return lambda name: bigquery.ArrayQueryParameter(name, "STRUCT", rows)


def warehouse_from_environment() -> Warehouse:
    """The warehouse of this process. ConfigError if BIGQUERY_DATASET or the project is not set."""
    try:
        project, dataset = os.environ["GOOGLE_CLOUD_PROJECT"], os.environ["BIGQUERY_DATASET"]
    except KeyError as error:
        raise ConfigError(f"environment variable {error} is not set") from None
    credentials = AnonymousCredentials() if os.environ.get("BIGQUERY_EMULATOR_HOST") else None
    with warehouse_errors("BigQuery credentials"):
        return Warehouse(bigquery.Client(project=project, credentials=credentials), dataset)


@contextmanager
def warehouse_errors(doing: str) -> Iterator[None]:
    """Inside the block Google's errors become WarehouseUnavailable or PermanentError."""
    try:
        yield
    except _PASSING as error:
        raise WarehouseUnavailable(f"{doing}: {_text(error)}") from error
    except exceptions.GoogleAPICallError as error:
        reasons = {fault.get("reason") for fault in error.errors if isinstance(fault, dict)}
        if error.code in _PASSING_STATUS or reasons & _PASSING_REASONS or _PASSING_TEXT in str(error):
            raise WarehouseUnavailable(f"{doing}: {_text(error)}") from error
        raise PermanentError(f"{doing}: {_text(error)}") from error
    except auth_exceptions.GoogleAuthError as error:
        raise PermanentError(f"{doing}: {_text(error)}") from error
    except requests.exceptions.RequestException as error:  # our own request is not legal: its words quote it
        raise PermanentError(f"{doing}: {type(error).__name__}") from None


def _text(error: Exception) -> str:
    """In one line; addresses without their query, which may hold the key of an upload."""
    words = re.sub(r"\?\w+=[^\s'\")]*", "", str(error))
    return f"{type(error).__name__}: {' '.join(words.split())[:500]}"
