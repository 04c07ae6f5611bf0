"""Addresses of registration."""

from django.urls import path

from yiwang.hall.companies.views import desk, filings, names

urlpatterns = [
    path("", names.check, name="check"),
    path("names/", names.reserve, name="reserve"),
    path("names/<str:number>/", names.reservation, name="reservation"),
    path("mine/", names.mine, name="mine"),
    path("mine/<str:uscc>/", names.own_company, name="own_company"),
    path("mine/<str:uscc>/licence/", names.own_licence, name="own_licence"),
    path("drafts/<int:draft_id>/", filings.draft, name="draft"),
    path("filings/<str:number>/", filings.filing, name="filing"),
    path("filings/<str:number>/articles/", filings.articles, name="articles"),
    path("register/", desk.register, name="register"),
    path("register/<str:uscc>/", desk.company, name="company"),
    path("items/", desk.follow_ups, name="follow_ups"),
]
