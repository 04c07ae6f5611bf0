from django.urls import path

from yiwang.identity.tokens import views

urlpatterns = [
    path("", views.systems, name="systems"),
    path("new/", views.system_new, name="system_new"),
    path("<int:system_id>/", views.system, name="system"),
    path("<int:system_id>/edit/", views.system_edit, name="system_edit"),
    path("<int:system_id>/issue/", views.issue, name="issue"),
    path("<int:system_id>/revoke/", views.revoke, name="revoke"),
    path("<int:system_id>/close/", views.close, name="close"),
]
