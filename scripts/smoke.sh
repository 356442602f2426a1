#!/bin/sh
# Runs `ops smoke` against what terraform-apply.sh has just deployed: reads out/outputs.json.
# Usage: scripts/smoke.sh [OPTIONS OF ops smoke]
set -eu

cd "$(dirname "$0")/.."
[ -f out/outputs.json ] || { echo "no out/outputs.json: scripts/terraform-apply.sh writes it" >&2; exit 2; }
output() { .venv/bin/python -c 'import json, sys; print(json.load(open("out/outputs.json"))[sys.argv[1]]["value"])' "$1"; }

.venv/bin/python -m ops --project "$(output project_id)" --dataset "$(output dataset_id)" \
  smoke --url "$(output webhook_url)" "$@"
