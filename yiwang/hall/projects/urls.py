"""Addresses of projects."""

from django.urls import path

from yiwang.hall.projects import views

urlpatterns = [
    path("", views.mine, name="mine"),
    path("new/", views.new, name="new"),
    path("mine/<str:code>/", views.own, name="own"),
    path("mine/<str:code>/apply/", views.apply, name="apply"),
    path("desk/", views.desk, name="desk"),
    path("desk/<str:code>/", views.project, name="project"),
]
