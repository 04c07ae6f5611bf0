"""Addresses of windows."""

from django.urls import path

from yiwang.hall.windows import papers_views, party_views, rating_views, views

urlpatterns = [
    path("", views.desk, name="desk"),
    path("visits/<str:number>/", views.visit, name="visit"),
    path("visits/<str:number>/receipts/<str:application>/", views.receipt, name="receipt"),
    path("visits/<str:number>/bundles/<str:case>/", views.bundle_receipt, name="bundle_receipt"),
    path("visits/<str:number>/parts/<int:part_id>/", party_views.part, name="part"),
    path(
        "visits/<str:number>/parts/<int:part_id>/pages/<str:page>/",
        party_views.page,
        name="part_page",
    ),
    path("papers/", papers_views.papers, name="papers"),
    path("papers/<str:number>/", papers_views.hand_over, name="hand_over"),
    path("statistics/", papers_views.statistics, name="statistics"),
    path("manage/", papers_views.manage, name="manage"),
    path("near/", views.near, name="near"),
    path("rate/", rating_views.rate, name="rate"),
    path("evaluator/<str:key>/", rating_views.evaluator, name="evaluator"),
]
