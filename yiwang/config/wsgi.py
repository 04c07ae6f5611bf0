import os

from django.core.wsgi import get_wsgi_application

from yiwang.config.serving import parent_watch

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yiwang.config.settings")
application = get_wsgi_application()
parent_watch()
