from django.apps import AppConfig


class KernelJobsConfig(AppConfig):
    name = "yiwang.kernel.jobs"
    label = "kernel_jobs"
    verbose_name = "后台任务"
