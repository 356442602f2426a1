"""Fakes that several tests share: small classes in place of a port."""
