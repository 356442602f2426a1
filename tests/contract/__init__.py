"""Reduces the vendors' documents to facts (names, types, limits): what of them is shipped, in tests/data."""
