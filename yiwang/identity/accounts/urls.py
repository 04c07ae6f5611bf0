from django.urls import path

from yiwang.identity.accounts.views import own, sign_in, staff

urlpatterns = [
    path("", own.account, name="account"),
    path("sign-in/", sign_in.sign_in, name="sign_in"),
    path("sign-in/code/", sign_in.sign_in_code, name="sign_in_code"),
    path("sign-in/second-factor/", sign_in.totp_enrol, name="totp_enrol"),
    path("sign-out/", sign_in.sign_out, name="sign_out"),
    path("sessions/", own.sessions, name="sessions"),
    path("password/", own.password, name="password"),
    path("profile/", own.profile, name="profile"),
    path("posts/", own.posts, name="posts"),
    path("enterprises/", own.enterprises, name="enterprises"),
    path("staff/", staff.staff, name="staff"),
    path("staff/new/", staff.staff_new, name="staff_new"),
    path("staff/<int:account_id>/", staff.staff_one, name="staff_one"),
    path("staff/<int:account_id>/assign/", staff.post_assign, name="post_assign"),
    path("staff/<int:account_id>/leave/", staff.post_leave, name="post_leave"),
    path("staff/<int:account_id>/sessions/", staff.sessions_end, name="staff_sessions_end"),
    path("staff/<int:account_id>/password/", staff.password_set, name="staff_password"),
    path("staff/<int:account_id>/second-factor/", staff.totp_reset, name="totp_reset"),
    path("staff/<int:account_id>/close/", staff.account_close, name="account_close"),
]
