from django.apps import AppConfig


class EnginesTextConfig(AppConfig):
    name = "yiwang.engines.text"
    label = "engines_text"
    verbose_name = "文本与检索"

    def ready(self) -> None:
        from yiwang.engines.text.pack import synonyms_read  # noqa: PLC0415
        from yiwang.kernel.api import pack_section_register  # noqa: PLC0415

        pack_section_register("synonyms.yaml", synonyms_read, order=8)
