"""Addresses of the API: at the root, because the public client asks `https://host/v2/…` whatever its base address."""

from django.urls import path

from yiwang.hall.messages.notify import rest

urlpatterns = [
    path("v2/notifications", rest.notifications, name="notify_notifications"),
    path("v2/notifications/sms", rest.send, {"kind": "sms"}, name="notify_sms"),
    path("v2/notifications/email", rest.send, {"kind": "email"}, name="notify_email"),
    path("v2/notifications/letter", rest.send, {"kind": "letter"}, name="notify_letter"),
    path("v2/notifications/<str:ref>", rest.notification, name="notify_notification"),
    path("v2/notifications/<str:ref>/pdf", rest.letter_pdf, name="notify_pdf"),
    path("v2/template/<str:template_id>", rest.template, name="notify_template"),
    path(
        "v2/template/<str:template_id>/version/<int:version>", rest.template, name="notify_version"
    ),
    path("v2/template/<str:template_id>/preview", rest.preview, name="notify_preview"),
    path("v2/templates", rest.templates, name="notify_templates"),
    path("v2/received-text-messages", rest.received, name="notify_received"),
    path(
        "service/<uuid:service_id>/template/<str:template_id>/versions",
        rest.versions,
        name="notify_versions",
    ),
]
