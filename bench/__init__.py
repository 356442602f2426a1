"""Benchmarks. Each prints ratios against a floor named in the same run: machines are noisy, ratios less so."""
