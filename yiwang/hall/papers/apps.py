from django.apps import AppConfig


class HallPapersConfig(AppConfig):
    name = "yiwang.hall.papers"
    label = "hall_papers"
    verbose_name = "决定文书"

    def ready(self) -> None:
        from yiwang.hall.matters.parts import part_register  # noqa: PLC0415
        from yiwang.hall.papers.parts import decision_part  # noqa: PLC0415

        for page in ("application", "work"):
            part_register(page, decision_part, order=2)
