-- Mean time between failures: operating hours / number of failures, by asset and over all assets.
-- Standard: SMRP 3.5.1. Version 1.
-- Operating: from the first known status on, less all OFFLINE and IGNORE time. A failure is the start of an
-- unplanned outage in the period. Without a failure there is no value, neither 0 nor infinity.
WITH per_asset AS (
  SELECT
    b.site,
    b.period,
    b.asset_id,
    b.duration_us - COALESCE(s.duration_us, 0) AS duration_us,
    COALESCE(f.failure_count, 0) AS failure_count
  FROM `${dataset}.observed_time` AS b
  LEFT JOIN `${dataset}.outage_time` AS s
    ON s.site = b.site AND s.period = b.period AND s.asset_id = b.asset_id AND s.kind = 'not_operating'
  LEFT JOIN (
    SELECT p.site, p.period, o.asset_id, COUNT(*) AS failure_count
    FROM `${dataset}.kpi_periods` AS p
    INNER JOIN `${dataset}.asset_outages` AS o
      ON o.site = p.site AND o.started_at >= p.period_start AND o.started_at < p.until
    WHERE o.kind = 'unplanned'
    GROUP BY p.site, p.period, o.asset_id
  ) AS f
    ON f.site = b.site AND f.period = b.period AND f.asset_id = b.asset_id
),
scoped AS (
  SELECT
    p.site,
    'site' AS scope,
    p.period,
    CAST(SUM(a.duration_us) AS FLOAT64) AS duration_us,
    CAST(SUM(a.failure_count) AS FLOAT64) AS failure_count
  FROM `${dataset}.kpi_periods` AS p
  LEFT JOIN per_asset AS a ON a.site = p.site AND a.period = p.period
  GROUP BY p.site, p.period
  UNION ALL
  SELECT
    site,
    CONCAT('asset:', CAST(asset_id AS STRING)) AS scope,
    period,
    CAST(duration_us AS FLOAT64) AS duration_us,
    CAST(failure_count AS FLOAT64) AS failure_count
  FROM per_asset
)
SELECT
  site,
  scope,
  period,
  'mtbf' AS kpi,
  'smrp-3.5.1:unplanned:v1' AS definition,
  duration_us / NULLIF(failure_count, 0) / 3600000000 AS value,
  COALESCE(duration_us, 0.0) / 3600000000 AS numerator,
  COALESCE(failure_count, 0) AS denominator,
  CAST(COALESCE(failure_count, 0) AS INT64) AS n,
  'h' AS unit
FROM scoped
