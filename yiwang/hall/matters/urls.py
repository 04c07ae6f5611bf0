"""Addresses of the matters."""

from django.urls import path

from yiwang.hall.matters import views

urlpatterns = [
    path("", views.browse, name="list"),
    path("search/", views.search_page, name="search"),
    path("<str:code>/", views.detail, name="detail"),
    path("<str:code>/diagram.bpmn", views.diagram, name="diagram"),
]
