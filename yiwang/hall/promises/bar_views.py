"""Pages of what broken promises bar from (承诺限制): the city's rules; the appeal stands on the promise's pages."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from yiwang.hall.promises.bar_actions import bar_rule_put
from yiwang.hall.promises.data import KINDS, SCOPES, BarRuleView
from yiwang.hall.promises.errors import BarRuleInvalid
from yiwang.hall.promises.queries import BAR_RULES, bar_rule_list
from yiwang.hall.promises.rules import terms_text
from yiwang.identity.api import allow
from yiwang.kernel.api import choices_of, flash, render


@require_http_methods(["GET", "POST"])
@allow(populations={"STAFF"}, permission=BAR_RULES, purpose="设定承诺限制规则")
def bar_rules(request: HttpRequest) -> HttpResponse:
    """Set for how long, from what and where a broken promise bars (承诺限制规则)."""
    errors: dict[str, list[str]] = {}
    kind = request.POST.get("kind", "")
    if request.method == "POST":
        days = request.POST.get("days", "").strip()
        try:
            bar_rule_put(
                kind,
                days=int(days) if days.isdecimal() and len(days) < 6 else None,
                scope=request.POST.get("scope", ""),
                kinds=request.POST.getlist("kinds"),
                basis=request.POST.get("basis", ""),
                is_enabled=bool(request.POST.get("is_enabled")),
                now=timezone.now(),
            )
        except BarRuleInvalid as error:
            errors = {name: [_(each) for each in texts] for name, texts in error.fields.items()}
        else:
            flash(request, "success", _("Set. It is told to whoever promises from now on."))
            return redirect("hall_promises:bar_rules")
    names = {
        "rules": [(rule, _told(rule)) for rule in bar_rule_list()],
        "kinds": KINDS,
        "scopes": choices_of(SCOPES),
        "errors": errors,
        "wrong": kind if errors else "",
    }
    return render(request, "hall/promises/bar_rules.html", names, status=422 if errors else 200)


def _told(rule: BarRuleView) -> dict[str, str]:
    """Return what is told of a rule as a sentence by itself."""
    text = terms_text(rule.terms)
    return {"zh": text["zh"].removeprefix("，并"), "en": text["en"].removeprefix(", and ")}
