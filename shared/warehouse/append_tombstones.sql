-- Appends a version with deleted = TRUE of each work order named, later than those that are there.
INSERT INTO work_orders (
  site, work_order_id, sequential_id, title, status, priority, type, asset_id, location_id, categories,
  created_at, start_date, due_date, completed_at, updated_at, estimated_time_s, deleted, loaded_at
)
SELECT
  w.site, w.work_order_id, w.sequential_id, w.title, w.status, w.priority, w.type, w.asset_id, w.location_id, w.categories,
  w.created_at, w.start_date, w.due_date, w.completed_at, GREATEST(g.deleted_at, w.updated_at), w.estimated_time_s, TRUE, CURRENT_TIMESTAMP()
FROM work_orders_current AS w
INNER JOIN UNNEST(@gone) AS g ON g.work_order_id = w.work_order_id
WHERE w.site = @site AND NOT w.deleted
