"""The version of the bundle, in the one place that says it: pyproject.toml reads it here, CHANGELOG.md begins with it."""

VERSION = "0.2.0"
