"""Addresses of guided questions."""

from django.urls import path

from yiwang.hall.guides import views

urlpatterns = [
    path("", views.index, name="list"),
    path("<str:key>/", views.guide, name="guide"),
]
