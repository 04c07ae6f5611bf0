from django.urls import path

from yiwang.engines.approvals import views

urlpatterns = [
    path("items/<int:item_id>/", views.item, name="item"),
    path("acting/", views.acting, name="acting"),
    path("deputies/", views.deputies, name="deputies"),
    path("deputies/<int:proxy_id>/end/", views.deputy_end, name="deputy_end"),
    path("migrations/", views.migrations, name="migrations"),
    path("migrations/<str:key>/", views.migration, name="migration"),
]
