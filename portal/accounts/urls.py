"""Addresses of accounts."""

from django.urls import path

from portal.accounts.views import confirming, me, people, sessions

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
    path("departments/", people.departments, name="departments"),
]
