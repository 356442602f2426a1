-- Keeps what kpi_values says of the periods of the site. A row that is no longer there for one of these periods (late
-- data took the only outage of an asset away) is deleted; other sites, periods and KPIs are not touched. Running it
-- again changes only computed_at. Periods that were stored with a later as_of are left alone: they know more.
MERGE INTO kpis AS t
USING (
  SELECT v.*, p.period_kind, p.period_start, p.period_end, p.as_of
  FROM kpi_values AS v
  INNER JOIN kpi_periods AS p ON p.site = v.site AND p.period = v.period
  LEFT JOIN (
    SELECT period, MAX(as_of) AS as_of
    FROM kpis
    WHERE site = @site AND period_start >= @earliest AND kpi IN UNNEST(@kpi_names)
    GROUP BY period
  ) AS stored ON stored.period = p.period
  WHERE p.site = @site AND (stored.as_of IS NULL OR stored.as_of <= p.as_of)
) AS s
ON
  t.site = s.site
  AND t.period_start >= @earliest
  AND t.period = s.period
  AND t.scope = s.scope
  AND t.kpi = s.kpi
  AND t.definition = s.definition
WHEN MATCHED THEN UPDATE SET
  period_start = s.period_start,
  period_end = s.period_end,
  value = s.value,
  numerator = s.numerator,
  denominator = s.denominator,
  n = s.n,
  unit = s.unit,
  as_of = s.as_of,
  computed_at = CURRENT_TIMESTAMP()
WHEN NOT MATCHED THEN INSERT (
  site, scope, period, period_kind, period_start, period_end,
  kpi, definition, value, numerator, denominator, n, unit, as_of, computed_at
) VALUES (
  s.site, s.scope, s.period, s.period_kind, s.period_start, s.period_end,
  s.kpi, s.definition, s.value, s.numerator, s.denominator, s.n, s.unit, s.as_of, CURRENT_TIMESTAMP()
)
WHEN NOT MATCHED BY SOURCE
  AND t.site = @site
  AND t.period_start >= @earliest
  AND t.period IN UNNEST(@period_names)
  AND t.kpi IN UNNEST(@kpi_names)
  AND t.as_of <= @as_of
  THEN DELETE
