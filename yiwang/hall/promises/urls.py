from django.urls import path

from yiwang.hall.promises import bar_views, views

urlpatterns = [
    path("rules/", bar_views.bar_rules, name="bar_rules"),
    path("", views.mine, name="mine"),
    path("<int:promise_id>/", views.detail, name="detail"),
    path("desk/", views.desk, name="desk"),
    path("desk/<int:promise_id>/", views.item, name="item"),
]
