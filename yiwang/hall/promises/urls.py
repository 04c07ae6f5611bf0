from django.urls import path

from yiwang.hall.promises import views

urlpatterns = [
    path("", views.mine, name="mine"),
    path("<int:promise_id>/", views.detail, name="detail"),
    path("desk/", views.desk, name="desk"),
    path("desk/<int:promise_id>/", views.item, name="item"),
]
