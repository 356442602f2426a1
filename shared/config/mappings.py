"""mappings/*.yaml: how a work order's fields become an ERP record's."""

from __future__ import annotations

from shared.config.loading import Model


class MappingFile(Model):
    """The whole of one mapping file."""
