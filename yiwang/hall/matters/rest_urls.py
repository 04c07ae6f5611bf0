"""Addresses of the matters' API."""

from django.urls import path

from yiwang.hall.matters import rest

urlpatterns = [
    path("", rest.matters, name="list"),
    path("<str:code>/", rest.matter, name="detail"),
]
