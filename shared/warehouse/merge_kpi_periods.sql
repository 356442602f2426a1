-- Sets the periods that kpi_values computes for the site.
MERGE INTO kpi_periods AS t
USING (
  SELECT p.period, p.period_kind, p.period_start, p.period_end, p.until
  FROM UNNEST(@periods) AS p
) AS s
ON t.site = @site AND t.period = s.period
WHEN MATCHED THEN UPDATE SET
  period_kind = s.period_kind,
  period_start = s.period_start,
  period_end = s.period_end,
  until = s.until,
  as_of = @as_of,
  today = @today,
  time_zone = @time_zone,
  pm_grace_days = @pm_grace_days
WHEN NOT MATCHED THEN INSERT (
  site, period, period_kind, period_start, period_end, until, as_of, today, time_zone, pm_grace_days
) VALUES (
  @site, s.period, s.period_kind, s.period_start, s.period_end, s.until, @as_of, @today, @time_zone, @pm_grace_days
)
WHEN NOT MATCHED BY SOURCE AND t.site = @site THEN DELETE
