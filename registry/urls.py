"""Addresses of the registry's pages."""

urlpatterns: list = []
