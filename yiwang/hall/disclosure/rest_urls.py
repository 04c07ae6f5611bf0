"""Addresses of the API of the double publicity."""

from django.urls import path

from yiwang.hall.disclosure import rest

urlpatterns = [
    path("records/", rest.records, name="records"),
    path("decisions/<str:kind>/", rest.decisions, name="decisions"),
]
