"""An embedded Pub/Sub server that the unmodified google-cloud-pubsub client talks to. See README.md."""
