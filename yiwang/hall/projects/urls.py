"""Addresses of projects."""

from django.urls import path

from yiwang.hall.projects import views

urlpatterns = [
    path("", views.mine, name="mine"),
    path("new/", views.new, name="new"),
    path("mine/<str:code>/", views.own, name="own"),
    path("mine/<str:code>/apply/", views.apply, name="apply"),
    path("mine/<str:code>/stage/", views.apply_stage, name="apply_stage"),
    path("mine/<str:code>/progress/", views.progress, name="progress"),
    path("mine/<str:code>/years/", views.years, name="years"),
    path("mine/<str:code>/report/", views.report, name="report"),
    path("mine/<str:code>/change/", views.change, name="change"),
    path("mine/<str:code>/offer/", views.offer, name="offer"),
    path("mine/<str:code>/end/", views.end, name="end"),
    path("offers/<int:change_id>/", views.offer_answer, name="offer_answer"),
    path("desk/", views.desk, name="desk"),
    path("desk/<str:code>/", views.project, name="project"),
    path("desk/<str:code>/progress/", views.project_progress, name="project_progress"),
]
