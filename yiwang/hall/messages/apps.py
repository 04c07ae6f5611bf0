from django.apps import AppConfig


class HallMessagesConfig(AppConfig):
    name = "yiwang.hall.messages"
    label = "hall_messages"
    verbose_name = "消息"
