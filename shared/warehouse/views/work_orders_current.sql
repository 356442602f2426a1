-- The latest version of every work order. A tombstone is a version too: one that MaintainX changed or showed again after it
-- was taken for deleted is not. No version counts as later than when it was loaded, whatever its clock said. done_at: when it
-- became DONE, NULL if it is not DONE now (a reopened work order keeps its completed_at in MaintainX, but is not done).
SELECT
  *,
  IF(status = 'DONE', COALESCE(completed_at, updated_at), NULL) AS done_at
FROM `${dataset}.work_orders`
WHERE TRUE
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY site, work_order_id
  ORDER BY LEAST(updated_at, loaded_at) DESC, updated_at DESC, deleted DESC, loaded_at DESC
) = 1
