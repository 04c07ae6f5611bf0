"""Keys of one-time codes stand sealed from now on; those that stood in clear are sealed, and opened again backwards."""

from django.db import migrations, models

from yiwang.identity.accounts.second_factor import totp_open, totp_seal

_BATCH = 400


def seal_all(apps, _editor) -> None:
    _rewrite(apps.get_model("identity_accounts", "Account"), totp_seal, is_sealed=False)


def open_all(apps, _editor) -> None:
    _rewrite(apps.get_model("identity_accounts", "Account"), totp_open, is_sealed=True)


def _rewrite(accounts, change, *, is_sealed: bool) -> None:
    rows = accounts.objects.exclude(totp_secret="").order_by("pk")
    found = [row for row in rows if row.totp_secret.startswith("v1.") == is_sealed]
    for row in found:
        row.totp_secret = change(row.username, row.totp_secret)
    accounts.objects.bulk_update(found, ["totp_secret"], batch_size=_BATCH)


class Migration(migrations.Migration):
    dependencies = [("identity_accounts", "0003_channel_moved")]

    operations = [
        migrations.AlterField(
            model_name="account",
            name="totp_secret",
            field=models.CharField(blank=True, max_length=255, verbose_name="动态口令密钥"),
        ),
        migrations.RunPython(seal_all, open_all),
    ]
