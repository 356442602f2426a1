"""`$metadata`: the service described in EDMX, made from the tables of fields and functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from local.sap.fields import EntityType, Property
from local.sap.functions import MANDATORY, Function
from local.sap.shapes import NAMESPACE
from local.sap.tenant import Tenant

_HEAD = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx" '
    'xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata" '
    'xmlns:sap="http://www.sap.com/Protocols/SAPData"><edmx:DataServices m:DataServiceVersion="2.0">'
    f'<Schema Namespace="{NAMESPACE}" xmlns="http://schemas.microsoft.com/ado/2008/09/edm" sap:schema-version="2">'
)
_RESULT = '<ComplexType Name="DummyFunctionImportResult"><Property Name="IsInvalid" Type="Edm.Boolean"/></ComplexType>'


def edmx(tenant: Tenant) -> str:
    """The metadata of the tenant's system."""
    types = list(tenant.model.values())
    container = [
        *(_set(made) for made in types),
        *(part for made in types for part in _association_sets(made)),
        *(_function(made) for made in tenant.functions.values()),
    ]
    return "".join(
        [
            _HEAD,
            *(_type(made) for made in types),
            _RESULT,
            *(part for made in types for part in _associations(tenant, made)),
            f'<EntityContainer Name="{NAMESPACE}_Entities" m:IsDefaultEntityContainer="true">',
            *container,
            "</EntityContainer>",
            *(_locking(made) for made in types),
            "</Schema></edmx:DataServices></edmx:Edmx>",
        ]
    )


def _type(entity: EntityType) -> str:
    keys = "".join(f'<PropertyRef Name="{name}"/>' for name in entity.key)
    properties = "".join(_property(made, entity) for made in entity.properties.values())
    navigations = "".join(
        f'<NavigationProperty Name="{name}" Relationship="{NAMESPACE}.{name}" FromRole="Parent" ToRole="Child"/>'
        for name in entity.navigations
    )
    return f'<EntityType Name="{entity.name}"><Key>{keys}</Key>{properties}{navigations}</EntityType>'


def _property(made: Property, entity: EntityType) -> str:
    facets = {
        "Nullable": "false" if made.name in entity.key else None,
        "MaxLength": made.max_length,
        "Precision": made.precision,
        "Scale": made.scale,
        "sap:display-format": made.form or None,
        "sap:creatable": None if made.creatable else "false",
        "sap:updatable": None if made.updatable else "false",
        "sap:sortable": None if made.sortable else "false",
        "sap:filterable": None if made.filterable else "false",
    }
    return f'<Property Name="{made.name}" Type="{made.type}"{_attributes(facets)}/>'


def _set(entity: EntityType) -> str:
    flags = {
        "sap:creatable": None if entity.creatable else "false",
        "sap:deletable": None if entity.deletable else "false",
    }
    return f'<EntitySet Name="{entity.set_name}" EntityType="{NAMESPACE}.{entity.name}"{_attributes(flags)}/>'


def _associations(tenant: Tenant, entity: EntityType) -> Iterator[str]:
    for name, set_name in entity.navigations.items():
        yield (
            f'<Association Name="{name}"><End Type="{NAMESPACE}.{entity.name}" Multiplicity="1" Role="Parent"/>'
            f'<End Type="{NAMESPACE}.{tenant.model[set_name].name}" Multiplicity="*" Role="Child"/></Association>'
        )


def _association_sets(entity: EntityType) -> Iterator[str]:
    for name, set_name in entity.navigations.items():
        yield (
            f'<AssociationSet Name="{name}" Association="{NAMESPACE}.{name}">'
            f'<End EntitySet="{entity.set_name}" Role="Parent"/><End EntitySet="{set_name}" Role="Child"/>'
            "</AssociationSet>"
        )


def _function(function: Function) -> str:
    parameters = "".join(_parameter(made) for made in function.parameters.values())
    return (
        f'<FunctionImport Name="{function.name}" ReturnType="{NAMESPACE}.DummyFunctionImportResult" '
        f'm:HttpMethod="POST" sap:action-for="{NAMESPACE}.MaintenanceOrderType">{parameters}</FunctionImport>'
    )


def _parameter(made: Property) -> str:
    facets = {
        "MaxLength": made.max_length,
        "Precision": made.precision,
        "Nullable": None if made.name in MANDATORY else "true",
    }
    return f'<Parameter Name="{made.name}" Type="{made.type}" Mode="In"{_attributes(facets)}/>'


def _locking(entity: EntityType) -> str:
    return (
        f'<Annotations Target="{NAMESPACE}.{NAMESPACE}_Entities/{entity.set_name}" '
        'xmlns="http://docs.oasis-open.org/odata/ns/edm">'
        '<Annotation Term="SAP__core.OptimisticConcurrency"><Collection/></Annotation></Annotations>'
    )


def _attributes(facets: Mapping[str, str | int | None]) -> str:
    return "".join(f' {name}="{value}"' for name, value in facets.items() if value is not None)
