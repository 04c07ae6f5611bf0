from django.apps import AppConfig


class HallLicencesConfig(AppConfig):
    name = "yiwang.hall.licences"
    label = "hall_licences"
    verbose_name = "证照"
