from django.urls import path

from yiwang.engines.decisions import views

urlpatterns = [
    path("", views.models, name="list"),
    path("<str:key>/", views.detail, name="detail"),
    path("<str:key>/file.dmn", views.download, name="download"),
]
