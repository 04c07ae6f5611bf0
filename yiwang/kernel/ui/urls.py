from django.urls import path

from yiwang.kernel.ui import views

urlpatterns = [
    path("language/", views.language_set, name="language"),
    path("large-print/", views.large_print_set, name="large_print"),
]
