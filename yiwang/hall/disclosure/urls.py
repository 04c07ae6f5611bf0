"""Addresses of the double publicity."""

from django.urls import path

from yiwang.hall.disclosure import desk_views, views

urlpatterns = [
    path("", views.index, name="list"),
    path("export/<str:form>/", views.export, name="export"),
    path("records/<int:record_id>/", views.detail, name="detail"),
    path("board/", desk_views.board, name="board"),
    path("desk/", desk_views.desk, name="desk"),
    path("desk/publish/", desk_views.publish_all, name="publish_all"),
    path("desk/new/<str:kind>/", desk_views.new, name="new"),
    path("desk/file/", desk_views.file, name="file"),
    path("desk/export/", desk_views.standard_file, name="standard_file"),
    path("desk/<int:record_id>/", desk_views.record, name="record"),
]
