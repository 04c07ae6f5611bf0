"""Addresses of landing's pages."""

from django.urls import path

from yiwang.resources.landing.views import pages, rules, sources

urlpatterns = [
    path("", pages.home, name="home"),
    path("batches/", pages.batches, name="batches"),
    path("sources/", sources.sources, name="sources"),
    path("sources/new/<str:kind>/", sources.source_new, name="source_new"),
    path("sources/<int:source_id>/", sources.source, name="source"),
    path("sources/<int:source_id>/edit/", sources.source_edit, name="source_edit"),
    path("resources/<int:resource_id>/", pages.resource, name="resource"),
    path("resources/<int:resource_id>/rules/", rules.rules, name="rules"),
    path("resources/<int:resource_id>/rules/new/", rules.rule_new, name="rule_new"),
    path("resources/<int:resource_id>/rules/<str:key>/", rules.rule_edit, name="rule_edit"),
    path("resources/<int:resource_id>/template.<str:form>", pages.template, name="template"),
    path("batches/<int:batch_id>/", pages.batch, name="batch"),
    path("batches/<int:batch_id>/progress/", pages.progress, name="progress"),
    path("batches/<int:batch_id>/rows/", pages.rows, name="rows"),
    path("batches/<int:batch_id>/rows.<str:form>", pages.rows_file, name="rows_file"),
]
