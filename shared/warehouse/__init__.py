"""The warehouse in BigQuery: its tables and views, the loader, and the KPIs."""
