"""Firestore on one machine: the gRPC calls that google-cloud-firestore makes, answered from one SQLite file."""
