from django.urls import path

from yiwang.resources.geospatial import views

urlpatterns = [
    path("", views.index, name="index"),
    path("areas.geojson", views.areas, name="areas"),
    path("metro.geojson", views.metro, name="metro"),
]
