"""The configuration that a user edits: sites.yaml, routes.yaml and mappings/*.yaml.

Nothing is imported here, because webhook_ingress starts with `sites` alone: a mistake in a route or a mapping must not
stop deliveries from being taken in. All other functions start with `whole`.
"""
