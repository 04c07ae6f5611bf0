from django.urls import path

from yiwang.kernel.ui import views

urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("ui/", views.gallery_page, name="gallery"),
    path("ui/search/", views.gallery_search_page, name="gallery_search"),
    path("language/", views.language_set, name="language"),
    path("large-print/", views.large_print_set, name="large_print"),
]
