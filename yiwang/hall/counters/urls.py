from django.urls import path

from yiwang.hall.counters.views import appointments, counter, kiosk, managing, visiting

urlpatterns = [
    path("", visiting.halls, name="halls"),
    path("halls/<slug:code>/", visiting.hall, name="hall"),
    path("halls/<slug:code>/take/", visiting.take, name="take"),
    path("halls/<slug:code>/display/", visiting.display, name="display"),
    path("tickets/<str:code>/", visiting.ticket, name="ticket"),
    path("appointments/", appointments.mine, name="mine"),
    path("appointments/new/<slug:code>/", appointments.book, name="book"),
    path("appointments/<int:appointment_id>/", appointments.appointment, name="appointment"),
    path("appointments/<int:appointment_id>/move/", appointments.move, name="move"),
    path("windows/", counter.windows, name="windows"),
    path("windows/<int:window_id>/", counter.window, name="window"),
    path("desk/", counter.desks, name="desks"),
    path("desk/<slug:code>/", counter.desk, name="desk"),
    path("desk/<slug:code>/appointments/", counter.appointments, name="desk_appointments"),
    path("manage/", managing.managed, name="managed"),
    path("manage/<slug:code>/", managing.manage, name="manage"),
    path("statistics/<slug:code>/", managing.statistics, name="statistics"),
    path("kiosk/", kiosk.start, name="kiosk"),
    path("kiosk/pair/", kiosk.pair, name="kiosk_pair"),
    path("kiosk/take/", kiosk.take, name="kiosk_take"),
    path("kiosk/check-in/", kiosk.check_in, name="kiosk_check_in"),
    path("kiosk/verify/", kiosk.verify, name="kiosk_verify"),
    path("kiosk/look-up/", kiosk.look_up, name="kiosk_look_up"),
    path("kiosk/tickets/<str:code>/", kiosk.ticket, name="kiosk_ticket"),
]
