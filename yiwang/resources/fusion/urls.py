from django.urls import path

from yiwang.resources.fusion.views import lineage, pairs, runs, sources

urlpatterns = [
    path("sources/", sources.sources, name="sources"),
    path("runs/", runs.runs, name="runs"),
    path("runs/<int:run_id>/", runs.run, name="run"),
    path("review/", pairs.reviews, name="reviews"),
    path("review/next/", pairs.review_next, name="review_next"),
    path("review/agreement/", pairs.reviewers, name="reviewers"),
    path("review/<int:pair_id>/", pairs.review, name="review"),
    path("lineage/", lineage.lineage, name="lineage"),
    path("lineage/export.ndjson", lineage.export, name="lineage_export"),
]
