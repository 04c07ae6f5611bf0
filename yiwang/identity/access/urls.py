from django.urls import path

from yiwang.identity.access import views

urlpatterns = [path("audit/", views.audit, name="audit")]
