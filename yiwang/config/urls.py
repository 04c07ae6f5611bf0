"""Every app's pages stand under /<area>/<app>/ and its API under /api/v1/<area>/<app>/ (one name)."""

from importlib.util import find_spec

from django.conf import settings
from django.urls import include, path

from yiwang.portal.api import home

urlpatterns = [
    path("", home, name="home"),
    # The public clients of Notify ask the root of a host.
    path("", include("yiwang.hall.messages.notify.root_urls")),
]

for _name in settings.INSTALLED_APPS:
    if not _name.startswith("yiwang."):
        continue
    _, _area, _app = _name.split(".")
    if find_spec(f"{_name}.urls"):
        _prefix = "" if (_area, _app) == ("kernel", "ui") else f"{_area}/{_app}/"
        urlpatterns.append(path(_prefix, include((f"{_name}.urls", f"{_area}_{_app}"))))
    if find_spec(f"{_name}.rest_urls"):
        urlpatterns.append(
            path(
                f"api/v1/{_area}/{_app}/",
                include((f"{_name}.rest_urls", f"api_{_area}_{_app}")),
            )
        )

handler404 = "yiwang.kernel.ui.views.not_found"
handler500 = "yiwang.kernel.ui.views.server_error"
handler403 = "yiwang.kernel.ui.views.forbidden"
handler400 = "yiwang.kernel.ui.views.bad_request"
