"""Addresses of accounts."""

from django.urls import path

from portal.accounts.views import (
    confirming,
    me,
    notice_hooks,
    notices,
    people,
    sessions,
)

urlpatterns = [
    path("login/", sessions.login_page, name="login"),
    path("logout/", sessions.logout_page, name="logout"),
    path("confirm/", confirming.confirm, name="confirm"),
    path("people/", people.people, name="people"),
    path("people/add/", people.person_add, name="person_add"),
    path("people/me/", me.me, name="me"),
    path("people/me/keys/", me.me_keys, name="me_keys"),
    path("people/me/password/", me.me_password, name="me_password"),
    path("people/<uuid:person_id>/", people.person, name="person"),
    path(
        "people/<uuid:person_id>/deactivate/",
        people.person_deactivate,
        name="person_deactivate",
    ),
    path("notices/", notices.notices, name="notices"),
    path("notices/count/", notices.count, name="notices_count"),
    path("notices/live/", notices.live, name="notices_live"),
    path("notices/read/", notices.read, name="notices_read"),
    path("notices/posted/", notice_hooks.hooks, name="notice_hooks"),
    path("notices/posted/<uuid:hook_id>/", notice_hooks.hook, name="notice_hook"),
    path(
        "notices/posted/messages/<uuid:post_id>/resend/",
        notice_hooks.post_resend,
        name="notice_post_resend",
    ),
    path("me/notices/", notices.my_notices, name="my_notices"),
    path("departments/", people.departments, name="departments"),
]
