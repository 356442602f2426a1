-- Availability: hours not in unplanned downtime / hours in which the asset was wanted, by asset and over all assets.
-- Standard: SMRP 2.2. Version 1.
-- Wanted: from the first known status of the asset on, less IGNORE time (idle, out of service). Planned
-- downtime does not lower it. Merged, clipped, open ones to as_of as in asset_downtime. n is the number of assets.
WITH per_asset AS (
  SELECT
    b.site,
    b.period,
    b.asset_id,
    b.duration_us - COALESCE(i.duration_us, 0) AS wanted_us,
    b.duration_us - COALESCE(d.duration_us, 0) AS up_us
  FROM `${dataset}.observed_time` AS b
  LEFT JOIN `${dataset}.outage_time` AS i
    ON i.site = b.site AND i.period = b.period AND i.asset_id = b.asset_id AND i.kind = 'ignored'
  LEFT JOIN `${dataset}.outage_time` AS d
    ON d.site = b.site AND d.period = b.period AND d.asset_id = b.asset_id AND d.kind = 'unplanned_or_ignored'
),
scoped AS (
  SELECT
    p.site,
    'site' AS scope,
    p.period,
    CAST(SUM(a.up_us) AS FLOAT64) AS up_us,
    CAST(SUM(a.wanted_us) AS FLOAT64) AS wanted_us,
    COUNT(a.asset_id) AS asset_count
  FROM `${dataset}.kpi_periods` AS p
  LEFT JOIN per_asset AS a ON a.site = p.site AND a.period = p.period
  GROUP BY p.site, p.period
  UNION ALL
  SELECT
    site,
    CONCAT('asset:', CAST(asset_id AS STRING)) AS scope,
    period,
    CAST(up_us AS FLOAT64) AS up_us,
    CAST(wanted_us AS FLOAT64) AS wanted_us,
    1 AS asset_count
  FROM per_asset
)
SELECT
  site,
  scope,
  period,
  'availability' AS kpi,
  'smrp-2.2:unplanned:v1' AS definition,
  up_us / NULLIF(wanted_us, 0) AS value,
  COALESCE(up_us, 0.0) / 3600000000 AS numerator,
  COALESCE(wanted_us, 0.0) / 3600000000 AS denominator,
  CAST(COALESCE(asset_count, 0) AS INT64) AS n,
  'ratio' AS unit
FROM scoped
