from django.apps import AppConfig


class KillsConfig(AppConfig):
    name = "tests.journeys.kills"
    label = "tests_kills"

    def ready(self) -> None:
        from yiwang.hall.payments.providers import FACTORIES

        FACTORIES["remote"] = "tests.journeys.kills.remote.Remote"
