-- Completion rate: work orders done in the period / work orders in hand in the period, that is, open at its start or
-- created in it. No standard of its own. Version 1.
-- CANCELED, SKIPPED and deleted work orders leave both sides. The denominator is the numerator and the backlog.
WITH in_hand AS (
  SELECT
    p.site,
    p.period,
    COUNT(*) AS in_hand_count,
    SUM(IF(w.done_at IS NOT NULL AND w.done_at < p.until, 1, 0)) AS done_count
  FROM `${dataset}.kpi_periods` AS p
  INNER JOIN `${dataset}.work_orders_current` AS w
    ON w.site = p.site AND w.created_at < p.until AND (w.done_at IS NULL OR w.done_at >= p.period_start)
  WHERE NOT w.deleted AND w.status NOT IN ('CANCELED', 'SKIPPED')
  GROUP BY p.site, p.period
)
SELECT
  p.site,
  'site' AS scope,
  p.period,
  'completion_rate' AS kpi,
  'bridge:done-of-in-hand:v1' AS definition,
  h.done_count / NULLIF(h.in_hand_count, 0) AS value,
  CAST(COALESCE(h.done_count, 0) AS FLOAT64) AS numerator,
  CAST(COALESCE(h.in_hand_count, 0) AS FLOAT64) AS denominator,
  COALESCE(h.in_hand_count, 0) AS n,
  'ratio' AS unit
FROM `${dataset}.kpi_periods` AS p
LEFT JOIN in_hand AS h ON h.site = p.site AND h.period = p.period
