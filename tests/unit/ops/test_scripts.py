"""scripts/*.sh, really run, with recorders in the place of gcloud and terraform."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SCRIPTS = sorted(path.name for path in (ROOT / "scripts").glob("*.sh"))
# Writes each call as a line; then does what a test needs of the tool.
_RECORDER = """#!/bin/sh
printf '%s\\n' "$*" >>"$CALLS"
{behaviour}
"""
_TERRAFORM = """
case "$1" in
  plan) for word; do case "$word" in -out=*) echo "a plan" >"${word#-out=}" ;; esac; done ;;
  show) echo "{}" ;;
  output) echo '{"webhook_url": {"value": "https://x"}}' ;;
esac
"""


class Checkout:
    """A copy of what the scripts need, and the calls they made."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "checkout"
        shutil.copytree(ROOT / "scripts", self.folder / "scripts")
        (self.folder / "terraform" / "envs").mkdir(parents=True)
        (self.folder / "terraform" / "envs" / "dev.tfvars").write_text("")
        self.tools = folder / "tools"
        self.tools.mkdir()
        self.calls_file = folder / "calls"

    def tool(self, name: str, behaviour: str = "") -> None:
        path = self.tools / name
        path.write_text(_RECORDER.format(behaviour=behaviour))
        path.chmod(0o755)

    def run(self, script: str, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        self.calls_file.write_text("")
        path = f"{self.tools}:{os.environ['PATH']}"
        kept = {name: value for name, value in os.environ.items() if name != "STATE_BUCKET"}
        return subprocess.run(
            [str(self.folder / "scripts" / script), *words],
            env={**kept, "PATH": path, "CALLS": str(self.calls_file), **environment},
            capture_output=True,
            text=True,
            timeout=30,
        )

    @property
    def calls(self) -> list[str]:
        return self.calls_file.read_text().splitlines()


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    made = Checkout(tmp_path)
    made.tool("terraform", _TERRAFORM)
    made.tool("gcloud")
    return made


def planned(checkout: Checkout, **environment: str) -> None:
    run = checkout.run("terraform-plan.sh", "dev", STATE_BUCKET="state", **environment)
    assert run.returncode == 0, run.stderr


def test_is_executable_and_stops_at_the_first_error(subtests: pytest.Subtests) -> None:
    for script in SCRIPTS:
        with subtests.test(script=script):
            path = ROOT / "scripts" / script
            assert os.access(path, os.X_OK)
            assert re.search(r"^set -eu", path.read_text(), re.M)


@pytest.mark.parametrize("script", [name for name in SCRIPTS if name != "smoke.sh"])
def test_wrong_use_shows_the_usage_and_calls_nothing(script: str, checkout: Checkout) -> None:
    run = checkout.run(script, "one", "two", "three", "four")
    assert run.returncode == 2
    assert f"Usage: {'STATE_BUCKET=... ' if 'plan' in script else ''}scripts/{script}" in run.stderr
    assert checkout.calls == []


def test_plan_has_a_state_of_its_own_for_each_environment(checkout: Checkout) -> None:
    planned(checkout)
    init, validate, plan, *shows = checkout.calls
    assert "-backend-config=bucket=state -backend-config=prefix=maintainx-bridge/dev" in init
    assert validate == "validate"
    assert "-var-file=envs/dev.tfvars" in plan
    assert "-lock=true" in plan
    assert len(shows) == 2
    assert {path.name for path in (checkout.folder / "out").iterdir()} == {
        "tfplan",
        "tfplan.sha256",
        "plan.txt",
        "plan.json",
    }


def test_plan_for_a_reader_does_not_lock(checkout: Checkout) -> None:
    planned(checkout, PLAN_LOCK="false")
    assert "-lock=false" in checkout.calls[2]


def test_plan_takes_a_committed_lock_file_for_law(checkout: Checkout) -> None:
    planned(checkout)
    assert "-lockfile=readonly" not in checkout.calls[0]
    (checkout.folder / "terraform" / ".terraform.lock.hcl").write_text("")
    planned(checkout)
    assert "-lockfile=readonly" in checkout.calls[0]


def test_plan_of_an_environment_that_is_not_there_is_refused(checkout: Checkout) -> None:
    run = checkout.run("terraform-plan.sh", "prod", STATE_BUCKET="state")
    assert run.returncode == 2
    assert "no terraform/envs/prod.tfvars" in run.stderr
    assert checkout.calls == []


def test_apply_takes_exactly_the_kept_plan(checkout: Checkout) -> None:
    planned(checkout)
    run = checkout.run("terraform-apply.sh")
    assert run.returncode == 0, run.stderr
    apply, output = checkout.calls
    assert apply == f"apply -input=false -lock-timeout=5m {checkout.folder / 'out' / 'tfplan'}"
    assert output == "output -json"
    assert json.loads((checkout.folder / "out" / "outputs.json").read_text())["webhook_url"]["value"] == "https://x"


def test_apply_refuses_a_plan_that_was_changed_or_is_not_there(checkout: Checkout) -> None:
    planned(checkout)
    (checkout.folder / "out" / "tfplan").write_text("another plan")
    assert checkout.run("terraform-apply.sh").returncode != 0
    assert checkout.calls == []
    shutil.rmtree(checkout.folder / "out")
    assert checkout.run("terraform-apply.sh").returncode != 0
    assert checkout.calls == []


def test_failed_plan_leaves_no_older_one_to_apply(checkout: Checkout) -> None:
    planned(checkout)
    checkout.tool("terraform", '[ "$1" != plan ] || exit 1')
    assert checkout.run("terraform-plan.sh", "dev", STATE_BUCKET="state").returncode == 1
    assert checkout.run("terraform-apply.sh").returncode != 0
    assert checkout.calls == []


def test_state_buckets_are_private_and_the_state_is_versioned(checkout: Checkout) -> None:
    checkout.tool("gcloud", 'case "$*" in *describe*) exit 1 ;; esac')
    run = checkout.run("bootstrap-state.sh", "proj", "europe-west1")
    assert run.returncode == 0, run.stderr
    created = [call for call in checkout.calls if "buckets create" in call]
    assert [call.split()[3] for call in created] == ["gs://proj-bridge-state", "gs://proj-bridge-state-plans"]
    for call in created:
        assert "--uniform-bucket-level-access --public-access-prevention" in call
    (versioned,) = [call for call in checkout.calls if "--versioning" in call]
    assert "gs://proj-bridge-state " in versioned
    assert "export STATE_BUCKET=proj-bridge-state" in run.stdout


def test_bootstrap_makes_nothing_twice(checkout: Checkout) -> None:
    for script, words in (
        ("bootstrap-state.sh", ("proj", "europe-west1", "mine")),
        ("bootstrap-build.sh", ("p", "mine")),
        ("bootstrap-github.sh", ("p", "acme/bridge")),
    ):
        run = checkout.run(script, *words)
        assert run.returncode == 0, run.stderr
        assert [call for call in checkout.calls if re.search(r" create(-oidc)? ", call)] == []


def test_build_accounts_have_no_basic_role_that_writes_and_only_one_may_change_things(checkout: Checkout) -> None:
    assert checkout.run("bootstrap-build.sh", "proj", "mine").returncode == 0
    grants = [re.findall(r"--member=serviceAccount:(\S+?)@\S+ --role=(\S+)", call) for call in checkout.calls]
    roles: dict[str, set[str]] = {}
    for account, role in (grant for found in grants for grant in found):
        roles.setdefault(account, set()).add(role)
    assert set(roles) == {"bridge-plan", "bridge-deploy"}
    assert not {"roles/owner", "roles/editor"} & (roles["bridge-plan"] | roles["bridge-deploy"])
    assert roles["bridge-plan"] == {
        "roles/viewer",
        "roles/iam.securityReviewer",
        "roles/logging.logWriter",
        "roles/storage.objectViewer",
        "roles/storage.objectCreator",
    }


def test_github_may_be_one_account_a_kind_of_job_and_no_other_repository_any(checkout: Checkout) -> None:
    for known, verb in (("exit 1", "create-oidc"), ("exit 0", "update-oidc")):
        checkout.tool("gcloud", f'case "$*" in *projectNumber*) echo 42 ;; *describe*) {known} ;; esac')
        run = checkout.run("bootstrap-github.sh", "proj", "acme/bridge")
        assert run.returncode == 0, run.stderr
        (provider,) = [call for call in checkout.calls if "-oidc " in call]
        assert f" {verb} " in provider
        assert "--attribute-condition=assertion.repository == 'acme/bridge'" in provider
        pattern = (
            r"add-iam-policy-binding (\S+)@proj\S+ .*--role=(\S+) .*principalSet:\S+/projects/42/\S+/attribute\.(\S+)$"
        )
        granted = {found[1]: found.group(2, 3) for call in checkout.calls if (found := re.search(pattern, call))}
        assert granted == {
            "bridge-plan": ("roles/iam.workloadIdentityUser", "event_name/pull_request"),
            "bridge-deploy": ("roles/iam.workloadIdentityUser", "ref/refs/heads/main"),
        }
        assert "projects/42/locations/global/workloadIdentityPools/github/providers/github" in run.stdout


def test_plan_names_the_last_commit_that_touched_what_is_deployed(checkout: Checkout) -> None:
    """So that a commit of documents deploys nothing anew."""
    checkout.tool("terraform", _TERRAFORM + 'echo "commit=$TF_VAR_commit" >>"$CALLS"\n')
    planned(checkout)
    assert "commit=unknown" in checkout.calls  # no repository
    commits = []
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", "-C", str(checkout.folder)]
    subprocess.run([*git, "init", "--quiet"], check=True)
    for name in ("shared/x.py", "docs/x.md"):
        (checkout.folder / name).parent.mkdir()
        (checkout.folder / name).write_text("x")
        subprocess.run([*git, "add", name], check=True)
        subprocess.run([*git, "commit", "--quiet", "-m", name], check=True)
        head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
        commits.append(head.stdout.strip())
    planned(checkout)
    assert f"commit={commits[0]}" in checkout.calls
    shallow = subprocess.run(
        [*git, "rev-parse", "--git-dir"], check=True, capture_output=True, text=True
    ).stdout.strip()
    (checkout.folder / shallow / "shallow").write_text(commits[1])
    planned(checkout)
    assert "commit=unknown" in checkout.calls  # which commit it was cannot be told
    planned(checkout, TF_VAR_commit="abc1234")
    assert "commit=abc1234" in checkout.calls


def test_smoke_goes_to_what_was_just_deployed(checkout: Checkout) -> None:
    (checkout.folder / "out").mkdir()
    values = {"webhook_url": "https://in", "project_id": "proj", "dataset_id": "mx_maintenance"}
    outputs = {name: {"value": value} for name, value in values.items()}
    (checkout.folder / "out" / "outputs.json").write_text(json.dumps(outputs))
    python = checkout.folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\n[ "$1" != -c ] || exec {sys.executable} "$@"\necho "$*" >>"$CALLS"\nexit 3\n')
    python.chmod(0o755)
    run = checkout.run("smoke.sh", "--site", "plant-north")
    assert checkout.calls == [
        "-m ops --project proj --dataset mx_maintenance smoke --url https://in --site plant-north"
    ]
    assert run.returncode == 3


def test_scripts_and_docs_read_only_outputs_that_terraform_has() -> None:
    declared = set(re.findall(r'^output "(\w+)"', (ROOT / "terraform" / "outputs.tf").read_text(), re.MULTILINE))
    texts = [*(ROOT / "scripts").glob("*.sh"), *(ROOT / "docs").glob("*.md")]
    read = {
        name
        for path in texts
        for found in re.findall(r"\$\(output (\w+)\)|\.(\w+)\.value", path.read_text())
        for name in found
        if name
    }
    assert read
    assert read <= declared


def test_smoke_before_the_first_apply_says_what_is_missing(checkout: Checkout) -> None:
    run = checkout.run("smoke.sh", "--site", "plant-north")
    assert run.returncode == 2
    assert run.stderr == "no out/outputs.json: scripts/terraform-apply.sh writes it\n"
    assert run.stdout == ""
