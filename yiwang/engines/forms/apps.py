from django.apps import AppConfig


class EnginesFormsConfig(AppConfig):
    name = "yiwang.engines.forms"
    label = "engines_forms"
    verbose_name = "表单"

    def ready(self) -> None:
        from yiwang.engines.forms.pack import forms_read  # noqa: PLC0415
        from yiwang.engines.forms.sweeping import uploads_tidy  # noqa: PLC0415
        from yiwang.kernel.api import pack_section_register, sweep_register  # noqa: PLC0415

        sweep_register("engines.forms.uploads", uploads_tidy, every_seconds=24 * 3600)
        pack_section_register("forms", forms_read, order=10)
