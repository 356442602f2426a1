#!/usr/bin/env bash
# Lets GitHub Actions of one repository act as bridge-plan (pull requests) and bridge-deploy (what runs on main), without
# a key: workload identity federation. scripts/bootstrap-build.sh makes the two accounts first.
# Usage: scripts/bootstrap-github.sh PROJECT OWNER/REPOSITORY   (safe to run again; needs gcloud, logged in)
set -euo pipefail

if [[ $# -ne 2 || $2 != */* ]]; then
  sed -n '2,4s/^# //p' "$0" >&2
  exit 2
fi
project=$1 repository=$2
pool=(--project="$project" --location=global)
provider=("${pool[@]}" --workload-identity-pool=github)

gcloud services enable iam.googleapis.com iamcredentials.googleapis.com sts.googleapis.com --project="$project"
gcloud iam workload-identity-pools describe github "${pool[@]}" --format='value(name)' >/dev/null 2>&1 ||
  gcloud iam workload-identity-pools create github "${pool[@]}" --display-name="GitHub Actions"
# The condition keeps out every other repository of GitHub, whose tokens have the same issuer. Not by the subject: its form
# differs between older and newer repositories.
verb=update-oidc
gcloud iam workload-identity-pools providers describe github "${provider[@]}" --format='value(name)' >/dev/null 2>&1 ||
  verb=create-oidc
gcloud iam workload-identity-pools providers "$verb" github "${provider[@]}" \
  --issuer-uri=https://token.actions.githubusercontent.com \
  --attribute-mapping=google.subject=assertion.sub,attribute.event_name=assertion.event_name,attribute.ref=assertion.ref \
  --attribute-condition="assertion.repository == '$repository'"

number=$(gcloud projects describe "$project" --format='value(projectNumber)')
allow() { # allow ACCOUNT ATTRIBUTE VALUE: of the job's token
  gcloud iam service-accounts add-iam-policy-binding "$1@$project.iam.gserviceaccount.com" --project="$project" \
    --format=none --role=roles/iam.workloadIdentityUser --condition=None \
    --member="principalSet://iam.googleapis.com/projects/$number/locations/global/workloadIdentityPools/github/attribute.$2/$3"
}
allow bridge-plan event_name pull_request
allow bridge-deploy ref refs/heads/main

echo "Variables of the repository (Settings, Secrets and variables, Actions, Variables):"
echo "  WORKLOAD_IDENTITY_PROVIDER  projects/$number/locations/global/workloadIdentityPools/github/providers/github"
echo "  PROJECT                     $project"
echo "  ENVIRONMENT                 a file of terraform/envs, without .tfvars"
echo "  STATE_BUCKET                the bucket that scripts/bootstrap-state.sh made"
