"""Addresses of bundles."""

from django.urls import path

from yiwang.hall.bundles import views

urlpatterns = [
    path("", views.bundles, name="list"),
    path("mine/", views.mine, name="mine"),
    path("mine/<str:number>/", views.case, name="case"),
    path("mine/<str:number>/receipt/", views.receipt, name="receipt"),
    path("mine/<str:number>/withdraw/", views.withdraw, name="withdraw"),
    path("drafts/<int:draft_id>/", views.resume, name="resume"),
    path("drafts/<int:draft_id>/pages/<str:page>/", views.page, name="draft"),
    path("drafts/<int:draft_id>/plan/", views.plan, name="plan"),
    path("drafts/<int:draft_id>/documents/", views.documents, name="documents"),
    path("drafts/<int:draft_id>/check/", views.check, name="check"),
    path("drafts/<int:draft_id>/submit/", views.submit, name="submit"),
    path("drafts/<int:draft_id>/discard/", views.discard, name="discard"),
    path("<str:key>/", views.detail, name="detail"),
    path("<str:key>/start/", views.start, name="start"),
    path("<str:key>/start/for/<int:delegation_id>/", views.start_for, name="start_for"),
]
