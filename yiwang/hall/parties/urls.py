"""Addresses of applications in which several take part."""

from django.urls import path

from yiwang.hall.parties import views

urlpatterns = [
    path("", views.mine, name="mine"),
    path("<int:part_id>/", views.part, name="part"),
    path("<int:part_id>/pages/<str:page>/", views.page, name="page"),
]
