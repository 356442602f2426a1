"""The documents for newcomers and operators: they lead from one to the next, and leave out nothing that can happen."""

from __future__ import annotations

import re

from ops.config import secret_names
from shared import errors
from shared.config.whole import load_config
from tests.unit.ops.documents import ROOT, commands, document

DOCS = ("deploy.md", "runbook.md")
TEXTS = {name: document(f"docs/{name}").text for name in DOCS}
ADD = ("gcloud", "secrets", "versions", "add")


# What is typed, and where links lead: test_doc_commands.py.


def test_the_newcomer_is_led_from_the_readme_to_the_first_work_order() -> None:
    """README, then start.md, then deploy.md, which is the sequence; Terraform's reference leads back to it."""
    assert "](docs/start.md)" in document("README.md").text.partition("## Deploy and operate")[2]
    start, deploy, reference = map(document, ("docs/start.md", "docs/deploy.md", "terraform/README.md"))
    assert "](start.md)" in deploy.text
    assert "../docs/deploy.md" in reference.links
    steps = re.findall(r"^## (\d)\. (.+)$", deploy.text, re.M)
    assert [number for number, _ in steps] == [str(number) for number in range(1, 10)]
    linked = {target.partition("#")[2][:1] for target in start.links if target.startswith("deploy.md#")}
    assert linked >= {number for number, _ in steps} - {"2"}  # the state bucket has a line with the project


def test_where_the_organization_id_and_the_key_are_found_can_be_searched_for() -> None:
    """As `grep -i "organization id" docs` does."""
    found = [name for name in ("start.md", "deploy.md") if "organization id" in document(f"docs/{name}").text.lower()]
    assert found == ["start.md", "deploy.md"]
    start = document("docs/start.md").text
    assert "Settings > Integrations > API Keys" in start
    assert "organization_id" in start
    assert "https://api.getmaintainx.com/v1/organizations" in start


def test_documents_agree_on_which_secrets_are_filled_by_hand() -> None:
    """Four a site, by the commands of an output; the webhooks' and the list of subscriptions by `apply`."""
    for name in ("docs/deploy.md", "terraform/README.md"):
        text = " ".join(document(name).text.split())
        assert "secret_commands" in text, name
        assert "four a site" in text, name
        (sentence,) = re.findall(r"[^.|]*`maintainx-subscriptions-\*`[^.]*", text)
        assert "`ops subscriptions apply`" in sentence or "the same" in sentence, name
    by_hand = {command.words[4] for command in commands() if command.words[:4] == ADD and "deploy" in command.document}
    (site, *_) = load_config(ROOT / "config").sites.values()
    webhooks = {subscription.secret for subscription in site.maintainx.subscriptions}
    assert by_hand == set(secret_names(site)) - webhooks


def test_existing_orders_are_linked_before_webhooks_come() -> None:
    text = TEXTS["deploy.md"]
    assert text.index("take the route `work orders to the ERP` out") < text.index("scripts/terraform-apply.sh")
    assert text.index("-m ops link plant-north") < text.index("-m ops subscriptions apply")
    assert "ops link" in (ROOT / "README.md").read_text().partition("## Deploy and operate")[2]


def test_runbook_explains_every_error_that_can_kill_a_message() -> None:
    concrete = {
        name
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.BridgeError) and not name.endswith(("BridgeError",))
    }
    abstract = {"TransientError", "PermanentError"}
    # Ends as skipped; only kpi_compute meets it; ends as parked.
    elsewhere = {"RecordNotFound", "WarehouseUnavailable", "StatusNotPossible"}
    table = TEXTS["runbook.md"].partition("| error class |")[2].partition("###")[0]
    named = set(re.findall(r"`([A-Z]\w+)`", table))
    assert concrete - abstract - elsewhere <= named


def test_runbook_has_a_place_for_every_alert() -> None:
    text = (ROOT / "terraform" / "alerts.tf").read_text()
    alerts = set(re.findall(r"^\s+\"?([a-z][a-z-]+?)(?:-\$\{id\}\")?\s*(?:=>?)\s*\{\s*\n\s+display_name", text, re.M))
    assert len(alerts) >= 8
    table = TEXTS["runbook.md"].partition("| alert |")[2].partition("## ")[0]
    assert alerts <= set(re.findall(r"`([a-z-]+)`", table))
