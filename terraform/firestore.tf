# What the bundle remembers: claims, sync records, watermarks, memos (shared/state). Its queries filter for equality only, which
# single-field indexes serve; there are no composite indexes to declare.

resource "google_firestore_database" "this" {
  name        = local.database
  location_id = var.region
  type        = "FIRESTORE_NATIVE"

  delete_protection_state           = var.deletion_protection ? "DELETE_PROTECTION_ENABLED" : "DELETE_PROTECTION_DISABLED"
  deletion_policy                   = var.deletion_protection ? "ABANDON" : "DELETE"
  point_in_time_recovery_enablement = "POINT_IN_TIME_RECOVERY_ENABLED"

  dynamic "cmek_config" {
    for_each = local.kms_key[*]
    content {
      kms_key_name = cmek_config.value
    }
  }

  depends_on = [google_project_service.this]
}

resource "google_firestore_backup_schedule" "daily" {
  database  = google_firestore_database.this.name
  retention = "${7 * 86400}s"

  daily_recurrence {}
}

# Claims are forgotten by Firestore itself. The field is not indexed: every claim writes a later time, and an index over
# ever-growing values is a hot spot (Firestore: best practices).
resource "google_firestore_field" "claim_ttl" {
  database   = google_firestore_database.this.name
  collection = "claims"
  field      = "expire_at"

  ttl_config {}
  index_config {}
}

# Whole records as JSON text: nobody searches by them, and an indexed value must stay below 1,500 bytes.
resource "google_firestore_field" "unindexed" {
  for_each = {
    base_json      = "records"
    choices_json   = "records"
    conflicts_json = "records"
    content_json   = "memos"
    intent_json    = "records"
  }

  database   = google_firestore_database.this.name
  collection = each.value
  field      = each.key

  index_config {}
}
