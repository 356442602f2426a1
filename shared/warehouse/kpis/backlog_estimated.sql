-- Estimated share of the backlog: open work orders that have an estimate / open work orders, at the end of the period.
-- No standard: it says how far backlog_hours can be trusted. Version 1.
SELECT
  p.site,
  'site' AS scope,
  p.period,
  'backlog_estimated' AS kpi,
  'bridge:estimated-of-open:v1' AS definition,
  o.estimated_count / NULLIF(o.open_count, 0) AS value,
  CAST(COALESCE(o.estimated_count, 0) AS FLOAT64) AS numerator,
  CAST(COALESCE(o.open_count, 0) AS FLOAT64) AS denominator,
  COALESCE(o.open_count, 0) AS n,
  'ratio' AS unit
FROM `${dataset}.kpi_periods` AS p
LEFT JOIN `${dataset}.open_work` AS o ON o.site = p.site AND o.period = p.period
