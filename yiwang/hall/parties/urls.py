"""Addresses of applications in which several take part."""

from django.urls import path

from yiwang.hall.parties import link_views, views

urlpatterns = [
    path("", views.mine, name="mine"),
    path("<int:part_id>/", views.part, name="part"),
    path("<int:part_id>/pages/<str:page>/", views.page, name="page"),
    path("left/", link_views.left, name="link_left"),
    path("links/<str:word>/", link_views.link, name="link"),
    path("links/<str:word>/part/", link_views.part, name="link_part"),
    path("links/<str:word>/pages/<str:page>/", link_views.page, name="link_page"),
    path("links/<str:word>/differences/", link_views.differences, name="link_differences"),
    path("links/<str:word>/close/", link_views.close, name="link_close"),
]
