"""A simulator of MaintainX: its REST API v1, its webhooks, and a control plane for tests and demonstrations."""
