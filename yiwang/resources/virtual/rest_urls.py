"""Addresses of the virtual library's API."""

from django.urls import path

from yiwang.resources.virtual import rest

urlpatterns = [
    path("datasets/<str:key>/query/", rest.ask, name="ask"),
]
