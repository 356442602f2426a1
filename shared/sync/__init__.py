"""Keeps a MaintainX record and its ERP record in step: who changed what, who wins, and what was done about it."""
