from django.apps import AppConfig

from yiwang.sdk.errors import N_

PERMISSIONS = (
    (
        "hall.payments.read",
        {"zh": "查看缴费单", "en": "See bills"},
        {"WINDOW_CLERK", "REVIEWER", "APPROVER", "DEPARTMENT_HEAD"},
    ),
    (
        "hall.payments.refund",
        {"zh": "申请退费", "en": "Ask for refunds"},
        {"WINDOW_CLERK", "REVIEWER", "APPROVER"},
    ),
    (
        "hall.payments.approve_refund",
        {"zh": "审核退费", "en": "Approve refunds"},
        {"DEPARTMENT_HEAD"},
    ),
    (
        "hall.payments.reconcile",
        {"zh": "日终对账", "en": "Reconcile with payment providers"},
        {"SYSTEM_ADMIN"},
    ),
)
MENUS = (
    (N_("Bills"), "desk", "read", 10, "receipt"),
    (N_("Refunds to approve"), "refunds", "approve_refund", 20, "arrow-counterclockwise"),
    (N_("Daily reconciliation"), "books", "reconcile", 30, "journal-check"),
)


class HallPaymentsConfig(AppConfig):
    name = "yiwang.hall.payments"
    label = "hall_payments"
    verbose_name = "缴费"

    def ready(self) -> None:
        from yiwang.hall.payments import following, queries  # noqa: PLC0415
        from yiwang.identity.api import permission_register  # noqa: PLC0415
        from yiwang.kernel.api import menu_register, sweep_register  # noqa: PLC0415

        sweep_register("hall.payments.follow", following.payments_follow, every_seconds=30)
        sweep_register("hall.payments.sandbox", following.sandbox_notices_send, every_seconds=10)
        sweep_register("hall.payments.reconcile", following.reconcile_due, every_seconds=1800)
        for name, title, roles in PERMISSIONS:
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
        for title, page, permission, order, icon in MENUS:
            menu_register(
                "desk",
                N_("Fees"),
                title,
                f"hall_payments:{page}",
                permission=f"hall.payments.{permission}",
                order=order,
                icon=icon,
            )
