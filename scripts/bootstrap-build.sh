#!/usr/bin/env bash
# Makes the two service accounts that Cloud Build runs cloudbuild.yaml with: bridge-plan (reads, for pull requests)
# and bridge-deploy (applies, for the main branch). No keys, no roles/owner, no roles/editor.
# Usage: scripts/bootstrap-build.sh PROJECT STATE_BUCKET     (safe to run again; needs gcloud, logged in)
set -euo pipefail

if [[ $# -ne 2 ]]; then
  sed -n '2,4s/^# //p' "$0" >&2
  exit 2
fi
project=$1 state_bucket=$2

# bridge-plan reads every resource to compare it with the configuration. roles/viewer reads no secret's value.
plan_roles=(roles/viewer roles/iam.securityReviewer roles/logging.logWriter)
# bridge-deploy makes and changes what terraform/ holds, and nothing else. Project-level, because what it makes is not
# there yet. Who may administer secrets or set policies could give himself more: protect the main branch accordingly.
deploy_roles=(
  roles/artifactregistry.admin
  roles/bigquery.admin
  roles/cloudfunctions.admin
  roles/cloudscheduler.admin
  roles/datastore.owner
  roles/iam.serviceAccountAdmin
  roles/iam.serviceAccountUser
  roles/logging.configWriter
  roles/logging.logWriter
  roles/monitoring.editor
  roles/pubsub.admin
  roles/resourcemanager.projectIamAdmin
  roles/run.admin
  roles/secretmanager.admin
  roles/serviceusage.serviceUsageAdmin
  roles/storage.admin
)

account() { # account NAME DESCRIPTION
  local email="$1@$project.iam.gserviceaccount.com"
  gcloud iam service-accounts describe "$email" --project="$project" --format='value(email)' >/dev/null 2>&1 ||
    gcloud iam service-accounts create "$1" --project="$project" --display-name="$2"
}

grant() { # grant NAME ROLE...: in the project
  local name=$1 role
  shift
  for role in "$@"; do
    gcloud projects add-iam-policy-binding "$project" --condition=None --format=none \
      --member="serviceAccount:$name@$project.iam.gserviceaccount.com" --role="$role"
  done
}

grant_on_bucket() { # grant_on_bucket NAME BUCKET ROLE
  gcloud storage buckets add-iam-policy-binding "gs://$2" --format=none \
    --member="serviceAccount:$1@$project.iam.gserviceaccount.com" --role="$3"
}

gcloud services enable cloudbuild.googleapis.com iam.googleapis.com --project="$project"
account bridge-plan "Plans changes of the MaintainX bridge"
account bridge-deploy "Deploys the MaintainX bridge"
grant bridge-plan "${plan_roles[@]}"
grant bridge-deploy "${deploy_roles[@]}"
grant_on_bucket bridge-plan "$state_bucket" roles/storage.objectViewer
for name in bridge-plan bridge-deploy; do
  grant_on_bucket "$name" "$state_bucket-plans" roles/storage.objectCreator
  grant_on_bucket "$name" "$state_bucket-plans" roles/storage.objectViewer # copying a folder looks whether it is there
done
