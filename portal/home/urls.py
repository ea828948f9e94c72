"""Addresses of the home room."""

from django.urls import path

from portal.home.views import assets, preferences, style

urlpatterns = [
    path("assets/icons-<slug:digest>.svg", assets.icon_sprite, name="icons"),
    path("theme/", preferences.set_theme, name="set_theme"),
    path("shortcuts/", preferences.shortcuts, name="shortcuts"),
    path("shortcuts/switch/", preferences.set_keys, name="set_keys"),
    path("style/", style.style, name="style"),
]
