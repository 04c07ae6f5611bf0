from django.urls import path

from yiwang.hall.ratings import gaming_views, views

urlpatterns = [
    path("", views.ranking_page, name="ranking"),
    path("desk/", views.desk, name="desk"),
    path("desk/<int:case_id>/", views.case, name="case"),
    path("findings/", gaming_views.findings, name="findings"),
    path("findings/<int:finding_id>/", gaming_views.finding, name="finding"),
    path("rules/", gaming_views.rules, name="rules"),
    path("rules/<str:key>/", gaming_views.rule, name="rule"),
]
