from django.apps import AppConfig


class KernelJobsConfig(AppConfig):
    name = "yiwang.kernel.jobs"
    label = "kernel_jobs"
    verbose_name = "后台任务"

    def ready(self) -> None:
        from yiwang.kernel.jobs.sweeps import register  # noqa: PLC0415

        register()
