"""The version of the bundle, said here alone: pyproject.toml reads it, CHANGELOG.md begins with it."""

VERSION = "0.2.0"
