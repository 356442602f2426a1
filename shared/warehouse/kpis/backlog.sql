-- Backlog: number of work orders open at the end of the period (or now, while it runs).
-- Standard: the count of SMRP 5.4.6 (work order ageing). Version 1.
SELECT
  p.site,
  'site' AS scope,
  p.period,
  'backlog' AS kpi,
  'smrp-5.4.6:open-count:v1' AS definition,
  CAST(COALESCE(o.open_count, 0) AS FLOAT64) AS value,
  CAST(COALESCE(o.open_count, 0) AS FLOAT64) AS numerator,
  CAST(NULL AS FLOAT64) AS denominator,
  COALESCE(o.open_count, 0) AS n,
  'count' AS unit
FROM `${dataset}.kpi_periods` AS p
LEFT JOIN `${dataset}.open_work` AS o ON o.site = p.site AND o.period = p.period
