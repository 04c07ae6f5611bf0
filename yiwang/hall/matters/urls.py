"""Addresses of the matters."""

from django.urls import path

from yiwang.hall.matters import form_views, views

urlpatterns = [
    path("", views.browse, name="list"),
    path("search/", views.search_page, name="search"),
    path("<str:code>/", views.detail, name="detail"),
    path("<str:code>/form/", form_views.form, name="form"),
    path("<str:code>/diagram.bpmn", views.diagram, name="diagram"),
]
