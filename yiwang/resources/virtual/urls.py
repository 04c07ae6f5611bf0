from django.urls import path

from yiwang.resources.virtual.views import asking, desk

urlpatterns = [
    path("", asking.browse, name="browse"),
    path("runs/", asking.runs, name="runs"),
    path("runs/<str:number>/", asking.run, name="run"),
    path("runs/<str:number>/export/", asking.export, name="export"),
    path("desk/", desk.desk, name="desk"),
    path("desk/new/", desk.new, name="new"),
    path("desk/<slug:key>/", desk.definition, name="definition"),
    path("<slug:key>/", asking.dataset, name="dataset"),
]
