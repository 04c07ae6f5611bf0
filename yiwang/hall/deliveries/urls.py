from django.urls import path

from yiwang.hall.deliveries import views

urlpatterns = [
    path("", views.mine, name="mine"),
    path("<int:delivery_id>/", views.detail, name="detail"),
    path("desk/", views.desk, name="desk"),
    path("desk/<int:delivery_id>/", views.item, name="item"),
    path("lockers/", views.lockers, name="lockers"),
    path("lockers/<str:code>/", views.box, name="box"),
    path("messages/<str:courier>/", views.message, name="message"),
]
