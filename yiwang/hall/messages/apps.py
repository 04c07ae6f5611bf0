from django.apps import AppConfig

from yiwang.sdk.errors import N_

PERMISSIONS = (
    (
        "hall.messages.templates",
        {"zh": "维护消息模板", "en": "Edit message templates"},
        {"SYSTEM_ADMIN"},
    ),
    (
        "hall.messages.outgoing",
        {"zh": "监控消息发送、处理死信", "en": "Watch what is sent and send failed ones again"},
        {"SYSTEM_ADMIN"},
    ),
    (
        "hall.messages.services",
        {"zh": "管理本部门的通知服务", "en": "Manage the department's sending systems"},
        {"SYSTEM_ADMIN", "DEPARTMENT_HEAD", "DATA_STEWARD"},
    ),
)
MENUS = (
    (N_("Message templates"), "templates", "templates", 10, "chat-square-text"),
    (N_("Outgoing messages"), "outgoing", "outgoing", 20, "send"),
    (N_("Stop list"), "stops", "outgoing", 30, "bell-slash"),
    (N_("Sending systems"), "services", "services", 40, "broadcast"),
)


class HallMessagesConfig(AppConfig):
    name = "yiwang.hall.messages"
    label = "hall_messages"
    verbose_name = "消息"

    def ready(self) -> None:
        from yiwang.hall.messages import (  # noqa: PLC0415
            bundles,
            following,
            sendings,
            stewards,
            subscribers,
        )
        from yiwang.hall.messages.digests import digest_sweep  # noqa: PLC0415
        from yiwang.hall.messages.notify import callbacks  # noqa: PLC0415
        from yiwang.hall.messages.queries import count_unread  # noqa: PLC0415
        from yiwang.identity.api import permission_register  # noqa: PLC0415
        from yiwang.kernel.api import menu_register, sweep_register  # noqa: PLC0415

        subscribers.register()
        stewards.register()
        callbacks.register()
        sweep_register("hall.messages.digests", digest_sweep, every_seconds=600)
        sweep_register("hall.messages.bundles", bundles.bundles_run, every_seconds=60)
        sweep_register("hall.messages.receipts", following.practice_receipts_push, every_seconds=10)
        sweep_register("hall.messages.sendings", sendings.sendings_run, every_seconds=2)
        for name, title, roles in PERMISSIONS:
            permission_register(name, title, roles)
        for shell, group, order in (("space", N_("My affairs"), 30), ("desk", "", 795)):
            menu_register(
                shell,
                group,
                N_("Messages"),
                "hall_messages:list",
                count=lambda context: count_unread(context.account_id) or None,
                order=order,
                icon="envelope",
            )
        for title, page, permission, order, icon in MENUS:
            menu_register(
                "desk",
                N_("Messages"),
                title,
                f"hall_messages:{page}",
                permission=f"hall.messages.{permission}",
                order=order,
                icon=icon,
            )
