"""What higher areas give the engine at start-up: services, access rules (登记处).

Filled from their `apps.ready`, read ever after; nothing here is state of the city.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from yiwang.engines.workflow.data import InstanceChange, ServiceCall
from yiwang.kernel.api import RequestContext

Service = Callable[[ServiceCall], dict | None]
Access = Callable[[RequestContext, str], bool]
Decider = Callable[[str, Mapping[str, object]], tuple[object, list]]


@dataclass(frozen=True, slots=True)
class InstanceOwner:
    """What the owner of business keys has to say about whole cases (案件归属).

    changed: called in the transaction of a suspension, resumption or termination; what it raises undoes it.
    grounds: the grounds on which a case may be suspended, as (code, {zh, en}); none means none is asked for.
    effects: what a termination brings about, as whole sentences of the reader's language, before it is confirmed.
    """

    changed: Callable[[InstanceChange], None]
    grounds: Callable[[], list[tuple[str, Mapping[str, str]]]] = list
    effects: Callable[[str], list[str]] = lambda business_key: []


SERVICES: dict[str, Service] = {}
ACCESS: dict[str, Access] = {}
DECIDERS: dict[str, Decider] = {}
OWNERS: dict[str, InstanceOwner] = {}


def service_register(name: str, function: Service) -> None:
    """Make `function` callable from service tasks as `yw:service="name"` (登记服务).

    It runs in the transaction of the step: `function(ServiceCall) -> dict | None`; the dict is merged
    into the variables. What it raises undoes the whole step. It must not act on its own instance.
    """
    SERVICES[name] = function


def instance_access_register(prefix: str, function: Access) -> None:
    """Let the owner of business keys `prefix…` say who else may see and withdraw (登记访问规则).

    function(context, business_key) -> bool, for the people who are not the staff concerned: the
    applicant or his agent. prefix: such as "application:".
    """
    ACCESS[prefix] = function


def instance_access(context: RequestContext, business_key: str) -> bool:
    """Ask the owner of a business key whether this person is a party to it (是否当事人)."""
    return any(
        function(context, business_key)
        for prefix, function in ACCESS.items()
        if business_key.startswith(prefix)
    )


def instance_owner_register(prefix: str, owner: InstanceOwner) -> None:
    """Let the owner of business keys `prefix…` take part when a whole case is suspended, resumed, terminated."""
    OWNERS[prefix] = owner


def instance_owner_get(business_key: str) -> InstanceOwner | None:
    """Return who owns a business key (案件归属), None where nobody said so."""
    return next((one for prefix, one in OWNERS.items() if business_key.startswith(prefix)), None)


def decider_register(function: Decider, *, prefix: str = "") -> None:
    """Let business-rule tasks decide by `function(reference, inputs) -> (value, rules fired)` (登记决策).

    prefix: only references that begin so; the longest prefix wins.
    """
    DECIDERS[prefix] = function


def decider_get(reference: str) -> Decider | None:
    """Return who decides a reference (决策函数), None where nobody does."""
    prefixes = [prefix for prefix in DECIDERS if reference.startswith(prefix)]
    return DECIDERS[max(prefixes, key=len)] if prefixes else None
