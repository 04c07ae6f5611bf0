from django.urls import path

from yiwang.hall.messages import desk_views, service_views, views

urlpatterns = [
    path("", views.messages, name="list"),
    path("read/", views.read_all, name="read_all"),
    path("choices/", views.choices, name="choices"),
    path("digest/", views.digest_switch, name="digest_switch"),
    path("digest/<str:day>/", views.digest, name="digest"),
    path("<int:message_id>/", views.detail, name="detail"),
    path("unsubscribe/<str:token>/", views.unsubscribe, name="unsubscribe"),
    path("receipts/<str:channel>/", views.receipts, name="receipts"),
    path("templates/", desk_views.templates, name="templates"),
    path("templates/<slug:name>/", desk_views.template, name="template"),
    path("outgoing/", desk_views.outgoing, name="outgoing"),
    path("outgoing/resend/", desk_views.resend, name="resend"),
    path("outgoing/channel/", desk_views.channel, name="channel"),
    path("stops/", desk_views.stops, name="stops"),
    path("services/", service_views.services, name="services"),
    path("services/new/", service_views.service_new, name="service_new"),
    path("services/<uuid:service_id>/", service_views.service, name="service"),
    path("services/<uuid:service_id>/edit/", service_views.service_edit, name="service_edit"),
    path("services/<uuid:service_id>/close/", service_views.service_close, name="service_close"),
    path("services/<uuid:service_id>/keys/", service_views.key_new, name="key_new"),
    path(
        "services/<uuid:service_id>/keys/<uuid:key_id>/revoke/",
        service_views.key_revoke,
        name="key_revoke",
    ),
    path(
        "services/<uuid:service_id>/notifications/<uuid:ref>/call-off/",
        service_views.call_off,
        name="call_off",
    ),
    path(
        "services/<uuid:service_id>/templates/new/",
        service_views.service_template,
        name="service_template_new",
    ),
    path(
        "services/<uuid:service_id>/templates/<uuid:template_id>/",
        service_views.service_template,
        name="service_template",
    ),
]
