"""BigQuery on one machine: the package `bqemulator` (DuckDB below), started offline and with its traps handled."""
