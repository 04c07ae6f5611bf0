from django.urls import path

from yiwang.engines.workflow import views

urlpatterns = [
    path("instances/<int:instance_id>/diagram.json", views.diagram, name="diagram"),
    path("instances/<int:instance_id>/diagram.bpmn", views.diagram_file, name="diagram_file"),
]
