"""Writes of the catalogue (目录): the life of a resource, imports, proposals, standards."""

from yiwang.resources.catalogue.actions.exchange import catalogue_import
from yiwang.resources.catalogue.actions.proposals import (
    inventory_propose,
    proposal_accept,
    proposal_dismiss,
)
from yiwang.resources.catalogue.actions.resources import (
    draft_discard,
    draft_put,
    resource_delivered,
    resource_register,
)
from yiwang.resources.catalogue.actions.reviews import (
    resource_publish,
    resource_reject,
    resource_submit,
    withdrawal_grant,
    withdrawal_refuse,
    withdrawal_request,
)
from yiwang.resources.catalogue.actions.standards import crosswalk_put, element_put

__all__ = [
    "catalogue_import",
    "crosswalk_put",
    "draft_discard",
    "draft_put",
    "element_put",
    "inventory_propose",
    "proposal_accept",
    "proposal_dismiss",
    "resource_delivered",
    "resource_publish",
    "resource_register",
    "resource_reject",
    "resource_submit",
    "withdrawal_grant",
    "withdrawal_refuse",
    "withdrawal_request",
]
