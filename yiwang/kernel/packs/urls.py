from django.urls import path

from yiwang.kernel.packs.views import index

urlpatterns = [path("", index, name="index")]
