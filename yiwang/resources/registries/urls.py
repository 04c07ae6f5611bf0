from django.urls import path

from yiwang.resources.registries.views import masters, organisations, own, people

urlpatterns = [
    path("me/", own.me, name="me"),
    path("me/objections/<str:number>/", own.my_objection, name="my_objection"),
    path("enterprise/", own.enterprise, name="enterprise"),
    path("access-log/", own.access_log, name="access_log"),
    path("photo/<str:ref>/", own.photo, name="photo"),
    path("objections/", own.objections, name="objections"),
    path("objections/<str:number>/", own.objection, name="objection"),
    path("people/", people.people, name="people"),
    path("people/provisional/", people.provisional, name="provisional"),
    path("people/<str:ref>/", people.person, name="person"),
    path("organisations/", organisations.organisations, name="organisations"),
    path("organisations/<str:key>/", organisations.organisation, name="organisation"),
    path("lineage/<str:ref>/<str:field>/", people.lineage, name="lineage"),
    path("masters/", masters.masters, name="masters"),
    path("masters/<str:registry>/", masters.masters, name="masters_of"),
    path("masters/<str:registry>/progress/", masters.progress, name="masters_progress"),
    path("masters/<str:registry>/compare/", masters.compare, name="compare"),
]
