"""The adapters against servers that answer as real ones do: taken, taken before, refused, busy, down."""

import json
import socketserver
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from yiwang.hall.messages.channels.http_sms import HttpSms, signer
from yiwang.hall.messages.channels.smtp import Smtp
from yiwang.hall.messages.data import Letter
from yiwang.hall.messages.errors import ChannelDown, RecipientBusy, RecipientRefused

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
LETTER = Letter("k-1", "13900000001", "题", "正文", NOW, sender="市水务局")


@pytest.fixture
def serve():
    """Return a function that serves in a thread and gives the port; everything stops at the end."""
    running = []

    def start(server):
        threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()
        running.append(server)
        return server.server_address[1]

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


def gateway(answers, seen):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            seen.append((dict(self.headers), body))
            self.send_response(answers.pop(0))
            self.end_headers()
            self.wfile.write(b'{"id": "G7"}')

        def log_message(self, *args):
            pass

    return HTTPServer(("127.0.0.1", 0), Handler)


def test_the_text_gateway_is_asked_with_key_and_signature_and_its_answers_are_understood(
    serve, settings
):
    answers, seen = [202, 409, 422, 423, 503, 429, 400], []
    port = serve(gateway(answers, seen))
    settings.SMS_GATEWAY = {"url": f"http://127.0.0.1:{port}/send", "secret": "geheim"}
    assert HttpSms().send(LETTER) == "G7"
    assert HttpSms().send(LETTER) == "G7"
    for expected in (RecipientRefused, RecipientBusy, ChannelDown, ChannelDown, ValueError):
        with pytest.raises(expected):
            HttpSms().send(LETTER)
    headers, body = seen[0]
    said = json.loads(body)
    assert (said["key"], said["to"], said["text"]) == ("k-1", "13900000001", "【市水务局】正文")
    assert said["receipts"].endswith("/hall/messages/receipts/SMS/")
    assert headers["X-Yiwang-Signature"] == signer().sign(headers["X-Yiwang-Time"], body)
    assert headers["Idempotency-Key"] == "k-1"
    settings.SMS_GATEWAY = {"url": "http://127.0.0.1:9/", "secret": "geheim"}
    with pytest.raises(ChannelDown):
        HttpSms().send(LETTER)


def mail_server(answer, seen):
    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            self._say("220 ready")
            for line in self.rfile:
                word = line.strip().upper()
                if word.startswith(b"EHLO"):
                    self._say("250 here")
                elif word.startswith(b"RCPT"):
                    self._say(answer.get("rcpt", "250 ok"))
                elif word == b"DATA":
                    self._say("354 go on")
                    seen.append(b"".join(iter(self.rfile.readline, b".\r\n")))
                    self._say(answer.get("data", "250 taken"))
                elif word == b"QUIT":
                    self._say("221 bye")
                    return
                else:
                    self._say("250 ok")

        def _say(self, text):
            self.wfile.write(text.encode() + b"\r\n")

    return socketserver.TCPServer(("127.0.0.1", 0), Handler)


def test_the_mail_server_s_answers_are_understood(serve, settings):
    answer, seen = {}, []
    port = serve(mail_server(answer, seen))
    settings.SMTP_SERVER = f"smtp://127.0.0.1:{port}"
    settings.MAIL_FROM = "no-reply@city.example"
    letter = Letter(
        "k-2", "shen@example.org", "题", "正文", NOW, headers={"List-Unsubscribe": "<x>"}
    )
    assert Smtp().send(letter) == "<k-2@city.example>"
    assert b"Message-ID: <k-2@city.example>" in seen[0]
    assert b"List-Unsubscribe: <x>" in seen[0]
    for wrong, expected in (
        ({"rcpt": "550 no such user"}, RecipientRefused),
        ({"rcpt": "450 mailbox full"}, RecipientBusy),
        ({"data": "554 refused"}, RecipientRefused),
        ({"data": "451 later"}, RecipientBusy),
    ):
        answer.clear()
        answer.update(wrong)
        with pytest.raises(expected):
            Smtp().send(letter)
    settings.SMTP_SERVER = "smtp://127.0.0.1:9"
    with pytest.raises(ChannelDown):
        Smtp().send(letter)


def test_a_final_state_is_posted_to_the_service_with_its_word(sender, monkeypatch):
    from yiwang.hall.messages.models import MessageSending, Notification, NotifyKey, NotifyService
    from yiwang.hall.messages.notify import actions, callbacks
    from yiwang.kernel.api import EventView, context_system, context_use

    posted = []

    class Taken:
        def __enter__(self):
            return self

        def __exit__(self, *args):
            return False

    monkeypatch.setattr(
        callbacks.urllib.request,
        "urlopen",
        lambda request, timeout: posted.append(request) or Taken(),
    )
    form = {
        "phone_number": "13900000001",
        "template_id": sender.templates["sms"],
        "personalisation": {"name": "沈", "place": "路", "late": "no"},
        "reference": "R",
    }
    with context_use(context_system("test")):
        key = NotifyKey.objects.get(kind="live")
        row = actions.notification_send(key, "sms", form, now=NOW)
    event = EventView(1, "message.completed", "", {"sending_id": row.sending_id}, NOW)
    callbacks.service_tell(event)
    assert posted == []
    NotifyService.objects.update(callback_url="https://example.org/x")
    MessageSending.objects.update(state="DELIVERED", sent_at=NOW, completed_at=NOW)
    callbacks.service_tell(event)
    said = json.loads(posted[0].data)
    assert (said["id"], said["status"], said["reference"]) == (str(row.ref), "delivered", "R")
    assert said["completed_at"] == "2026-11-21T02:00:00.000000Z"
    word = callbacks.callback_token(sender.id)
    assert posted[0].get_header("Authorization") == f"Bearer {word}"
    assert Notification.objects.count() == 1
