"""MaintainX: signatures and types of its webhooks, its REST API and its records.

Nothing is imported here: the ingress needs `signature` and `webhooks` only and must start fast.
"""
