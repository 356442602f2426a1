-- Status intervals of each asset merged where they overlap or touch, once for every kind of outage. ended_at is NULL
-- while an outage lasts. `unplanned_or_ignored` and `not_operating` are unions: the time in A but not in B is the time
-- in (A or B) less the time in B, whatever overlaps.
WITH kinds AS (
  SELECT 'unplanned' AS kind, 'OFFLINE' AS status, 'UNPLANNED' AS downtime_type
  UNION ALL SELECT 'unclassified', 'OFFLINE', 'NONE'
  UNION ALL SELECT 'ignored', 'IGNORE', 'NONE'
  UNION ALL SELECT 'unplanned_or_ignored', 'OFFLINE', 'UNPLANNED'
  UNION ALL SELECT 'unplanned_or_ignored', 'IGNORE', 'NONE'
  UNION ALL SELECT 'not_operating', 'OFFLINE', 'UNPLANNED'
  UNION ALL SELECT 'not_operating', 'OFFLINE', 'PLANNED'
  UNION ALL SELECT 'not_operating', 'OFFLINE', 'NONE'
  UNION ALL SELECT 'not_operating', 'IGNORE', 'NONE'
),
intervals AS (
  SELECT
    s.site,
    s.asset_id,
    k.kind,
    s.started_at,
    COALESCE(s.ended_at, TIMESTAMP '9999-01-01 00:00:00+00:00') AS ended_at
  FROM `${dataset}.asset_statuses_current` AS s
  INNER JOIN kinds AS k
    ON k.status = s.status
    AND k.downtime_type = IF(s.status = 'IGNORE', 'NONE', COALESCE(s.downtime_type, 'NONE'))
  WHERE NOT s.deleted AND (s.ended_at IS NULL OR s.ended_at > s.started_at)
),
reaches AS (
  SELECT
    *,
    MAX(ended_at) OVER (
      PARTITION BY site, asset_id, kind ORDER BY started_at, ended_at
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS reached_at
  FROM intervals
),
islands AS (
  SELECT
    *,
    SUM(IF(reached_at IS NULL OR started_at > reached_at, 1, 0)) OVER (
      PARTITION BY site, asset_id, kind ORDER BY started_at, ended_at
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS island
  FROM reaches
)
SELECT
  site,
  asset_id,
  kind,
  MIN(started_at) AS started_at,
  NULLIF(MAX(ended_at), TIMESTAMP '9999-01-01 00:00:00+00:00') AS ended_at
FROM islands
GROUP BY site, asset_id, kind, island
