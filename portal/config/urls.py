"""Where everything is: health for machines, the API, then the rooms' pages."""

from django.contrib import admin
from django.urls import include, path

from portal.config import health
from portal.config.api import api
from portal.config.docs import api_docs

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics_page, name="metrics"),
    path("api/v1/docs", api_docs, name="api_docs"),
    path("api/v1/", api.urls),
    path("admin/", admin.site.urls),
    path("", include("portal.accounts.urls")),
    path("", include("registry.urls")),
    path("", include("runs.urls")),
    path("", include("approvals.urls")),
    path("", include("portal.home.urls")),
]

handler400 = "portal.config.errors.bad_request"
handler403 = "portal.config.errors.forbidden"
handler404 = "portal.config.errors.not_found"
handler500 = "portal.config.errors.server_error"
