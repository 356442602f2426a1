"""A simulator of an ERP with a REST interface: maintenance orders of several tenants."""
