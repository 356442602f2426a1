-- Every entry of the audit trail once, parsed from its wire form (shared/sync/audit.py). An entry published again after
-- a crash keeps its entry_id; the first one counts.
SELECT
  JSON_VALUE(message, '$.entry_id') AS entry_id,
  JSON_VALUE(message, '$.site') AS site,
  JSON_VALUE(message, '$.event_id') AS event_id,
  JSON_VALUE(message, '$.actor') AS actor,
  SAFE_CAST(JSON_VALUE(message, '$.at') AS TIMESTAMP) AS decided_at,
  JSON_VALUE(message, '$.direction') AS direction,
  JSON_VALUE(message, '$.action') AS action,
  JSON_VALUE(message, '$.kind') AS kind,
  SAFE_CAST(JSON_VALUE(message, '$.maintainx_id') AS INT64) AS maintainx_id,
  JSON_VALUE(message, '$.erp_id') AS erp_id,
  JSON_VALUE(message, '$.reference') AS reference,
  JSON_QUERY(message, '$.before') AS before_values,
  JSON_QUERY(message, '$.after') AS after_values,
  JSON_QUERY(message, '$.rejected') AS rejected_values,
  JSON_QUERY(message, '$.policy') AS policy,
  JSON_QUERY(message, '$.parked') AS parked_values,
  JSON_QUERY(message, '$.agreed') AS agreed_values,
  JSON_VALUE(message, '$.version_before') AS version_before,
  JSON_VALUE(message, '$.version_after') AS version_after,
  publish_time,
  message_id
FROM (SELECT data AS message, publish_time, message_id FROM `${dataset}.sync_audit_raw`)
WHERE JSON_VALUE(message, '$.entry_id') IS NOT NULL
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY JSON_VALUE(message, '$.entry_id') ORDER BY publish_time, message_id
) = 1
