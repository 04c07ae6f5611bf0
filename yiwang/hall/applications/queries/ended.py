"""How applications ended (办结统计), for rooms that compare it with what was said about them."""

from datetime import datetime

from django.db.models import Count, Q

from yiwang.hall.applications.models import Application
from yiwang.hall.ratings.data import ActCount
from yiwang.identity.api import data_scope


def acts_ended(*, since: datetime, until: datetime) -> list[ActCount]:
    """Count what each department granted, and what it refused or did not accept, in [since, until) (办结数)."""
    with data_scope(purpose="好差评统计", reason="办结数"):
        rows = (
            Application.objects.filter(decided_at__gte=since, decided_at__lt=until)
            .order_by()
            .values_list("department_id")
            .annotate(
                good=Count("pk", filter=Q(state="APPROVED")),
                bad=Count("pk", filter=Q(state__in=["REFUSED", "NOT_ACCEPTED"])),
            )
        )
        return [ActCount(*row) for row in rows]
