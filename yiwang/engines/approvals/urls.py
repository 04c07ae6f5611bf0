from django.urls import path

from yiwang.engines.approvals import case_views, views

urlpatterns = [
    path("items/<int:item_id>/", views.item, name="item"),
    path("cases/<int:instance_id>/", case_views.case, name="case"),
    path("suspended/", case_views.suspended, name="suspended"),
    path("acting/", views.acting, name="acting"),
    path("deputies/", views.deputies, name="deputies"),
    path("deputies/<int:proxy_id>/end/", views.deputy_end, name="deputy_end"),
    path("migrations/", views.migrations, name="migrations"),
    path("migrations/<str:key>/", views.migration, name="migration"),
]
