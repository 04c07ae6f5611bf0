"""Addresses of applications."""

from django.urls import path

from yiwang.hall.applications.views import (
    drafts,
    filing,
    materials,
    mine,
    parties,
    public,
    rows,
    urges,
    work,
)

urlpatterns = [
    path("track/", public.track, name="track"),
    path("start/<str:code>/", drafts.start, name="start"),
    path("start/<str:code>/for/<int:delegation_id>/", filing.start_for, name="start_for"),
    path("drafts/<int:draft_id>/", drafts.resume, name="resume"),
    path("drafts/<int:draft_id>/pages/<str:page>/", drafts.page, name="draft"),
    path("drafts/<int:draft_id>/materials/", materials.materials, name="materials"),
    path("drafts/<int:draft_id>/parties/", parties.parties, name="parties"),
    path("drafts/<int:draft_id>/check/", drafts.check, name="check"),
    path("drafts/<int:draft_id>/submit/", drafts.submit, name="submit"),
    path("drafts/<int:draft_id>/discard/", drafts.discard, name="discard"),
    path("mine/", mine.mine, name="mine"),
    path("mine/<str:number>/", mine.detail, name="detail"),
    path("mine/<str:number>/receipt/", mine.receipt, name="receipt"),
    path("mine/<str:number>/delivery/", mine.delivery, name="delivery"),
    path("mine/<str:number>/rate/", mine.rate, name="rate"),
    path("mine/<str:number>/urge/", urges.urge, name="urge"),
    path("mine/<str:number>/withdraw/", mine.withdraw, name="withdraw"),
    path("mine/<str:number>/corrections/<int:correction_id>/", mine.correction, name="correction"),
    path("items/<int:item_id>/", work.work, name="work"),
    path("items/<int:item_id>/claim/", work.claim, name="claim"),
    path("items/<int:item_id>/conclude/", work.conclude, name="conclude"),
    path("items/<int:item_id>/transfer/", work.transfer, name="transfer"),
    path("urges/", urges.urges, name="urges"),
    path("<str:number>/", work.case, name="case"),
    path("<str:number>/rows/<str:group>.<str:form>", rows.rows, name="rows"),
    path("<str:number>/extend/", work.extend, name="extend"),
]
