-- Mean time to repair as work orders show it: creation to DONE of the REACTIVE work orders done in the period.
-- Standard: SMRP 5.4.7 (work order cycle time), corrective work only. Version 1.
-- Calendar hours, waiting included. Not SMRP 3.5.2, whose clock starts when the asset stops: that is mttr_restore.
WITH repaired AS (
  SELECT
    p.site,
    p.period,
    COUNT(*) AS repair_count,
    CAST(SUM(TIMESTAMP_DIFF(w.done_at, w.created_at, MICROSECOND)) AS FLOAT64) / 3600000000 AS hours
  FROM `${dataset}.kpi_periods` AS p
  INNER JOIN `${dataset}.work_orders_current` AS w
    ON w.site = p.site AND w.done_at >= p.period_start AND w.done_at < p.until
  WHERE w.type = 'REACTIVE' AND NOT w.deleted AND w.created_at IS NOT NULL
  GROUP BY p.site, p.period
)
SELECT
  p.site,
  'site' AS scope,
  p.period,
  'mttr_work_order' AS kpi,
  'smrp-5.4.7:reactive:v1' AS definition,
  r.hours / NULLIF(r.repair_count, 0) AS value,
  COALESCE(r.hours, 0.0) AS numerator,
  CAST(COALESCE(r.repair_count, 0) AS FLOAT64) AS denominator,
  COALESCE(r.repair_count, 0) AS n,
  'h' AS unit
FROM `${dataset}.kpi_periods` AS p
LEFT JOIN repaired AS r ON r.site = p.site AND r.period = p.period
