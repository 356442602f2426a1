-- PM compliance: preventive work orders done in time / preventive work orders due in the period.
-- Standard: SMRP 5.4.14, window "due date + grace". Version 1.
-- In time: done on or before the local calendar day of the due date + grace. Counted once that day is over, so that
-- work which may still be in time is not called late. SKIPPED counts as not done; CANCELED and deleted work leaves.
WITH preventive AS (
  SELECT
    p.site,
    p.period,
    p.today,
    DATE(w.done_at, p.time_zone) AS done_on,
    DATE_ADD(DATE(w.due_date, p.time_zone), INTERVAL p.pm_grace_days DAY) AS last_day
  FROM `${dataset}.kpi_periods` AS p
  INNER JOIN `${dataset}.work_orders_current` AS w
    ON w.site = p.site AND w.due_date >= p.period_start AND w.due_date < p.period_end
  WHERE w.type = 'PREVENTIVE' AND NOT w.deleted AND w.status != 'CANCELED'
),
due AS (
  SELECT
    site,
    period,
    COUNT(*) AS due_count,
    SUM(IF(done_on IS NOT NULL AND done_on <= last_day, 1, 0)) AS in_time_count
  FROM preventive
  WHERE last_day < today
  GROUP BY site, period
)
SELECT
  p.site,
  'site' AS scope,
  p.period,
  'pm_compliance' AS kpi,
  CONCAT('smrp-5.4.14:due+', CAST(p.pm_grace_days AS STRING), 'd:v1') AS definition,
  d.in_time_count / NULLIF(d.due_count, 0) AS value,
  CAST(COALESCE(d.in_time_count, 0) AS FLOAT64) AS numerator,
  CAST(COALESCE(d.due_count, 0) AS FLOAT64) AS denominator,
  COALESCE(d.due_count, 0) AS n,
  'ratio' AS unit
FROM `${dataset}.kpi_periods` AS p
LEFT JOIN due AS d ON d.site = p.site AND d.period = p.period
