from django.urls import path

from yiwang.resources.quality.views import boards, exceptions, monitor

urlpatterns = [
    path("", boards.board, name="board"),
    path("departments/<int:department_id>/", boards.department, name="department"),
    path("resources/<int:resource_id>/", boards.resource, name="resource"),
    path("resources/<int:resource_id>/rows/", boards.rows, name="rows"),
    path("resources/<int:resource_id>/rows.csv", boards.rows_export, name="rows_export"),
    path("resources/<int:resource_id>/fields/<str:name>/", boards.field, name="field"),
    path("exceptions/", exceptions.exceptions, name="exceptions"),
    path("exceptions/<int:exception_id>/", exceptions.exception, name="exception"),
    path(
        "exceptions/<int:exception_id>/rows.csv",
        exceptions.exception_rows_export,
        name="exception_rows_export",
    ),
    path("monitor/", monitor.monitor, name="monitor"),
]
