"""Addresses of the spaces."""

from django.urls import path

from yiwang.portal.spaces import delegations, desk, filings, views

urlpatterns = [
    path("", views.mine, name="mine"),
    path("citizen/", views.citizen, name="citizen"),
    path("enterprise/", views.enterprise, name="enterprise"),
    path("desk/", desk.desk, name="desk"),
    path("desk/done/", desk.done, name="done"),
    path("delegations/", delegations.delegations, name="delegations"),
    path("delegations/filed/", filings.filings, name="filings"),
    path("delegations/<int:delegation_id>/", delegations.delegation, name="delegation"),
]
