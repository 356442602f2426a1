"""A simulator of SAP S/4HANA: the OData V2 service API_MAINTENANCEORDER, version 2, of several tenants."""
