"""The whole bundle on one machine: embedded Google services, simulators of the vendors, and the demonstration."""
