from django.apps import AppConfig

from yiwang.sdk.errors import N_


class HallListsConfig(AppConfig):
    name = "yiwang.hall.lists"
    label = "hall_lists"
    verbose_name = "权责清单"

    def ready(self) -> None:
        from yiwang.hall.lists.fees import fee_check  # noqa: PLC0415
        from yiwang.hall.lists.queries import MAINTAIN, PREPARE, PUBLISH  # noqa: PLC0415
        from yiwang.hall.matters.checks import publication_check_register  # noqa: PLC0415
        from yiwang.identity.api import permission_register  # noqa: PLC0415
        from yiwang.kernel.api import menu_register  # noqa: PLC0415

        publication_check_register("hall.lists.fees", fee_check)
        permission_register(
            PREPARE,
            {"zh": "拟定权责清单调整", "en": "Prepare adjustments of the lists of powers"},
            {"DATA_STEWARD"},
        )
        permission_register(
            PUBLISH,
            {"zh": "公布权责清单", "en": "Publish the lists of powers"},
            {"DATA_STEWARD", "SUPERVISOR"},
        )
        permission_register(
            MAINTAIN,
            {"zh": "补充本部门权责清单信息", "en": "Complete the powers of one's department"},
            {"DEPARTMENT_HEAD"},
        )
        menu_register(
            "portal",
            N_("Open government"),
            N_("Powers and responsibilities"),
            "hall_lists:list",
            order=60,
            icon="card-checklist",
        )
        menu_register(
            "desk",
            N_("Open government"),
            N_("Adjust the lists of powers"),
            "hall_lists:desk",
            permission=PUBLISH,
            order=10,
            icon="card-checklist",
        )
        menu_register(
            "desk",
            N_("Open government"),
            N_("Fee catalogue"),
            "hall_lists:fees",
            permission=PUBLISH,
            order=15,
            icon="receipt",
        )
        menu_register(
            "desk",
            N_("Open government"),
            N_("Powers of my department"),
            "hall_lists:mine",
            permission=MAINTAIN,
            order=20,
            icon="card-text",
        )
