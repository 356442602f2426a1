-- Every entry of the audit trail once, parsed from its wire form (shared/sync/audit.py). An entry published again after
-- a crash keeps its entry_id; the first one counts.
SELECT
  JSON_VALUE(data, '$.entry_id') AS entry_id,
  JSON_VALUE(data, '$.site') AS site,
  JSON_VALUE(data, '$.event_id') AS event_id,
  JSON_VALUE(data, '$.actor') AS actor,
  SAFE_CAST(JSON_VALUE(data, '$.at') AS TIMESTAMP) AS decided_at,
  JSON_VALUE(data, '$.direction') AS direction,
  JSON_VALUE(data, '$.action') AS action,
  JSON_VALUE(data, '$.kind') AS kind,
  SAFE_CAST(JSON_VALUE(data, '$.maintainx_id') AS INT64) AS maintainx_id,
  JSON_VALUE(data, '$.erp_id') AS erp_id,
  JSON_VALUE(data, '$.reference') AS reference,
  JSON_QUERY(data, '$.before') AS before_values,
  JSON_QUERY(data, '$.after') AS after_values,
  JSON_QUERY(data, '$.rejected') AS rejected_values,
  JSON_QUERY(data, '$.policy') AS policy,
  JSON_VALUE(data, '$.version_before') AS version_before,
  JSON_VALUE(data, '$.version_after') AS version_after,
  publish_time,
  message_id
FROM `${dataset}.sync_audit_raw`
WHERE JSON_VALUE(data, '$.entry_id') IS NOT NULL
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY JSON_VALUE(data, '$.entry_id') ORDER BY publish_time, message_id
) = 1
