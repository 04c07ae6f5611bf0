from django.urls import path

from yiwang.kernel.calendar.views import year

urlpatterns = [path("", year, name="year")]
