"""The resources of the API, one mixin a family; `shared.maintainx.client` puts them together."""
