from django.urls import path

from yiwang.hall.reuse.views import blocks, fields

urlpatterns = [
    path("fields/", fields.matters, name="fields"),
    path("fields/<str:code>/", fields.fields, name="matter"),
    path("blocks/", blocks.blocks, name="blocks"),
    path("blocks/new/<str:key>/", blocks.new, name="block_new"),
    path("blocks/<int:block_id>/", blocks.edit, name="block"),
    path("drafts/<int:draft_id>/<str:page>/", blocks.fill, name="fill"),
]
