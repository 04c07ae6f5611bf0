from django.urls import path

from yiwang.hall.receipts import views

urlpatterns = [
    path("verify/", views.verify, name="verify"),
    path("<str:number>/pdf/", views.pdf, name="pdf"),
    path("<str:number>/proof/", views.proof, name="proof"),
]
