-- All KPIs for the periods in kpi_periods, as the data stands now. The table kpis keeps what was merged from here.
SELECT * FROM `${dataset}.kpi_asset_downtime`
UNION ALL
SELECT * FROM `${dataset}.kpi_availability`
UNION ALL
SELECT * FROM `${dataset}.kpi_backlog`
UNION ALL
SELECT * FROM `${dataset}.kpi_backlog_estimated`
UNION ALL
SELECT * FROM `${dataset}.kpi_backlog_hours`
UNION ALL
SELECT * FROM `${dataset}.kpi_completion_rate`
UNION ALL
SELECT * FROM `${dataset}.kpi_mean_downtime`
UNION ALL
SELECT * FROM `${dataset}.kpi_mtbf`
UNION ALL
SELECT * FROM `${dataset}.kpi_mttr_restore`
UNION ALL
SELECT * FROM `${dataset}.kpi_mttr_work_order`
UNION ALL
SELECT * FROM `${dataset}.kpi_pm_compliance`
UNION ALL
SELECT * FROM `${dataset}.kpi_unclassified_downtime`
