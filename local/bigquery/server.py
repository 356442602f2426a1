"""Runs bqemulator in this process until it is told to stop. README.md says what differs from BigQuery.

`run` must be called before anything imports `duckdb` with another HOME: DuckDB finds its extensions below HOME.
"""

from __future__ import annotations

import asyncio
import os
import signal
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

_HOST = "127.0.0.1"


def run(*, port: int, grpc_port: int, data_dir: Path) -> None:
    """Serve REST on `port` and the Storage API on `grpc_port` (0: any free one), keeping everything in `data_dir`.

    Prints `ready 127.0.0.1:PORT` once it answers. Ends on SIGTERM or SIGINT.
    """
    data_dir = data_dir.resolve()
    data_dir.mkdir(parents=True, exist_ok=True)
    os.environ["HOME"] = str(data_dir)
    _provide_spatial_extension(data_dir)
    _quiet()
    _without_time_travel()
    _without_row_access_policies()
    _with_remembered_trees()
    asyncio.run(_serve(port, grpc_port, data_dir))


def _provide_spatial_extension(home: Path) -> None:
    """Put DuckDB's spatial extension where `INSTALL spatial` looks, so that it downloads nothing.

    bqemulator refuses to start without it. A link, not the 80 MB copy that `duckdb_extensions.import_extension` makes.
    """
    import duckdb

    with duckdb.connect() as connection:
        row = connection.execute("PRAGMA platform").fetchone()
    assert row is not None  # the pragma always gives one row
    version = f"v{duckdb.__version__}"
    shipped = files("duckdb_extension_spatial") / "extensions" / version / "spatial.duckdb_extension"
    wanted = home / ".duckdb" / "extensions" / version / str(row[0]) / "spatial.duckdb_extension"
    wanted.parent.mkdir(parents=True, exist_ok=True)
    wanted.unlink(missing_ok=True)  # an older virtual environment may be gone
    wanted.symlink_to(str(shipped))


def _quiet() -> None:
    """Only errors are logged, and on standard error: the standard output belongs to the ready line.

    Has to come before the server is imported, which logs while it is.
    """
    from bqemulator.config import LogFormat, LogLevel
    from bqemulator.observability.logging_ import configure_logging

    configure_logging(level=LogLevel.ERROR, fmt=LogFormat.JSON)


def _without_time_travel() -> None:
    """Stop bqemulator from copying a whole table at every change of it.

    The copies serve FOR SYSTEM_TIME AS OF, which nothing here uses, and make a stream of small inserts quadratic in
    time and disk. There is no setting for it: a retention of 0 days still copies first.
    """
    from bqemulator.versioning.snapshots import SnapshotManager

    capture = SnapshotManager.capture

    def capture_on_request(manager: SnapshotManager, *table: str, kind: str = "AUTO") -> object:
        return None if kind == "AUTO" else capture(manager, *table, kind=kind)

    setattr(SnapshotManager, "capture", capture_on_request)  # noqa: B010  # a method cannot be assigned for mypy


def _without_row_access_policies() -> None:
    """Stop bqemulator from putting the text of every view into every query before it translates it.

    It does so to enforce row access policies, of which there are none here, and it makes views of views as slow as one
    query of all their text: the KPIs take 3.4 s that way and 0.1 s as views of DuckDB.
    """
    from bqemulator.sql import inner_query

    def unchanged(query: str, **_: object) -> str:
        return query

    setattr(inner_query, "rewrite_for_row_access", unchanged)  # noqa: B010  # has another signature for mypy


def _with_remembered_trees() -> None:
    """Stop bqemulator from parsing one text a dozen times: each of its steps does so for itself.

    A text's tree is parsed once and copied; parsing is the greater part of a short query.
    """
    from sqlglot.dialects.dialect import Dialect

    parse = Dialect.parse

    @lru_cache(maxsize=64)
    def parsed(dialect: type[Dialect], sql: str) -> list[Any]:
        return parse(dialect(), sql)

    def remembered(self: Dialect, sql: str, **options: Any) -> list[Any]:
        if options or self.settings:
            return parse(self, sql, **options)
        return [tree and tree.copy() for tree in parsed(type(self), sql)]

    setattr(Dialect, "parse", remembered)  # noqa: B010  # a method cannot be assigned for mypy


async def _serve(port: int, grpc_port: int, data_dir: Path) -> None:
    from bqemulator.config import LogLevel, PersistenceMode, Settings
    from bqemulator.server import EmulatorServer

    server: Any = EmulatorServer(
        Settings(
            rest_host=_HOST,
            rest_port=port,
            grpc_host=_HOST,
            grpc_port=grpc_port,
            persistence_mode=PersistenceMode.PERSISTENT,
            data_dir=data_dir,
            upload_staging_dir=data_dir / "uploads",
            enable_format_extensions=False,  # would download DuckDB's avro extension at every start
            query_cache_ttl_seconds=0,
            log_level=LogLevel.ERROR,
            metrics_enabled=False,
        )
    )
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await server.start()
    try:
        print(f"ready {_HOST}:{server.rest_port}", flush=True)
        await stop.wait()
    finally:
        await server.stop()
