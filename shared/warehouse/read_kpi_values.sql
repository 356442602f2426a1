-- What read_kpis.sql gives, from what the views say instead of what is stored.
SELECT
  v.site, v.scope, v.period, p.period_start, p.period_end, v.kpi, v.definition, v.value, v.numerator, v.denominator, v.n,
  v.unit, p.as_of
FROM kpi_values AS v
INNER JOIN kpi_periods AS p ON p.site = v.site AND p.period = v.period
WHERE p.site = @site
  AND p.period_start >= @earliest
  AND p.period IN UNNEST(@period_names)
  AND v.kpi IN UNNEST(@kpi_names)
ORDER BY v.kpi, v.scope, p.period_start, v.period
