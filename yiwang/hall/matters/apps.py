from django.apps import AppConfig


class HallMattersConfig(AppConfig):
    name = "yiwang.hall.matters"
    label = "hall_matters"
    verbose_name = "事项"
