"""Addresses of registration."""

from django.urls import path

from yiwang.hall.companies.views import (
    companies,
    desk,
    filings,
    keeping,
    names,
    public,
    takings,
)

urlpatterns = [
    path("", names.check, name="check"),
    path("names/", names.reserve, name="reserve"),
    path("names/<str:number>/", names.reservation, name="reservation"),
    path("mine/", names.mine, name="mine"),
    path("mine/<str:uscc>/", companies.own_company, name="own_company"),
    path("mine/<str:uscc>/begin/", companies.begin, name="begin"),
    path("mine/<str:uscc>/licence/", companies.own_licence, name="own_licence"),
    path("take/", takings.take, name="take"),
    path("drafts/<int:draft_id>/", filings.draft, name="draft"),
    path("filings/<str:number>/", filings.filing, name="filing"),
    path("filings/<str:number>/articles/", filings.articles, name="articles"),
    path("look-up/", public.look_up, name="look_up"),
    path("look-up/<str:uscc>/", public.known, name="known"),
    path("notices/", public.notices, name="notices"),
    path("notices/<str:number>/", public.notice, name="notice"),
    path("register/", desk.register, name="register"),
    path("register/<str:uscc>/", desk.company, name="company"),
    path("register/<str:uscc>/check/", keeping.check_company, name="check_company"),
    path("takings/", keeping.takings, name="takings"),
    path("files/", keeping.files, name="files"),
    path("files/<str:number>/", keeping.file, name="file"),
    path("items/", desk.follow_ups, name="follow_ups"),
]
