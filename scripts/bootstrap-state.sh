#!/usr/bin/env bash
# Makes what Terraform needs before it can run: a private, versioned bucket for its state and one for kept plans.
# Usage: scripts/bootstrap-state.sh PROJECT REGION [STATE_BUCKET]     (safe to run again; needs gcloud, logged in)
set -euo pipefail

if [[ $# -lt 2 || $# -gt 3 ]]; then
  sed -n '2,3s/^# //p' "$0" >&2
  exit 2
fi
project=$1 region=$2 state_bucket=${3:-$1-bridge-state}
plan_bucket=${state_bucket}-plans
# Versions of the state that are kept once a newer one is there, and days that a plan is kept.
state_versions=50 plan_days=90

bucket() { # bucket NAME: private, no ACLs; nothing if it is there already
  if gcloud storage buckets describe "gs://$1" --project="$project" --format='value(name)' >/dev/null 2>&1; then
    echo "gs://$1 is there"
  else
    gcloud storage buckets create "gs://$1" --project="$project" --location="$region" \
      --uniform-bucket-level-access --public-access-prevention
  fi
}

# Whatever Terraform turns on needs these two to be on.
gcloud services enable serviceusage.googleapis.com cloudresourcemanager.googleapis.com storage.googleapis.com \
  --project="$project"

lifecycle=$(mktemp)
trap 'rm -f "$lifecycle"' EXIT

bucket "$state_bucket"
echo "{\"rule\": [{\"action\": {\"type\": \"Delete\"}, \"condition\": {\"numNewerVersions\": $state_versions}}]}" >"$lifecycle"
gcloud storage buckets update "gs://$state_bucket" --project="$project" --versioning --lifecycle-file="$lifecycle"

bucket "$plan_bucket"
echo "{\"rule\": [{\"action\": {\"type\": \"Delete\"}, \"condition\": {\"age\": $plan_days}}]}" >"$lifecycle"
gcloud storage buckets update "gs://$plan_bucket" --project="$project" --lifecycle-file="$lifecycle"

cat <<END

State: gs://$state_bucket   Plans: gs://$plan_bucket
Next:  export STATE_BUCKET=$state_bucket && scripts/terraform-plan.sh dev
END
