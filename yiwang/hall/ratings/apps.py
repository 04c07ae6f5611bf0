from django.apps import AppConfig

from yiwang.sdk.errors import N_


class HallRatingsConfig(AppConfig):
    name = "yiwang.hall.ratings"
    label = "hall_ratings"
    verbose_name = "好差评"

    def ready(self) -> None:
        from yiwang.hall.ratings import gaming, gaming_queries, queries  # noqa: PLC0415
        from yiwang.identity.api import permission_register  # noqa: PLC0415
        from yiwang.kernel.api import menu_register, sweep_register  # noqa: PLC0415

        sweep_register("hall.ratings.detect", gaming.gaming_detect, every_seconds=21_600)

        permission_register(
            queries.HANDLE,
            {"zh": "办理差评整改", "en": "Deal with bad ratings"},
            {"DEPARTMENT_HEAD", "SUPERVISOR"},
        )
        permission_register(
            queries.DECIDE,
            {"zh": "裁定误评申诉", "en": "Decide appeals against ratings"},
            {"SUPERVISOR"},
        )
        menu_register(
            "portal",
            N_("Open government"),
            N_("Ratings of departments"),
            "hall_ratings:ranking",
            order=70,
            icon="star-half",
        )
        menu_register(
            "desk",
            N_("Supervision"),
            N_("Bad ratings"),
            "hall_ratings:desk",
            permission=queries.HANDLE,
            order=50,
            icon="emoji-frown",
        )
        menu_register(
            "desk",
            N_("Supervision"),
            N_("Suspicious ratings"),
            "hall_ratings:findings",
            permission=queries.HANDLE,
            count=lambda context: gaming_queries.finding_open_count(context) or None,
            order=51,
            icon="incognito",
        )
