"""Addresses of the home room."""

from django.urls import path

from portal.home.views import assets, journal, preferences, replays, style

urlpatterns = [
    path("assets/icons-<slug:digest>.svg", assets.icon_sprite, name="icons"),
    path("theme/", preferences.set_theme, name="set_theme"),
    path("shortcuts/", preferences.shortcuts, name="shortcuts"),
    path("shortcuts/switch/", preferences.set_keys, name="set_keys"),
    path("style/", style.style, name="style"),
    path("journal/", journal.journal, name="journal"),
    path("journal/verify/", journal.journal_verify, name="journal_verify"),
    path("journal/export/", journal.journal_export, name="journal_export"),
    path("journal/<uuid:entry_id>/", journal.journal_entry, name="journal_entry"),
    path("replays/", replays.replays, name="replays"),
    path("replays/<uuid:report_id>/", replays.replay, name="replay"),
]
