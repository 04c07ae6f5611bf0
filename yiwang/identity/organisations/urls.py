from django.urls import path

from yiwang.identity.organisations import views

urlpatterns = [
    path("", views.department_directory, name="list"),
    path("<int:department_id>/", views.department_page, name="detail"),
]
