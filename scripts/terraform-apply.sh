#!/bin/sh
# Applies exactly the plan that terraform-plan.sh made, and writes Terraform's outputs to out/outputs.json.
# Usage: scripts/terraform-apply.sh
# Nothing is planned anew: a plan that was changed, or that the world has overtaken, is refused.
set -eu

if [ $# -ne 0 ]; then
  sed -n '3s/^# //p' "$0" >&2
  exit 2
fi
cd "$(dirname "$0")/../out"
sha256sum -c tfplan.sha256
out=$PWD
cd ../terraform
terraform apply -input=false -lock-timeout=5m "$out/tfplan"
terraform output -json >"$out/outputs.json"
