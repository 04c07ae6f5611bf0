from django.urls import path

from yiwang.kernel.codes.views import differences, index, table

urlpatterns = [
    path("", index, name="index"),
    path("<slug:key>/", table, name="table"),
    path("<slug:key>/differences/", differences, name="differences"),
]
