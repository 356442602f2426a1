-- When each of these work orders was last told of by an event that tells of a change. Reads raw_events, not events: only
-- there does the filter on publish_time spare BigQuery the older partitions.
SELECT
  SAFE_CAST(JSON_VALUE(data, '$.resource_id') AS INT64) AS work_order_id,
  MAX(SAFE_CAST(JSON_VALUE(data, '$.occurred_at') AS TIMESTAMP)) AS told_at
FROM raw_events
WHERE
  publish_time >= @since
  AND JSON_VALUE(data, '$.site') = @site
  AND JSON_VALUE(data, '$.type') IN UNNEST(@types)
  AND JSON_VALUE(data, '$.resource_id') IN UNNEST(@ids)
GROUP BY work_order_id
