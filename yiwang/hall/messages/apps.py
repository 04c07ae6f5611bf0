from django.apps import AppConfig


class HallMessagesConfig(AppConfig):
    name = "yiwang.hall.messages"
    label = "hall_messages"
    verbose_name = "消息"

    def ready(self) -> None:
        from yiwang.hall.messages.queries import count_unread  # noqa: PLC0415
        from yiwang.hall.messages.subscribers import register  # noqa: PLC0415
        from yiwang.kernel.api import menu_register  # noqa: PLC0415
        from yiwang.sdk.errors import N_  # noqa: PLC0415

        register()
        menu_register(
            "space",
            N_("My affairs"),
            N_("Messages"),
            "hall_messages:list",
            count=lambda context: count_unread(context.account_id) or None,
            order=30,
            icon="envelope",
        )
