"""The one step of the process that writes the register (登记入册): each kind of filing has its own act."""

from yiwang.engines.api import ServiceCall
from yiwang.hall.applications.queries.access import application_rows
from yiwang.hall.companies.actions.branches import branch_register
from yiwang.hall.companies.actions.branches_alone import branch_cancel, branch_change
from yiwang.hall.companies.actions.cancellation import company_cancel
from yiwang.hall.companies.actions.changes import company_change
from yiwang.hall.companies.actions.moves import company_move
from yiwang.hall.companies.actions.registration import company_register
from yiwang.hall.companies.queries import (
    BRANCH,
    BRANCH_CANCEL,
    BRANCH_CHANGE,
    CANCEL,
    CHANGE,
    ESTABLISH,
    MOVE,
    PURPOSE,
)

ACTS = {
    ESTABLISH: company_register,
    CHANGE: company_change,
    CANCEL: company_cancel,
    BRANCH: branch_register,
    BRANCH_CHANGE: branch_change,
    BRANCH_CANCEL: branch_cancel,
    MOVE: company_move,
}


def filing_register(call: ServiceCall) -> dict:
    """Do what the granted application asks of the register (按事项登记), in the transaction of the decision."""
    number = call.business_key.removeprefix("application:")
    matter_code = application_rows(PURPOSE).values_list("matter_code", flat=True).get(number=number)
    return ACTS[matter_code](call)
