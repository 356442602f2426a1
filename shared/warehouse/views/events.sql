-- Every event once, parsed from its wire form (shared/events.py). A redelivery or a replay adds a row to raw_events but
-- keeps its event_id; the first one counts.
SELECT
  JSON_VALUE(data, '$.event_id') AS event_id,
  JSON_VALUE(data, '$.site') AS site,
  JSON_VALUE(data, '$.type') AS type,
  JSON_VALUE(data, '$.resource') AS resource,
  JSON_VALUE(data, '$.resource_id') AS resource_id,
  SAFE_CAST(JSON_VALUE(data, '$.occurred_at') AS TIMESTAMP) AS occurred_at,
  SAFE_CAST(JSON_VALUE(data, '$.received_at') AS TIMESTAMP) AS received_at,
  JSON_VALUE(data, '$.source') AS source,
  JSON_VALUE(data, '$.origin') AS origin,
  JSON_QUERY(data, '$.data') AS data,
  publish_time,
  message_id
FROM `${dataset}.raw_events`
WHERE JSON_VALUE(data, '$.event_id') IS NOT NULL
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY JSON_VALUE(data, '$.event_id') ORDER BY publish_time, message_id
) = 1
