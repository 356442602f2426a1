-- The latest version of every asset status interval.
SELECT *
FROM `${dataset}.asset_statuses`
WHERE TRUE
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY site, asset_status_id ORDER BY deleted DESC, updated_at DESC, loaded_at DESC
) = 1
