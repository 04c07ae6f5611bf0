from django.urls import path

from yiwang.kernel.calendar.views import close, reopen, year

urlpatterns = [
    path("", year, name="year"),
    path("closures/", close, name="close"),
    path("closures/<int:closure_id>/reopen/", reopen, name="reopen"),
]
