from django.urls import path

from yiwang.hall.papers import views

urlpatterns = [path("decisions/<str:number>.pdf", views.decision, name="decision")]
