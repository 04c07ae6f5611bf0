"""Addresses of the lists."""

from django.urls import path

from yiwang.hall.lists import desk_views, fee_views, views

urlpatterns = [
    path("", views.index, name="list"),
    path("export/<str:form>/", views.export, name="export"),
    path("compare/", views.compare, name="compare"),
    path("adjustments/", views.adjustments, name="adjustments"),
    path("adjustments/<int:number>/", views.adjustment, name="adjustment"),
    path("desk/", desk_views.desk, name="desk"),
    path("desk/changes/<int:change_id>/", desk_views.mark, name="mark"),
    path("fees/", fee_views.fee_catalogue, name="fees"),
    path("mine/", desk_views.mine, name="mine"),
    path("mine/<str:code>/", desk_views.complete, name="complete"),
    path("<str:code>/", views.detail, name="detail"),
]
