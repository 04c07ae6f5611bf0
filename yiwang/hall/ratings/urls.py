from django.urls import path

from yiwang.hall.ratings import views

urlpatterns = [
    path("", views.ranking_page, name="ranking"),
    path("desk/", views.desk, name="desk"),
    path("desk/<int:case_id>/", views.case, name="case"),
]
