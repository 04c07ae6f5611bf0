from django.urls import path

from yiwang.engines.designer import views

urlpatterns = [
    path("", views.models, name="list"),
    path("new/", views.new, name="new"),
    path("<str:key>/", views.detail, name="detail"),
    path("<str:key>/file.bpmn", views.file, name="file"),
    path("<str:key>/draft/", views.draft, name="draft"),
    path("<str:key>/draft/save/", views.save, name="save"),
    path("<str:key>/draft/upload/", views.upload, name="upload"),
    path("<str:key>/draft/discard/", views.discard, name="discard"),
    path("<str:key>/draft/publish/", views.publish, name="publish"),
    path("<str:key>/compare/", views.compare, name="compare"),
    path("<str:key>/instances/", views.instances, name="instances"),
    path("<str:key>/instances/<int:instance_id>/", views.instance, name="instance"),
]
