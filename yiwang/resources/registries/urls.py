from django.urls import path

from yiwang.resources.registries import views

urlpatterns = [
    path("me/", views.me, name="me"),
    path("me/objections/<str:number>/", views.my_objection, name="my_objection"),
    path("enterprise/", views.enterprise, name="enterprise"),
    path("access-log/", views.access_log, name="access_log"),
    path("photo/<str:ref>/", views.photo, name="photo"),
    path("objections/", views.objections, name="objections"),
    path("objections/<str:number>/", views.objection, name="objection"),
]
