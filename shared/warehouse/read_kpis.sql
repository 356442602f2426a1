SELECT site, scope, period, period_start, period_end, kpi, definition, value, numerator, denominator, n, unit, as_of
FROM kpis
WHERE site = @site
  AND period_start >= @earliest
  AND period IN UNNEST(@period_names)
  AND kpi IN UNNEST(@kpi_names)
ORDER BY kpi, scope, period_start, period
