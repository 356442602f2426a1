#!/bin/sh
# Plans one environment into out/: tfplan (for terraform-apply.sh), plan.txt (to read), plan.json (for programs).
# Usage: STATE_BUCKET=... scripts/terraform-plan.sh ENVIRONMENT     (an environment is a file terraform/envs/*.tfvars)
# The functions log the commit that they were deployed from: the last one that touched what is deployed, so that no other
# deploys them anew. TF_VAR_commit names another.
# PLAN_LOCK=false plans without locking the state, for an account that may only read it.
set -eu

if [ $# -ne 1 ] || [ -z "${STATE_BUCKET:-}" ]; then
  sed -n '3s/^# //p' "$0" >&2
  exit 2
fi
environment=$1
cd "$(dirname "$0")/.."
root=$PWD
if [ -z "${TF_VAR_commit:-}" ]; then
  # Cloud Build and others clone only the newest commit, of which nobody can tell what it touched.
  git fetch --quiet --unshallow 2>/dev/null || true
  if [ "$(git rev-parse --is-shallow-repository 2>/dev/null)" = false ]; then
    TF_VAR_commit=$(git log -1 --format=%H -- functions shared config requirements.txt)
  fi
fi
export TF_VAR_commit="${TF_VAR_commit:-unknown}"
mkdir -p out
rm -f out/tfplan out/tfplan.sha256 out/plan.txt out/plan.json out/outputs.json
cd terraform
if [ ! -f "envs/$environment.tfvars" ]; then
  echo "no terraform/envs/$environment.tfvars" >&2
  exit 2
fi
# A committed lock file is law; without one (docs/deploy.md, step 3) Terraform takes the newest that versions.tf allows.
lockfile=
[ ! -f .terraform.lock.hcl ] || lockfile=-lockfile=readonly

terraform init -input=false -reconfigure $lockfile \
  -backend-config="bucket=$STATE_BUCKET" -backend-config="prefix=maintainx-bridge/$environment"
terraform validate
terraform plan -input=false -lock="${PLAN_LOCK:-true}" -lock-timeout=5m \
  -var-file="envs/$environment.tfvars" -out="$root/out/tfplan"
terraform show -no-color "$root/out/tfplan" >"$root/out/plan.txt"
terraform show -json "$root/out/tfplan" >"$root/out/plan.json"
cd "$root/out"
sha256sum tfplan >tfplan.sha256
