"""A load generator for HTTP/1.1 over kept connections, in a process of its own."""
