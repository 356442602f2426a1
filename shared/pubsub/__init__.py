"""Pub/Sub: publishing that waits for the broker, the push envelope, and the decorator of functions fed by push."""
