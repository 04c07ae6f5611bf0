from django.urls import path

from yiwang.engines.forms import views

urlpatterns = [
    path("attachments/<int:attachment_id>/", views.attachment, name="attachment"),
    path("drafts/<int:draft_id>/differences/", views.differences, name="differences"),
    path("drafts/<int:draft_id>/rows/<str:group>.<str:form>", views.rows, name="rows"),
]
