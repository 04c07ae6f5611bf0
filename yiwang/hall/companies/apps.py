from django.apps import AppConfig

from yiwang.sdk.errors import N_


class HallCompaniesConfig(AppConfig):
    name = "yiwang.hall.companies"
    label = "hall_companies"
    verbose_name = "商事登记"

    def ready(self) -> None:
        """Register what other rooms call back."""
        from yiwang.engines.api import service_register  # noqa: PLC0415
        from yiwang.hall.applications.checks import submission_check_register  # noqa: PLC0415
        from yiwang.hall.companies import queries, subscribers  # noqa: PLC0415
        from yiwang.hall.companies.actions import filings, names, registrar  # noqa: PLC0415
        from yiwang.hall.companies.branch_filing import (  # noqa: PLC0415
            BRANCH_CHANGING,
            BRANCH_CLOSING,
        )
        from yiwang.hall.companies.branching import BRANCHING  # noqa: PLC0415
        from yiwang.hall.companies.casework import company_part  # noqa: PLC0415
        from yiwang.hall.companies.changing import CHANGING  # noqa: PLC0415
        from yiwang.hall.companies.closing import CLOSING  # noqa: PLC0415
        from yiwang.hall.companies.foundation import FOUNDATION  # noqa: PLC0415
        from yiwang.hall.companies.kinds import kind_register  # noqa: PLC0415
        from yiwang.hall.companies.moving import MOVING  # noqa: PLC0415
        from yiwang.hall.matters.parts import part_register  # noqa: PLC0415
        from yiwang.identity.api import permission_register  # noqa: PLC0415
        from yiwang.kernel.api import sweep_register  # noqa: PLC0415

        subscribers.register()
        part_register("work", company_part, order=12)
        for kind in (
            FOUNDATION,
            CHANGING,
            CLOSING,
            BRANCHING,
            BRANCH_CHANGING,
            BRANCH_CLOSING,
            MOVING,
        ):
            kind_register(kind)
            submission_check_register(kind.matter, filings.submission_check)
        service_register("hall.companies.register", registrar.filing_register)
        sweep_register("hall.companies.names", names.reservations_expire, 600)
        permission_register(
            queries.REGISTER,
            {"zh": "查看商事登记簿", "en": "Read the register of companies"},
            {"WINDOW_CLERK", "REVIEWER", "APPROVER", "DEPARTMENT_HEAD"},
        )
        permission_register(
            queries.MAINTAIN,
            {"zh": "维护商事登记簿", "en": "Keep the register of companies"},
            {"REVIEWER", "APPROVER", "DEPARTMENT_HEAD"},
        )
        _menus()


def _menus() -> None:
    """Say where the pages stand in the menus (菜单)."""
    from yiwang.hall.companies import queries  # noqa: PLC0415
    from yiwang.kernel.api import menu_register  # noqa: PLC0415

    menu_register(
        "portal",
        N_("Before you apply"),
        N_("Check a company name"),
        "hall_companies:check",
        order=60,
        icon="building-add",
    )
    menu_register(
        "portal",
        N_("Before you apply"),
        N_("Look a company up"),
        "hall_companies:look_up",
        order=62,
        icon="buildings",
    )
    menu_register(
        "portal",
        N_("Before you apply"),
        N_("Companies that are to end"),
        "hall_companies:notices",
        order=64,
        icon="megaphone",
    )
    menu_register(
        "space",
        "",
        N_("Company registration"),
        "hall_companies:mine",
        order=25,
        icon="building-add",
    )
    menu_register(
        "desk",
        N_("Registers"),
        N_("Register of companies"),
        "hall_companies:register",
        permission=queries.REGISTER,
        order=60,
        icon="building",
    )
