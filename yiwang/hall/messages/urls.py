from django.urls import path

from yiwang.hall.messages import views

urlpatterns = [
    path("", views.messages, name="list"),
    path("read/", views.read_all, name="read_all"),
    path("<int:message_id>/", views.detail, name="detail"),
]
