from django.urls import path

from yiwang.hall.payments import views

urlpatterns = [
    path("", views.mine, name="mine"),
    path("<int:bill_id>/", views.detail, name="detail"),
    path("<int:bill_id>/pay/", views.pay, name="pay"),
    path("scan/<str:number>/", views.scan, name="scan"),
    path("scan/<str:number>/code.svg", views.code, name="code"),
    path("returned/<str:number>/", views.returned, name="returned"),
    path("notifications/<str:provider>/", views.notification, name="notification"),
    path("sandbox/<str:number>/", views.sandbox, name="sandbox"),
    path("desk/", views.desk, name="desk"),
    path("desk/<int:bill_id>/", views.bill, name="bill"),
    path("refunds/", views.refunds, name="refunds"),
    path("books/", views.books, name="books"),
]
