"""Addresses of landing's API."""

from django.urls import path

from yiwang.resources.landing import rest

urlpatterns = [
    path("<slug:code>/batches/", rest.batches, name="batches"),
    path("batches/<int:batch_id>/", rest.batch, name="batch"),
]
