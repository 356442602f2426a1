-- Asset downtime: hours of unplanned OFFLINE time in the period, summed over assets.
-- Standard: SMRP 3.4 (unscheduled downtime). Version 1.
-- Per asset, overlapping intervals count once; outages are clipped to the period, and one that lasts runs to as_of.
-- n is the number of outages that reach into the period. An asset without any has no row.
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
  'asset_downtime' AS kpi,
  'smrp-3.4:unplanned:v1' AS definition,
  COALESCE(duration_us, 0.0) / 3600000000 AS value,
  COALESCE(duration_us, 0.0) / 3600000000 AS numerator,
  CAST(NULL AS FLOAT64) AS denominator,
  CAST(COALESCE(outage_count, 0) AS INT64) AS n,
  'h' AS unit
FROM scoped
