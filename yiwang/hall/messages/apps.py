from django.apps import AppConfig


class HallMessagesConfig(AppConfig):
    name = "yiwang.hall.messages"
    label = "hall_messages"
    verbose_name = "消息"

    def ready(self) -> None:
        from yiwang.hall.messages import stewards, subscribers  # noqa: PLC0415
        from yiwang.hall.messages.digests import digest_sweep  # noqa: PLC0415
        from yiwang.hall.messages.queries import count_unread  # noqa: PLC0415
        from yiwang.kernel.api import menu_register, sweep_register  # noqa: PLC0415
        from yiwang.sdk.errors import N_  # noqa: PLC0415

        subscribers.register()
        stewards.register()
        sweep_register("hall.messages.digests", digest_sweep, every_seconds=600)
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
