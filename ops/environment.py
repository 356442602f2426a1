"""Options of all verbs: which installation is meant. They end in the environment, where shared/ reads them."""

from __future__ import annotations

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
