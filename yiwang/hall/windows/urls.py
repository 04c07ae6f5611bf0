"""Addresses of windows."""

from django.urls import path

from yiwang.hall.windows import papers_views, rating_views, views

urlpatterns = [
    path("", views.desk, name="desk"),
    path("visits/<str:number>/", views.visit, name="visit"),
    path("visits/<str:number>/receipts/<str:application>/", views.receipt, name="receipt"),
    path("papers/", papers_views.papers, name="papers"),
    path("papers/<str:number>/", papers_views.hand_over, name="hand_over"),
    path("statistics/", papers_views.statistics, name="statistics"),
    path("manage/", papers_views.manage, name="manage"),
    path("near/", views.near, name="near"),
    path("rate/", rating_views.rate, name="rate"),
    path("evaluator/<str:key>/", rating_views.evaluator, name="evaluator"),
]
