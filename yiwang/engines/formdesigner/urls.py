from django.urls import path

from yiwang.engines.formdesigner.views import browsing, editing, publishing

urlpatterns = [
    path("", browsing.forms, name="list"),
    path("new/", publishing.new, name="new"),
    path("<str:key>/", browsing.detail, name="detail"),
    path("<str:key>/file.yaml", browsing.file, name="file"),
    path("<str:key>/compare/", browsing.compare, name="compare"),
    path("<str:key>/preview/", browsing.preview, name="preview"),
    path("<str:key>/preview/frame/", browsing.frame, name="frame"),
    path("<str:key>/draft/", editing.draft, name="draft"),
    path("<str:key>/draft/form/", editing.form, name="form"),
    path("<str:key>/draft/pages/<str:page>/", editing.page, name="page"),
    path("<str:key>/draft/fields/<str:path>/", editing.field, name="field"),
    path("<str:key>/draft/rules/<str:kind>/<str:place>/", editing.rule, name="rule"),
    path("<str:key>/draft/upload/", publishing.upload, name="upload"),
    path("<str:key>/draft/discard/", publishing.discard, name="discard"),
    path("<str:key>/draft/publish/", publishing.publish, name="publish"),
]
