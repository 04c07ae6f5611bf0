from django.urls import path

from yiwang.hall.messages import views

urlpatterns = [
    path("", views.messages, name="list"),
    path("read/", views.read_all, name="read_all"),
    path("digest/", views.digest_switch, name="digest_switch"),
    path("digest/<str:day>/", views.digest, name="digest"),
    path("<int:message_id>/", views.detail, name="detail"),
]
