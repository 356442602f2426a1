"""How the project comes onto a machine: packages, and CI as others run it."""
