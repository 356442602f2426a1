-- The time of each period in which the status of an asset is known: from its first status on.
SELECT
  p.site,
  p.period,
  a.asset_id,
  TIMESTAMP_DIFF(p.until, GREATEST(p.period_start, a.known_since), MICROSECOND) AS duration_us
FROM `${dataset}.kpi_periods` AS p
INNER JOIN (
  SELECT site, asset_id, MIN(started_at) AS known_since
  FROM `${dataset}.asset_statuses_current`
  WHERE NOT deleted
  GROUP BY site, asset_id
) AS a
  ON a.site = p.site AND a.known_since < p.until
