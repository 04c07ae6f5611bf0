"""The API by which departments' systems send to people (通知接口), compatible with GOV.UK Notify v2.

Source: https://docs.notifications.service.gov.uk/rest-api.html and the public client, which sends through us unchanged.
It stands at /v2/ because the client asks the root of a host.
"""
