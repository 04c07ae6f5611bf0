from django.apps import AppConfig


class EnginesWorkflowConfig(AppConfig):
    name = "yiwang.engines.workflow"
    label = "engines_workflow"
    verbose_name = "流程"

    def ready(self) -> None:
        from yiwang.engines.workflow.deciding import decide  # noqa: PLC0415
        from yiwang.engines.workflow.pack import workflows_read  # noqa: PLC0415
        from yiwang.engines.workflow.registry import decider_register  # noqa: PLC0415
        from yiwang.engines.workflow.sweeps import message_sweep, timer_sweep  # noqa: PLC0415
        from yiwang.identity.api import permission_register  # noqa: PLC0415
        from yiwang.kernel.api import pack_section_register, sweep_register  # noqa: PLC0415

        decider_register(decide)
        sweep_register("engines.workflow.timers", timer_sweep, every_seconds=30)
        sweep_register("engines.workflow.messages", message_sweep, every_seconds=2)
        pack_section_register("workflows", workflows_read, order=20)
        permission_register(
            "engines.workflow.publish",
            {"zh": "发布流程", "en": "Publish processes"},
            # Two: whoever drew a version does not publish it.
            {"SYSTEM_ADMIN", "SECURITY_ADMIN"},
        )
        permission_register(
            "engines.workflow.send",
            {"zh": "向流程发送消息和信号", "en": "Send messages and signals to processes"},
            {"SYSTEM_ADMIN"},
        )
        permission_register(
            "engines.workflow.administer",
            {"zh": "处置出错流程、迁移流程版本", "en": "Mend and move running processes"},
            {"SYSTEM_ADMIN"},
        )
        permission_register(
            "engines.workflow.hold",
            {"zh": "中止、恢复、终止办理", "en": "Suspend, resume and terminate cases"},
            # Of the department in charge only: `instance_owned_by`.
            {"DEPARTMENT_HEAD"},
        )
