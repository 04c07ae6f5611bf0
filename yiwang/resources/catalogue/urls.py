from django.urls import path

from yiwang.resources.catalogue.views import public, reviews, staff

urlpatterns = [
    path("", public.browse, name="browse"),
    path("export.<str:form>", public.export, name="export"),
    path("standards/", public.standards, name="standards"),
    path("items/<str:slug>/", public.detail, name="detail"),
    path("items/<str:slug>/compare/", public.compare, name="compare"),
    path("mine/", staff.mine, name="mine"),
    path("mine/new/", staff.new, name="new"),
    path("mine/import/", staff.import_file, name="import"),
    path("mine/export.<str:form>", staff.mine_export, name="mine_export"),
    path("mine/<int:resource_id>/", staff.one, name="one"),
    path("mine/<int:resource_id>/edit/", staff.edit, name="edit"),
    path("reviews/", reviews.reviews, name="reviews"),
    path("reviews/<int:resource_id>/", reviews.review, name="review"),
    path("proposals/", reviews.proposals, name="proposals"),
    path("proposals/<int:proposal_id>/", reviews.proposal, name="proposal"),
]
