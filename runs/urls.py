"""Pages of runs and of the weekly review."""

from django.urls import path

urlpatterns: list[path] = []
