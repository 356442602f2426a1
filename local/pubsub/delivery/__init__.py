"""Deliveries that the server makes by itself: HTTP push and BigQuery."""
