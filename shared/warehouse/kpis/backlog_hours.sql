-- Backlog hours: estimated hours of the work orders open at the end of the period (or now, while it runs).
-- Standard: the numerator of SMRP 5.4.8, not divided by crew capacity, which MaintainX does not know. Version 1.
-- Work orders without an estimate add nothing: n says how many have one, backlog_estimated which share.
SELECT
  p.site,
  'site' AS scope,
  p.period,
  'backlog_hours' AS kpi,
  'smrp-5.4.8:estimated-hours:v1' AS definition,
  COALESCE(o.estimated_hours, 0.0) AS value,
  COALESCE(o.estimated_hours, 0.0) AS numerator,
  CAST(NULL AS FLOAT64) AS denominator,
  CAST(COALESCE(o.estimated_count, 0) AS INT64) AS n,
  'h' AS unit
FROM `${dataset}.kpi_periods` AS p
LEFT JOIN `${dataset}.open_work` AS o ON o.site = p.site AND o.period = p.period
