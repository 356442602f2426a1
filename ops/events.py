"""`ops events`: what the archive and the audit trail know about a record or an event, in the order of its happening."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from ops.environment import require_project
from ops.exits import OK, WRONG, one_line_errors
from ops.output import AsJson, print_json, print_table, say
from shared.errors import ConfigError
from shared.warehouse.gateway import Parameter, Warehouse, scalar, warehouse_from_environment

# The raw tables, not the views over them: only here does the filter on publish_time spare BigQuery the older
# partitions, and only here is every delivery of an event shown, replays included.
_EVENTS = """
SELECT
  publish_time AS at,
  'event' AS kind,
  JSON_VALUE(data, '$.event_id') AS event_id,
  JSON_VALUE(data, '$.type') AS what,
  JSON_VALUE(data, '$.resource_id') AS record,
  JSON_VALUE(attributes, '$.source') AS detail,
  message_id
FROM raw_events
WHERE publish_time >= @since AND JSON_VALUE(data, '$.site') = @site AND {wanted}
ORDER BY publish_time
LIMIT {limit}
"""
_AUDIT = """
SELECT
  publish_time AS at,
  'audit' AS kind,
  JSON_VALUE(data, '$.event_id') AS event_id,
  JSON_VALUE(data, '$.action') AS what,
  JSON_VALUE(data, '$.maintainx_id') AS record,
  CONCAT(JSON_VALUE(data, '$.direction'), ' ', COALESCE(JSON_VALUE(data, '$.erp_id'), '')) AS detail,
  message_id
FROM sync_audit_raw
WHERE publish_time >= @since AND JSON_VALUE(data, '$.site') = @site AND {wanted}
ORDER BY publish_time
LIMIT {limit}
"""
_LIMIT = 1000
_BY_EVENT = "JSON_VALUE(data, '$.event_id') = @wanted"
_WANTED = {
    "raw_events by id": _BY_EVENT,
    "sync_audit_raw by id": _BY_EVENT,
    "raw_events by record": "JSON_VALUE(data, '$.resource_id') = @wanted",
    "sync_audit_raw by record": "JSON_VALUE(data, '$.maintainx_id') = @wanted",
}
_COLUMNS = ("at", "kind", "what", "record", "detail", "event_id")


@one_line_errors
def events(
    site: Annotated[str, typer.Option(help="Site id of sites.yaml.")],
    record: Annotated[
        str | None, typer.Option(help="MaintainX id of a work order, asset, ...", show_default=False)
    ] = None,
    event_id: Annotated[str | None, typer.Option("--id", help="Event id.", show_default=False)] = None,
    days: Annotated[int, typer.Option(min=1, max=3650, help="How far back to look; BigQuery bills by it.")] = 30,
    as_json: AsJson = False,
) -> None:
    """Show what arrived about one record, or one event, and what the sync did with it. Exits with 1 if nothing did.

    Lines of kind `event` are messages on the topic `events` (a replay is one more), of kind `audit` decisions of the
    ERP sync. What is on its way or dead is not here: see `ops dead-letters list --record`.
    """
    if (record is None) == (event_id is None):
        raise ConfigError("say what to look for: either --record or --id")
    require_project()
    by, wanted = ("record", record) if record is not None else ("id", event_id)
    since = datetime.now(UTC) - timedelta(days=days)
    found = timeline(warehouse_from_environment(), site, by, str(wanted), since)
    if as_json:
        print_json({"site": site, by: wanted, "since": since, "count": len(found), "entries": found})
    elif found:
        print_table(_COLUMNS, [{**entry, "at": f"{entry['at']:%Y-%m-%d %H:%M:%S}Z"} for entry in found])
    else:
        say(f"nothing about {by} {wanted} of {site} in the last {days} days")
    raise typer.Exit(OK if found else WRONG)


def timeline(warehouse: Warehouse, site: str, by: str, wanted: str, since: datetime) -> list[dict[str, Any]]:
    """Events and audit entries since then, oldest first; at most 1,000 of each. by: `record` or `id`."""
    parameters: dict[str, Parameter] = {
        "site": scalar("STRING", site),
        "wanted": scalar("STRING", wanted),
        "since": scalar("TIMESTAMP", since),
    }
    rows: list[dict[str, Any]] = []
    for table, sql in (("raw_events", _EVENTS), ("sync_audit_raw", _AUDIT)):
        statement = sql.format(wanted=_WANTED[f"{table} by {by}"], limit=_LIMIT)
        rows += [dict(row.items()) for row in warehouse.query(statement, parameters)]
    return sorted(rows, key=lambda row: row["at"])
