-- The latest version of every work order; a tombstone wins over everything. done_at: when it became DONE, NULL if it is
-- not DONE now (a reopened work order keeps its completed_at in MaintainX, but is not done).
SELECT
  *,
  IF(status = 'DONE', COALESCE(completed_at, updated_at), NULL) AS done_at
FROM `${dataset}.work_orders`
WHERE TRUE
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY site, work_order_id ORDER BY deleted DESC, updated_at DESC, loaded_at DESC
) = 1
