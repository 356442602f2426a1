-- Mean time to restore: hours from the stop of an asset to its restart / number of restarts in the period.
-- Standard: SMRP 3.5.2, clock from "ceases to operate" to "operability restored". Version 1.
-- An outage is unplanned OFFLINE time of one asset, merged where intervals overlap or touch. It belongs to the period
-- in which it ended, with its whole length: clipping it would make long repairs look short. One that still lasts has no
-- time to restore yet; asset_downtime and mean_downtime show it.
WITH per_asset AS (
  SELECT
    p.site,
    p.period,
    o.asset_id,
    COUNT(*) AS outage_count,
    SUM(TIMESTAMP_DIFF(o.ended_at, o.started_at, MICROSECOND)) AS duration_us
  FROM `${dataset}.kpi_periods` AS p
  INNER JOIN `${dataset}.asset_outages` AS o
    ON o.site = p.site AND o.ended_at >= p.period_start AND o.ended_at < p.until
  WHERE o.kind = 'unplanned'
  GROUP BY p.site, p.period, o.asset_id
),
scoped AS (
  SELECT
    p.site,
    'site' AS scope,
    p.period,
    CAST(SUM(a.duration_us) AS FLOAT64) AS duration_us,
    CAST(SUM(a.outage_count) AS FLOAT64) AS outage_count
  FROM `${dataset}.kpi_periods` AS p
  LEFT JOIN per_asset AS a ON a.site = p.site AND a.period = p.period
  GROUP BY p.site, p.period
  UNION ALL
  SELECT
    site,
    CONCAT('asset:', CAST(asset_id AS STRING)) AS scope,
    period,
    CAST(duration_us AS FLOAT64) AS duration_us,
    CAST(outage_count AS FLOAT64) AS outage_count
  FROM per_asset
)
SELECT
  site,
  scope,
  period,
  'mttr_restore' AS kpi,
  'smrp-3.5.2:restore:v1' AS definition,
  duration_us / NULLIF(outage_count, 0) / 3600000000 AS value,
  COALESCE(duration_us, 0.0) / 3600000000 AS numerator,
  COALESCE(outage_count, 0) AS denominator,
  CAST(COALESCE(outage_count, 0) AS INT64) AS n,
  'h' AS unit
FROM scoped
