from django.urls import path

from yiwang.hall.receipts import views

urlpatterns = [
    path("verify/", views.verify, name="verify"),
    path("roots.json", views.roots, name="roots"),
    path("<str:number>/pdf/", views.pdf, name="pdf"),
    path("<str:number>/proof/", views.proof, name="proof"),
    path("<str:number>/history/", views.history, name="history"),
]
