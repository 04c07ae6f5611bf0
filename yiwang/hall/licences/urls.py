from django.urls import path

from yiwang.hall.licences import checking, views

urlpatterns = [
    path("", views.licences, name="list"),
    path("issued/", views.issued, name="issued"),
    path("verify/", views.verify, name="verify"),
    path("verify/file/", checking.check_paper, name="check_paper"),
    path("keys/", checking.keys, name="keys"),
    path("keys/certificates.pem", checking.keys_file, name="keys_file"),
    path("keys/offline.html", checking.offline_file, name="offline_file"),
    path("verify/<str:code>/", views.verify_code, name="verify_code"),
    path("<int:licence_id>/", views.detail, name="detail"),
    path("<int:licence_id>/image", views.image, name="image"),
    path("<int:licence_id>/pdf", views.pdf, name="pdf"),
    path("shown/<str:code>/", views.shown, name="shown"),
    path("<int:licence_id>/show/", views.show, name="show"),
    path("<int:licence_id>/change/", views.change, name="change"),
    path("<int:licence_id>/check/", views.check, name="check"),
    path("<int:licence_id>/<str:act>/", views.state_change, name="state_change"),
]
