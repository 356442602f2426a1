-- Outages clipped to each period, one that lasts running to where the period stops: time and number by asset and kind.
-- Times are whole microseconds, so that differences of them are exact and a denominator of 0 is 0.
SELECT
  p.site,
  p.period,
  o.kind,
  o.asset_id,
  COUNT(*) AS outage_count,
  SUM(
    TIMESTAMP_DIFF(
      LEAST(COALESCE(o.ended_at, p.until), p.until), GREATEST(o.started_at, p.period_start), MICROSECOND
    )
  ) AS duration_us
FROM `${dataset}.kpi_periods` AS p
INNER JOIN `${dataset}.asset_outages` AS o
  ON o.site = p.site AND o.started_at < p.until AND (o.ended_at IS NULL OR o.ended_at > p.period_start)
GROUP BY p.site, p.period, o.kind, o.asset_id
