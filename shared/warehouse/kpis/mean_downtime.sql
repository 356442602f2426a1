-- Mean downtime: hours of unplanned OFFLINE time in the period / number of outages that reach into it.
-- Standard: SMRP 3.5.4, unscheduled downtime. Version 1.
-- Merged and clipped as in asset_downtime; an outage over the end of a week counts in both weeks, each with its part.
WITH per_asset AS (
  SELECT site, period, asset_id, duration_us, outage_count FROM `${dataset}.outage_time` WHERE kind = 'unplanned'
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
  'mean_downtime' AS kpi,
  'smrp-3.5.4:unplanned:v1' AS definition,
  duration_us / NULLIF(outage_count, 0) / 3600000000 AS value,
  COALESCE(duration_us, 0.0) / 3600000000 AS numerator,
  COALESCE(outage_count, 0) AS denominator,
  CAST(COALESCE(outage_count, 0) AS INT64) AS n,
  'h' AS unit
FROM scoped
