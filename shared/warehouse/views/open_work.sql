-- Work orders open at the end of each period, or where it stops while it runs. CANCELED, SKIPPED and deleted work
-- orders are not open, also not before they became so: MaintainX does not say when that was.
SELECT
  p.site,
  p.period,
  COUNT(*) AS open_count,
  SUM(IF(w.estimated_time_s IS NULL, 0, 1)) AS estimated_count,
  CAST(SUM(COALESCE(w.estimated_time_s, 0)) AS FLOAT64) / 3600 AS estimated_hours
FROM `${dataset}.kpi_periods` AS p
INNER JOIN `${dataset}.work_orders_current` AS w
  ON w.site = p.site AND w.created_at < p.until AND (w.done_at IS NULL OR w.done_at >= p.until)
WHERE NOT w.deleted AND w.status NOT IN ('CANCELED', 'SKIPPED')
GROUP BY p.site, p.period
