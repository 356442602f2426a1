-- Work orders of the site that an event says are deleted and that have no tombstone yet. Reads raw_events, not events: only
-- there does the filter on publish_time spare BigQuery the older partitions.
WITH reported AS (
  SELECT
    SAFE_CAST(JSON_VALUE(data, '$.resource_id') AS INT64) AS work_order_id,
    MAX(SAFE_CAST(JSON_VALUE(data, '$.occurred_at') AS TIMESTAMP)) AS deleted_at
  FROM raw_events
  WHERE
    publish_time >= @since
    AND JSON_VALUE(data, '$.type') = 'work_order.deleted'
    AND JSON_VALUE(data, '$.site') = @site
  GROUP BY work_order_id
)
SELECT w.work_order_id, COALESCE(r.deleted_at, w.updated_at) AS deleted_at
FROM reported AS r
INNER JOIN work_orders_current AS w ON w.work_order_id = r.work_order_id
WHERE w.site = @site AND NOT w.deleted
