-- Unclassified downtime: hours of OFFLINE time in the period that nobody called planned or unplanned.
-- No standard: it says how much asset_downtime, mttr_restore and availability may be missing. Version 1.
-- Merged, clipped and counted as in asset_downtime.
WITH per_asset AS (
  SELECT site, period, asset_id, duration_us, outage_count FROM `${dataset}.outage_time` WHERE kind = 'unclassified'
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
  'unclassified_downtime' AS kpi,
  'bridge:offline-unclassified:v1' AS definition,
  COALESCE(duration_us, 0.0) / 3600000000 AS value,
  COALESCE(duration_us, 0.0) / 3600000000 AS numerator,
  CAST(NULL AS FLOAT64) AS denominator,
  CAST(COALESCE(outage_count, 0) AS INT64) AS n,
  'h' AS unit
FROM scoped
