"""`python -m ops VERB ...`: puts the verbs together."""

from __future__ import annotations

import stamina.instrumentation
import typer

from ops import brake, config, conflicts, contract, dead_letters, drift, events, link, plan, smoke, subscriptions, trace
from ops.environment import Database, Dataset, Prefix, Project, use_installation

_EXIT_CODES = (
    "Exit codes: 0 all is well, 1 something is wrong, 2 usage, configuration or rights, "
    "3 something did not answer (try again)."
)

# Its log lines could go to standard output, between ours.
stamina.instrumentation.set_on_retry_hooks([])

app = typer.Typer(
    name="ops",
    help="Operates the MaintainX bridge: its configuration, its events and dead letters, its work with the ERP.",
    epilog=_EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
app.add_typer(config.app, name="config")
app.add_typer(conflicts.app, name="conflicts")
app.add_typer(contract.app, name="contract")
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(subscriptions.app, name="subscriptions")
app.command(name="brake", epilog=_EXIT_CODES)(brake.brake)
app.command(name="drift", epilog=_EXIT_CODES)(drift.drift)
app.command(name="events", epilog=_EXIT_CODES)(events.events)
app.command(name="link", epilog=_EXIT_CODES)(link.link)
app.command(name="plan", epilog=_EXIT_CODES)(plan.plan)
app.command(name="smoke", epilog=_EXIT_CODES)(smoke.smoke)
app.command(name="trace", epilog=_EXIT_CODES)(trace.trace)


@app.callback()
def installation(
    project: Project = None, prefix: Prefix = "", dataset: Dataset = "maintenance", database: Database = "(default)"
) -> None:
    """Which installation the verb is about: by option, or by the environment variable named beside it."""
    use_installation(project, prefix, dataset, database)


if __name__ == "__main__":
    app(prog_name="ops")
