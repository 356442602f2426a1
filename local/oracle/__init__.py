"""A simulator of Oracle Fusion Cloud Maintenance: work orders of several tenants over REST, as Oracle documents it."""
