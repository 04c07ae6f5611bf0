"""Addresses of the housing registry's API."""

from django.urls import path

from yiwang.resources.housing import rest

urlpatterns = [
    path("events/", rest.events, name="events"),
    path("check/", rest.check, name="check"),
]
