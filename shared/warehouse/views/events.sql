-- Every event once, parsed from its wire form (shared/events.py). A redelivery or a replay adds a row to raw_events but
-- keeps its event_id; the first one counts.
SELECT
  JSON_VALUE(message, '$.event_id') AS event_id,
  JSON_VALUE(message, '$.site') AS site,
  JSON_VALUE(message, '$.type') AS type,
  JSON_VALUE(message, '$.resource') AS resource,
  JSON_VALUE(message, '$.resource_id') AS resource_id,
  SAFE_CAST(JSON_VALUE(message, '$.occurred_at') AS TIMESTAMP) AS occurred_at,
  SAFE_CAST(JSON_VALUE(message, '$.received_at') AS TIMESTAMP) AS received_at,
  JSON_VALUE(message, '$.source') AS source,
  JSON_VALUE(message, '$.origin') AS origin,
  JSON_QUERY(message, '$.data') AS data,
  publish_time,
  message_id
FROM (
  -- Renamed, because a column `data` of the view would hide that of the table where it is referred to below.
  SELECT data AS message, publish_time, message_id FROM `${dataset}.raw_events`
)
WHERE JSON_VALUE(message, '$.event_id') IS NOT NULL
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY JSON_VALUE(message, '$.event_id') ORDER BY publish_time, message_id
) = 1
