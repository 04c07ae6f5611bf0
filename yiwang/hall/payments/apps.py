from django.apps import AppConfig


class HallPaymentsConfig(AppConfig):
    name = "yiwang.hall.payments"
    label = "hall_payments"
    verbose_name = "缴费"

    def ready(self) -> None:
        from yiwang.hall.payments import queries  # noqa: PLC0415
        from yiwang.hall.payments.following import (  # noqa: PLC0415
            payments_follow,
            reconcile_due,
            sandbox_notices_send,
        )
        from yiwang.identity.api import permission_register  # noqa: PLC0415
        from yiwang.kernel.api import menu_register, sweep_register  # noqa: PLC0415
        from yiwang.sdk.errors import N_  # noqa: PLC0415

        sweep_register("hall.payments.follow", payments_follow, every_seconds=30)
        sweep_register("hall.payments.sandbox", sandbox_notices_send, every_seconds=10)
        sweep_register("hall.payments.reconcile", reconcile_due, every_seconds=1800)
        for name, title, roles in (
            (
                queries.READ,
                {"zh": "查看缴费单", "en": "See bills"},
                {"WINDOW_CLERK", "REVIEWER", "APPROVER", "DEPARTMENT_HEAD"},
            ),
            (
                queries.REFUND,
                {"zh": "申请退费", "en": "Ask for refunds"},
                {"WINDOW_CLERK", "REVIEWER", "APPROVER"},
            ),
            (
                queries.APPROVE_REFUND,
                {"zh": "审核退费", "en": "Approve refunds"},
                {"DEPARTMENT_HEAD"},
            ),
            (
                queries.RECONCILE,
                {"zh": "日终对账", "en": "Reconcile with payment providers"},
                {"SYSTEM_ADMIN"},
            ),
        ):
            permission_register(name, title, roles)
        menu_register(
            "space",
            N_("My affairs"),
            N_("My bills"),
            "hall_payments:mine",
            count=lambda context: queries.bill_due_count(context) or None,
            order=30,
            icon="credit-card",
        )
        for title, url_name, permission, order, icon in (
            (N_("Bills"), "hall_payments:desk", queries.READ, 10, "receipt"),
            (
                N_("Refunds to approve"),
                "hall_payments:refunds",
                queries.APPROVE_REFUND,
                20,
                "arrow-counterclockwise",
            ),
            (
                N_("Daily reconciliation"),
                "hall_payments:books",
                queries.RECONCILE,
                30,
                "journal-check",
            ),
        ):
            menu_register(
                "desk",
                N_("Fees"),
                title,
                url_name,
                permission=permission,
                order=order,
                icon=icon,
            )
