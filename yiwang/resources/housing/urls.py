from django.urls import path

from yiwang.resources.housing import views

urlpatterns = [
    path("", views.search, name="search"),
    path("mine/", views.mine, name="mine"),
    path("statistics/", views.statistics, name="statistics"),
    path("exceptions/", views.exceptions, name="exceptions"),
    path("exceptions/<int:exception_id>/", views.exception, name="exception"),
    path("import/", views.import_file, name="import"),
    path("<str:number>/", views.dwelling, name="dwelling"),
]
