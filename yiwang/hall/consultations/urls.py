"""Addresses of requests for opinions."""

from django.urls import path

from yiwang.hall.consultations import views

urlpatterns = [
    path("", views.asked, name="asked"),
    path("sent/", views.sent, name="sent"),
    path("ask/<int:item_id>/", views.ask, name="ask"),
    path("ask/<int:item_id>/review/", views.review, name="review"),
    path("panels/", views.panels, name="panels"),
    path("panels/<int:panel_id>/", views.panel, name="panel"),
    path("<int:consultation_id>/", views.detail, name="detail"),
    path("<int:consultation_id>/recall/", views.recall, name="recall"),
    path("parties/<int:party_id>/answer/", views.answer, name="answer"),
]
