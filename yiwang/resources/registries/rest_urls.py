"""Addresses of the registries' API."""

from django.urls import path

from yiwang.resources.registries import rest

urlpatterns = [
    path("people/check/", rest.check, name="check"),
    path("people/find/", rest.find, name="find"),
    path("people/<str:ref>/", rest.person, name="person"),
    path("organisations/<str:key>/", rest.organisation, name="organisation"),
    path("changes/<str:registry>/", rest.changes, name="changes"),
]
