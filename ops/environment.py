"""Options of all verbs: which installation is meant. They end in the environment, where shared/ reads them."""

from __future__ import annotations

import getpass
import os
from pathlib import Path
from typing import Annotated

import typer

from shared.errors import ConfigError

Project = Annotated[
    str | None,
    typer.Option(envvar="GOOGLE_CLOUD_PROJECT", help="Google Cloud project of the installation.", show_default=False),
]
Prefix = Annotated[
    str,
    typer.Option(envvar="RESOURCE_PREFIX", help="What stands before the names of topics and subscriptions."),
]
Dataset = Annotated[str, typer.Option(envvar="BIGQUERY_DATASET", help="BigQuery dataset of the installation.")]
Database = Annotated[str, typer.Option(envvar="FIRESTORE_DATABASE", help="Firestore database of the installation.")]
ConfigFolder = Annotated[
    Path, typer.Option("--config", envvar="CONFIG_DIR", help="Folder with sites.yaml, routes.yaml and mappings/.")
]
DEFAULT_CONFIG = Path("config")
SiteArgument = Annotated[str, typer.Argument(help="Site id of sites.yaml.", metavar="SITE")]
WorkOrderArgument = Annotated[int, typer.Argument(help="The work order's id in MaintainX.", metavar="WORK_ORDER_ID")]
By = Annotated[
    str | None,
    typer.Option(help="Who does it, for the audit trail. Without it: the user of this computer.", show_default=False),
]


def use_installation(project: str | None, prefix: str, dataset: str, database: str) -> None:
    """Point this process at an installation."""
    chosen = {
        "GOOGLE_CLOUD_PROJECT": project,
        "RESOURCE_PREFIX": prefix,
        "BIGQUERY_DATASET": dataset,
        "FIRESTORE_DATABASE": database,
    }
    os.environ.update({name: value for name, value in chosen.items() if value is not None})


def require_project() -> str:
    """The project; ConfigError if none was named."""
    project = os.environ.get("GOOGLE_CLOUD_PROJECT")
    if not project:
        raise ConfigError("no project: give --project before the verb, or set GOOGLE_CLOUD_PROJECT")
    return project


def use_config(folder: Path) -> None:
    """Have the process read its configuration from this folder."""
    os.environ["CONFIG_DIR"] = str(folder)


def operator_name(by: str | None) -> str:
    """Who does it."""
    return by or getpass.getuser()
