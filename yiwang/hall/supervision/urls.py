from django.urls import path

from yiwang.hall.supervision import card_views, flow_views, rule_views, views

urlpatterns = [
    path("", views.board, name="board"),
    path("departments/<int:department_id>/", views.department, name="department"),
    path("steps/", views.steps, name="steps"),
    path("cases/<str:number>/", views.case, name="case"),
    path("scores/", views.scores, name="scores"),
    path("flow/", flow_views.flow, name="flow"),
    path("cards/", card_views.cards, name="cards"),
    path("mine/", card_views.mine, name="mine"),
    path("cards/<int:card_id>/", card_views.card, name="card"),
    path("report/", card_views.report, name="report"),
    path("letters/", card_views.letters, name="letters"),
    path("letters/new/", card_views.letter_new, name="letter_new"),
    path("letters/<int:letter_id>/", card_views.letter, name="letter"),
    path("rules/", rule_views.rules, name="rules"),
    path("rules/new/", rule_views.rule_new, name="rule_new"),
    path("rules/replay/", rule_views.replay, name="replay"),
    path("rules/<str:key>/", rule_views.rule, name="rule"),
]
