"""Log-based metrics against the log lines: a metric over a field that nobody writes counts nothing, silently."""

from __future__ import annotations

import ast
import re

import pytest

from tests.terraform.resources import Resources
from tests.terraform.workspace import CHECKOUT

pytestmark = [pytest.mark.xdist_group("terraform")]

_FIELD = re.compile(r"jsonPayload\.(\w+)")


def _logged_fields() -> set[str]:
    """Keys of log_context, of dictionaries in modules that log, and what configure_logging adds to every line."""
    fields = {"function"}
    for folder in ("shared", "functions"):
        for path in (CHECKOUT / folder).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            logs = "getLogger" in text
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.Dict) and logs:
                    fields |= {
                        key.value for key in node.keys if isinstance(key, ast.Constant) and type(key.value) is str
                    }
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "log_context":
                    fields |= {keyword.arg for keyword in node.keywords if keyword.arg}
    return fields


def test_every_field_of_a_metric_is_written_by_the_code(planned: Resources) -> None:
    metrics = planned.by_key("google_logging_metric")
    used = {
        field
        for values in metrics.values()
        for text in [
            values["filter"],
            values.get("value_extractor") or "",
            *(values["label_extractors"] or {}).values(),
        ]
        for field in _FIELD.findall(text)
    }
    assert used
    assert used <= _logged_fields()


def test_every_metric_is_alerted_on_or_shown(planned: Resources) -> None:
    shown = planned.of_type("google_monitoring_dashboard")[0].values["dashboard_json"]
    filters = [
        condition["filter"]
        for policy in planned.of_type("google_monitoring_alert_policy")
        for conditions in policy.values["conditions"]
        for condition in conditions["condition_threshold"] or []
    ]
    for values in planned.by_key("google_logging_metric").values():
        metric = f"logging.googleapis.com/user/{values['name']}"
        assert metric in shown or any(metric in text for text in filters)


def test_every_alert_reaches_somebody_and_names_a_command(applied: Resources) -> None:
    for policy in applied.of_type("google_monitoring_alert_policy"):
        content = policy.values["documentation"][0]["content"]
        assert policy.values["notification_channels"]
        assert "`" in content, f"{policy.address} names no command"
        assert policy.values["display_name"].startswith("mx-")
